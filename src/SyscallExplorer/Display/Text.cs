using System.Globalization;
using System.Net;

namespace SyscallExplorer;

/// <summary>Numbers and words as all views write them, the same on every machine.</summary>
internal static class Text
{
    public static string Cycles(double cycles) => cycles.ToString("0.00", CultureInfo.InvariantCulture);

    /// <summary>A large number, to be read and not to be reckoned with.</summary>
    public static string Whole(double value) => value.ToString("#,0", CultureInfo.InvariantCulture);

    public static string Count(double count) => count.ToString("0.##", CultureInfo.InvariantCulture);

    public static string Interval(double low, double high) => $"{Cycles(low)}..{Cycles(high)}";

    public static string Hex(ulong value) => value.ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>By how much something is off, as a share; what rounds to nothing has no sign.</summary>
    public static string Error(double share) => Math.Abs(share) < 0.0005 ? "0 %" : (share * 100).ToString("+0.0 '%';-0.0 '%'", CultureInfo.InvariantCulture);

    /// <summary>A share in per cent; one that is not nothing is never shown as nothing, and one that is not all never as all.</summary>
    public static string Percent(double share)
    {
        const double nearlyNothing = 0.0005;
        if (share is > 0 and < nearlyNothing)
            return "<0.1%";
        if (share is < 1 and > 1 - nearlyNothing)
            return ">99.9%";
        return (share * 100).ToString("0.#", CultureInfo.InvariantCulture) + "%";
    }

    public static string Html(string text) => WebUtility.HtmlEncode(text);

    /// <summary>Breaks a sentence between words so that no line is longer than a width, where words allow it.</summary>
    public static IEnumerable<string> Wrap(string sentence, int width)
    {
        string line = "";
        foreach (string word in sentence.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line;
                line = word;
            }
            else
            {
                line = line.Length == 0 ? word : $"{line} {word}";
            }
        }

        yield return line;
    }
}
