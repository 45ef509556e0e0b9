using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace SyscallExplorer.Notebooks;

/// <summary>
/// Charting libraries name the places of their charts by random GUIDs, which would make each run's files differ. Here they become names that
/// follow from the chart and from how many were drawn before it.
/// </summary>
internal static partial class StableIds
{
    private const int IdentifierBytes = 16;
    private static int s_drawn;

    /// <summary>The same HTML with other identifiers, also where they are written without hyphens.</summary>
    internal static string Put(string html)
    {
        string[] found = [.. Identifier().Matches(html).Select(match => match.Value).Distinct(StringComparer.Ordinal)];
        if (found.Length == 0)
            return html;
        int number = Interlocked.Increment(ref s_drawn);
        for (int i = 0; i < found.Length; i++)
            html = html.Replace(found[i], Slot(i), StringComparison.Ordinal).Replace(found[i].Replace("-", "", StringComparison.Ordinal), Slot(i), StringComparison.Ordinal);
        string seed = string.Create(CultureInfo.InvariantCulture, $"{number} {html}");
        for (int i = 0; i < found.Length; i++)
        {
            byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{i} {seed}")));

            // A letter first: the name is also part of names in JavaScript, and of CSS selectors.
            html = html.Replace(Slot(i), $"c{Convert.ToHexStringLower(hash.AsSpan(0, IdentifierBytes))}", StringComparison.Ordinal);
        }

        return html;
    }

    private static string Slot(int index) => string.Create(CultureInfo.InvariantCulture, $"\u0001{index}\u0002");

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")]
    private static partial Regex Identifier();
}
