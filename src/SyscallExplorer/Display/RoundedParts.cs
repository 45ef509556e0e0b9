namespace SyscallExplorer;

/// <summary>
/// Rounds the parts of a total to hundredths, or to other steps, so that the rounded parts add up to the rounded total: a reader who adds a column up should find what
/// stands below it. Every part is rounded up or down, the ones with the largest rest up.
/// </summary>
internal static class RoundedParts
{
    private const double Hundredths = 100;

    public static double[] Of(IReadOnlyList<double> parts, double steps = Hundredths)
    {
        long[] rounded = [.. parts.Select(part => (long)Math.Floor(part * steps))];
        long missing = (long)Math.Round(parts.Sum() * steps, MidpointRounding.AwayFromZero) - rounded.Sum();
        foreach (int index in Enumerable.Range(0, parts.Count).OrderByDescending(index => parts[index] * steps - rounded[index]).Take((int)missing))
            rounded[index]++;
        return [.. rounded.Select(value => value / steps)];
    }
}
