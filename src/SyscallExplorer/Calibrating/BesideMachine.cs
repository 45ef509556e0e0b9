namespace SyscallExplorer;

/// <summary>A path of a comparison beside the same path of the reader's machine.</summary>
/// <param name="Model">What the model says.</param>
/// <param name="Machine">What was measured, or null where nothing was.</param>
public sealed record BesideRow(PathCost Model, NativeFigure? Machine)
{
    /// <summary>How many times as much the machine takes, in core cycles; null where nothing was measured.</summary>
    public double? Ratio => Machine?.NetCycles / Model.Cycles;
}

/// <summary>A comparison with the reader's own machine beside it.</summary>
/// <param name="Comparison">The model's.</param>
/// <param name="Measurement">The machine's.</param>
/// <param name="Rows">The paths, in the comparison's order.</param>
[TypeFormatterSource(typeof(ResultFormatterSource), PreferredMimeTypes = ["text/html", "text/plain"])]
public sealed record BesideMachine(Comparison Comparison, NativeMeasurement Measurement, IReadOnlyList<BesideRow> Rows) : IHasInputs
{
    /// <inheritdoc/>
    public LabInputs Inputs => Comparison.Inputs;
}

/// <summary>Lays the reader's machine beside a comparison.</summary>
public static class BesideExtensions
{
    /// <summary>The comparison with what was measured on a machine beside it, path by path.</summary>
    /// <param name="comparison">A comparison of getpid or of an unused number, which is what is measured for every path.</param>
    /// <param name="measurement">The machine; one without figures gives rows without them.</param>
    public static BesideMachine Beside(this Comparison comparison, NativeMeasurement measurement)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        ArgumentNullException.ThrowIfNull(measurement);
        string call = comparison.Syscall == Syscalls.Unused.Name ? "unused" : comparison.Syscall;
        return new BesideMachine(
            comparison, measurement,
            [.. comparison.Rows.Select(row => new BesideRow(row, measurement.Rows.FirstOrDefault(figure => figure.Path == row.Path && figure.Call == call && figure.NetTicks is not null)))]);
    }
}
