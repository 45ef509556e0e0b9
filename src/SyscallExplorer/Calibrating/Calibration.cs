using SyscallExplorer.Linux;
using SyscallExplorer.Machine;

namespace SyscallExplorer;

/// <summary>A figure of the reader's machine beside the calibrated model's, both in ticks of the time-stamp counter.</summary>
/// <param name="Key">The measurement's name of it, such as <c>syscall unused</c>.</param>
/// <param name="MachineTicks">The machine, without its loop.</param>
/// <param name="ModelTicks">The model.</param>
/// <param name="IsFitted">Whether the model was fitted to this figure.</param>
/// <param name="IsUsable">Whether the figure tells of the processor, and not of a hypervisor.</param>
public sealed record CalibrationRow(string Key, double MachineTicks, double ModelTicks, bool IsFitted, bool IsUsable)
{
    /// <summary>How far the model is off, as a share of the machine's figure.</summary>
    public double Error => (ModelTicks - MachineTicks) / MachineTicks;
}

/// <summary>
/// A CPU model whose instructions that enter and leave the kernel are fitted to a measurement of the reader's own machine. The rule: the nearest core of the
/// kit, the youngest of its kernels that is not younger than the machine's, the mitigations that the machine names. Then the sum of SYSCALL and SYSRET is
/// chosen so that getpid costs what was measured, and split as before; then, in the same way, what the 32-bit way has for itself: SYSENTER and SYSEXIT or
/// SYSRETL on Intel, the 32-bit SYSRET on AMD. Nothing else is touched, so that all other figures check the model.
/// </summary>
[TypeFormatterSource(typeof(ResultFormatterSource), PreferredMimeTypes = ["text/html", "text/plain"])]
public sealed record Calibration
{
    private const double LeastCycles = 2;

    /// <summary>The fitted model.</summary>
    public required CpuModel Cpu { get; init; }

    /// <summary>The model that it was made from.</summary>
    public required string Base { get; init; }

    /// <summary>The kernel that stands for the machine's.</summary>
    public required KernelGeneration Kernel { get; init; }

    /// <summary>The options with which it mitigates what the machine's does.</summary>
    public required string CommandLine { get; init; }

    /// <summary>The measurement.</summary>
    public required NativeMeasurement Measurement { get; init; }

    /// <summary>Ticks of the time-stamp counter to a core cycle, by which the model's cycles become ticks.</summary>
    public required double TicksPerCycle { get; init; }

    /// <summary>The figures that were fitted, in core cycles.</summary>
    public required IReadOnlyDictionary<string, double> Fitted { get; init; }

    /// <summary>What is left: each figure of the measurement that the model can predict.</summary>
    public required IReadOnlyList<CalibrationRow> Rows { get; init; }

    /// <summary>A lab with the fitted processor, its kernel and its options.</summary>
    public Lab Boot() => Lab.Boot(Kernel, Cpu, CommandLine);

    /// <summary>Fits a model to a measurement.</summary>
    /// <param name="measurement">Made by <see cref="Native.Measure"/>, here or elsewhere.</param>
    /// <param name="kernel">The kernel that stands for the machine's; null chooses one.</param>
    /// <param name="commandLine">Its options; null chooses them by what the machine mitigates.</param>
    /// <exception cref="ArgumentException">The measurement has nothing to fit to; the message says why.</exception>
    public static Calibration Of(NativeMeasurement measurement, KernelGeneration? kernel = null, string? commandLine = null)
    {
        ArgumentNullException.ThrowIfNull(measurement);
        if (measurement is not { Host: { } host, TicksPerCycle: { } ticks })
            throw new ArgumentException($"There is nothing to fit to. {measurement.Unavailable}", nameof(measurement));
        NativeFigure getpid = measurement["syscall getpid"];
        if (!getpid.UsableForFit)
            throw new ArgumentException($"SYSCALL was not measured so that a model can be fitted to it. {getpid.Reason}", nameof(measurement));

        CpuModel nearest = NearestModel.CpuOf(host);
        kernel ??= NearestModel.KernelOf(host);
        string options = commandLine ?? NearestModel.OptionsOf(host, kernel);

        // No figure that is fitted is in the empty loop.
        double control = CalibrationPrediction.Control(Lab.Boot(kernel, nearest, options));
        var fit = new CalibrationFit(nearest, kernel, options, ticks.Median, control, $"measured on {host}");
        fit.To(EntryPath.Syscall, getpid.NetCycles!.Value, ["syscall", "sysretq"]);
        NativeFigure? stub = measurement.Find("kernel_vsyscall getpid");
        EntryPath compat = nearest.Vendor == CpuVendor.Amd ? EntryPath.SyscallCompat : EntryPath.Sysenter;
        bool fitsStub = stub is { UsableForFit: true } && stub.Path == compat;
        if (fitsStub)
            fit.To(compat, stub!.NetCycles!.Value, compat == EntryPath.SyscallCompat ? ["sysret"] : ["sysenter", "sysexit", "sysret"]);
        string[] fitted = fitsStub ? ["syscall getpid", "kernel_vsyscall getpid"] : ["syscall getpid"];
        Lab lab = Lab.Boot(kernel, fit.Cpu, options);
        return new Calibration
        {
            Cpu = fit.Cpu,
            Base = nearest.Name,
            Kernel = kernel,
            CommandLine = options,
            Measurement = measurement,
            TicksPerCycle = ticks.Median,
            Fitted = fit.Figures,
            Rows =
            [
                .. from row in measurement.Rows
                   where row.NetTicks is > 0
                   let cycles = CalibrationPrediction.Of(lab, row, control)
                   where cycles is not null
                   select new CalibrationRow(row.Key, row.NetTicks!.Value, cycles.Value * row.Timing!.TicksPerCycle, fitted.Contains(row.Key), row.UsableForFit),
            ],
        };
    }

    /// <summary>One core whose figures are moved until its paths cost what was measured.</summary>
    private sealed class CalibrationFit(CpuModel unfitted, KernelGeneration kernel, string options, double ticksPerCycle, double control, string source)
    {
        private readonly Dictionary<string, double> _figures = new(StringComparer.Ordinal);
        private CpuModel? _fitted;

        public CpuModel Cpu => _fitted ?? unfitted;

        public IReadOnlyDictionary<string, double> Figures => _figures;

        /// <summary>System instructions have the core for themselves, so that one step is enough; the second mends what the least cost has cut off.</summary>
        public void To(EntryPath path, double cycles, string[] keys)
        {
            for (int step = 0; step < 2; step++)
            {
                PathCost cost = Lab.Boot(kernel, Cpu, options).Compare(Syscalls.GetPid, path).Rows[0];
                FigureUse[] uses = [.. cost.Figures.Where(use => keys.Contains(use.Figure.Key))];
                double now = uses.Sum(use => (double)use.Uses * use.Figure.Cost) / Figure.UnitsPerCycle / cost.Calls;
                double wanted = Math.Max(LeastCycles * uses.Length, now + cycles - cost.Cycles + control);
                foreach (FigureUse use in uses)
                    _figures[use.Figure.Key] = use.Figure.Cost / (double)Figure.UnitsPerCycle * wanted / now;
                _fitted = unfitted with
                {
                    Name = $"{unfitted.Name} (calibrated)",
                    Microarchitecture = unfitted.Microarchitecture.Fitted(
                        $"{unfitted.Microarchitecture.Name} (calibrated)", _figures, source, "fitted: the sum so that getpid costs what was measured, split as before", ticksPerCycle),
                };
            }
        }
    }
}
