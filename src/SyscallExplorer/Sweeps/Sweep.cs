using SyscallExplorer.Linux;
using SyscallExplorer.Machine;

namespace SyscallExplorer;

/// <summary>One system call over generations, processors, paths and command lines.</summary>
/// <param name="Plan">What it went over.</param>
/// <param name="Cells">The cells, by kernel, processor, command line and path, in the plan's order whatever the order in which they were measured.</param>
[TypeFormatterSource(typeof(ResultFormatterSource), PreferredMimeTypes = ["text/html", "text/plain"])]
public sealed record Sweep(SweepPlan Plan, IReadOnlyList<SweepCell> Cells)
{
    /// <summary>Measures every cell. Each has a machine of its own, so that none can depend on another.</summary>
    /// <param name="plan">What to go over; null goes over everything.</param>
    /// <param name="progress">Told of progress, from any thread.</param>
    /// <param name="cancellation">Stops within a fraction of a second.</param>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    /// <exception cref="ArgumentException">A command line has an unknown option; the message names the nearest.</exception>
    public static Sweep Run(SweepPlan? plan = null, IProgress<SweepProgress>? progress = null, CancellationToken cancellation = default)
    {
        plan ??= new SweepPlan();
        foreach (MitigationPreset preset in plan.Presets)
            KernelOptions.Parse(preset.CommandLine);
        Combination[] combinations =
            [.. from kernel in plan.Kernels from cpu in plan.Cpus from preset in plan.Presets select new Combination(kernel, cpu, preset)];
        var rows = new SweepCell[combinations.Length][];
        int done = 0;
        var options = new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, plan.Parallelism), CancellationToken = cancellation };
        try
        {
            Parallel.For(0, combinations.Length, options, index =>
            {
                rows[index] = Measure(combinations[index], plan, cancellation);
                progress?.Report(new SweepProgress(Interlocked.Add(ref done, plan.Paths.Count), plan.Count));
            });
        }
        catch (AggregateException e) when (e.InnerException is { } inner)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(inner);
        }

        return new Sweep(plan, [.. rows.SelectMany(row => row)]);
    }

    /// <summary>The cell of a kernel, processor, command line and path, by their names.</summary>
    /// <exception cref="ArgumentException">The sweep has no such cell.</exception>
    public SweepCell this[string kernel, string cpu, string preset, EntryPath path] =>
        Cells.FirstOrDefault(cell => cell.Kernel == kernel && cell.Cpu == cpu && cell.Preset == preset && cell.Path == path)
        ?? throw new ArgumentException($"The sweep has no cell for {path} on {kernel}, {cpu}, {preset}. It went over {Names(Plan.Kernels)}; {Names(Plan.Cpus)}; {string.Join(", ", Plan.Presets.Select(p => p.Name))}; {string.Join(", ", Plan.Paths)}.");

    private static string Names<T>(IEnumerable<T> things) => string.Join(", ", things);

    private static SweepCell[] Measure(Combination machine, SweepPlan plan, CancellationToken cancellation)
    {
        Lab lab;
        try
        {
            lab = Lab.Boot(machine.Kernel, machine.Cpu, machine.Preset.CommandLine, plan.Seed);
        }
        catch (ArgumentException refusal)
        {
            return [.. plan.Paths.Select(path => Cell(path, null, Sentence(refusal)))];
        }

        return [.. plan.Paths.Select(Path)];

        SweepCell Path(EntryPath path)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                PathCost cost = lab.Compare(plan.Syscall, path).Rows[0];
                double nanoseconds = cost.Cycles / machine.Cpu.Microarchitecture.NominalGigahertz;
                return Cell(path, new SweepCost(cost.Cycles, cost.LowCycles, cost.HighCycles, cost.ColdCycles, nanoseconds, cost.AssumedShare, cost.Weakest), null);
            }
            catch (ArgumentException refusal)
            {
                return Cell(path, null, Sentence(refusal));
            }
        }

        SweepCell Cell(EntryPath path, SweepCost? cost, string? refusal) => new(machine.Kernel.Name, machine.Cpu.Name, machine.Preset.Name, path, cost, refusal);
    }

    private static string Sentence(ArgumentException refusal) => refusal.Message.Split(" (Parameter '")[0];

    private sealed record Combination(KernelGeneration Kernel, CpuModel Cpu, MitigationPreset Preset);
}
