namespace SyscallExplorer;

/// <summary>What a measurement from a file must be, beyond its shape.</summary>
internal static class NativeCheck
{
    /// <summary>What is wrong, or null.</summary>
    public static string? Problem(NativeMeasurement measurement, string format)
    {
        if (measurement.Format != format)
            return $"its format is '{measurement.Format}', and this library reads '{format}'";
        if (measurement.Rows is null || measurement.Rows.Any(row => row is null))
            return "'rows' must be a list of figures, none of them null";
        if (measurement.Host is { } host && (host.Mitigations is null || host.Vendor is null || host.Brand is null || host.KernelRelease is null))
            return "'host' must have a vendor, a brand, a kernelRelease and mitigations, none of them null";
        if (measurement.Unavailable is not null)
            return measurement.Rows.Count == 0 ? null : "it has figures, and 'unavailable' says that there are none";
        if (measurement.Tsc is not { } tsc || !IsPositive(tsc.Hertz) || tsc.Source is null)
            return "'tsc' must be a frequency above zero with its source";
        if (measurement.TicksPerCycle is not { } ratio || !(IsPositive(ratio.Low) && ratio.Low <= ratio.Median && ratio.Median <= ratio.High && double.IsFinite(ratio.High)))
            return "'ticksPerCycle' must be numbers above zero with low <= median <= high";
        string? twice = measurement.Rows.GroupBy(row => row.Key).FirstOrDefault(group => group.Count() > 1)?.Key;
        return twice is not null
            ? $"two of 'rows' have the key '{twice}'"
            : measurement.Rows.Select((row, index) => Problem(row) is { } problem ? $"rows[{index}] ('{row.Key}'): {problem}" : null).FirstOrDefault(problem => problem is not null);
    }

    private static string? Problem(NativeFigure row)
    {
        if (string.IsNullOrWhiteSpace(row.Key) || string.IsNullOrWhiteSpace(row.Call))
            return "'key' and 'call' must not be blank";
        if (row.Status != NativeStatus.Measured && string.IsNullOrWhiteSpace(row.Reason))
            return $"its status is {row.Status}, and 'reason' must say why";
        if ((row.Timing is null) != (row.Status == NativeStatus.NotAvailable))
            return $"its status is {row.Status}, which {(row.Timing is null ? "needs a timing" : "has no timing")}";
        return row.Timing is { } timing ? Problem(timing) : null;
    }

    private static string? Problem(NativeTiming timing)
    {
        if (!IsPositive(timing.MinTicks) || !double.IsFinite(timing.MedianTicks) || timing.MedianTicks < timing.MinTicks)
            return $"ticks must be above zero, and the minimum at most the median; they are {timing.MinTicks} and {timing.MedianTicks}";
        if (!double.IsFinite(timing.ControlTicks) || timing.ControlTicks < 0)
            return $"'controlTicks' must be zero or more; it is {timing.ControlTicks}";
        if (!IsPositive(timing.TicksPerCycle))
            return $"'ticksPerCycle' must be above zero; it is {timing.TicksPerCycle}";
        return timing.Batches > 0 && timing.CallsPerBatch > 0 ? null : "'batches' and 'callsPerBatch' must be above zero";
    }

    private static bool IsPositive(double value) => double.IsFinite(value) && value > 0;
}
