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

    /// <summary>Ticks to a cycle while the core was at its fastest: the chain takes one cycle for each addition.</summary>
    public static double TicksPerCycle(ChildOutput output) => (double)output.Chain.Min() / ChildAssembler.ChainLength;

    /// <summary>Ticks to a cycle over a whole measurement: from the fastest batch of a figure to the slowest median of one.</summary>
    public static TicksPerCycle TicksPerCycle(IReadOnlyList<ChildOutput> outputs)
    {
        double[] fastest = [.. outputs.Select(TicksPerCycle)];
        return new TicksPerCycle(Median(fastest), fastest.Min(), outputs.Max(output => Median(output.Chain)) / ChildAssembler.ChainLength);
    }

    public static double Median(IEnumerable<long> values) => Median([.. values.Select(value => (double)value)]);

    public static double Median(IReadOnlyList<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
