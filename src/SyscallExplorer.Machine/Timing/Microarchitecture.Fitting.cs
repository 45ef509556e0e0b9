using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace SyscallExplorer.Machine;

/// <content>A core whose figures were fitted to a measurement.</content>
public sealed partial class Microarchitecture
{
    /// <summary>The same core with some figures fitted, and another ratio of its time-stamp counter.</summary>
    /// <param name="name">What to call it.</param>
    /// <param name="cycles">Core cycles by key; each key must be one of <see cref="Figures"/>.</param>
    /// <param name="source">What they were fitted to.</param>
    /// <param name="note">By which rule.</param>
    /// <param name="ticksPerCycle">Ticks of the time-stamp counter for each core cycle, or null to leave the ratio as it is.</param>
    /// <exception cref="ArgumentException">There is no figure of a key, or a number is not a cost.</exception>
    public Microarchitecture Fitted(string name, IReadOnlyDictionary<string, double> cycles, string source, string note, double? ticksPerCycle = null)
    {
        const int precision = 1000;
        ArgumentNullException.ThrowIfNull(cycles);
        foreach ((string key, double value) in cycles)
        {
            if (!_byKey.ContainsKey(key))
                throw new ArgumentException($"{Name} has no figure '{key}'.{Suggestion.Question(key, _byKey.Keys)}", nameof(cycles));
            if (!(value >= 0 && value < 1e9))
                throw new ArgumentException($"{value.ToString(CultureInfo.InvariantCulture)} cycles are no cost of '{key}'; it must be a number from 0 on.", nameof(cycles));
        }

        (long Numerator, long Denominator) ratio = ticksPerCycle is { } ticks ? (Math.Max(1, (long)Math.Round(ticks * precision)), precision) : TscRatio;
        string text = string.Join('\n', cycles.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key}={pair.Value:R}")));
        string hash = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{DataHash}\n{name}\n{ratio}\n{text}"))).ToLowerInvariant();
        var data = new MicroarchitectureData(
            name, Vendor, Part, NominalGigahertz, NominalGigahertzSource, ratio, ticksPerCycle is null ? TscRatioSource : source, Tlb, Predictor, Pipeline,
            [.. Figures.Select(figure => cycles.TryGetValue(figure.Key, out double value) ? Fit(figure, value) : figure)], Base: null);
        return new Microarchitecture(data, hash);

        Figure Fit(Figure figure, double value)
        {
            long cost = (long)Math.Round(value * Figure.UnitsPerCycle);
            return figure with { Cost = cost, Low = cost / 2, High = cost * 2, Confidence = Confidence.Fitted, Source = source, Note = note };
        }
    }
}
