namespace SyscallExplorer;

/// <summary>
/// Rounds the parts of a total to hundredths so that the rounded parts add up to the rounded total: a reader who adds a column up should find what
/// stands below it. Every part is rounded up or down, the ones with the largest rest up.
/// </summary>
internal static class RoundedParts
{
    private const double Hundredths = 100;

    public static double[] Of(IReadOnlyList<double> parts)
    {
        long[] rounded = [.. parts.Select(part => (long)Math.Floor(part * Hundredths))];
        long missing = (long)Math.Round(parts.Sum() * Hundredths, MidpointRounding.AwayFromZero) - rounded.Sum();
        foreach (int index in Enumerable.Range(0, parts.Count).OrderByDescending(index => parts[index] * Hundredths - rounded[index]).Take((int)missing))
            rounded[index]++;
        return [.. rounded.Select(value => value / Hundredths)];
    }
}
