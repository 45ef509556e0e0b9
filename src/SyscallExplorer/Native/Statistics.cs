namespace SyscallExplorer;

/// <summary>From batches to figures.</summary>
internal static class Statistics
{
    /// <summary>The times of one call.</summary>
    public static NativeTiming TimingOf(ChildOutput output, int callsPerBatch) => new()
    {
        MinTicks = (double)output.Subject.Min() / callsPerBatch,
        MedianTicks = Median(output.Subject) / callsPerBatch,
        ControlTicks = (double)output.Control.Min() / callsPerBatch,
        TicksPerCycle = TicksPerCycle(output),
        Batches = output.Subject.Count,
        CallsPerBatch = callsPerBatch,
    };

    /// <summary>Ticks to a cycle: the chain takes one cycle for each addition.</summary>
    public static double TicksPerCycle(ChildOutput output) => Median(output.Chain) / ChildAssembler.ChainLength;

    public static double Median(IEnumerable<long> values) => Median([.. values.Select(value => (double)value)]);

    public static double Median(IReadOnlyList<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
