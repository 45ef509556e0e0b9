using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using SyscallExplorer.Linux;

namespace SyscallExplorer;

/// <summary>A folder for programs, the clock's frequency, and the plan by which each program measures.</summary>
internal sealed class NativeSession : IDisposable
{
    private const int SecondsToLive = 30;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(SecondsToLive + 5);

    private readonly ExecutableFolder _folder;
    private readonly NativeOptions _options;
    private readonly CancellationToken _cancellation;

    private NativeSession(ExecutableFolder folder, NativeOptions options, TscFrequency frequency, CancellationToken cancellation) =>
        (_folder, _options, Frequency, _cancellation) = (folder, options, frequency, cancellation);

    /// <summary>The frequency of the time-stamp counter.</summary>
    public TscFrequency Frequency { get; }

    /// <summary>Why nothing can be measured on this kind of machine, or null.</summary>
    public static string? WhyNotHere() => OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64
        && RuntimeInformation.OSArchitecture == Architecture.X64 && X86Base.IsSupported
        ? null
        : $"The native measurement is not to be had here, because it runs programs for Linux on x86-64, and this is {RuntimeInformation.OSDescription.Trim()} on "
            + $"{RuntimeInformation.OSArchitecture}. A measurement that was made elsewhere can be read with NativeMeasurement.FromJson.";

    /// <summary>Starts one.</summary>
    /// <param name="options">How to measure.</param>
    /// <param name="problem">Why it does not start, or null.</param>
    /// <param name="cancellation">Ends it early.</param>
    public static NativeSession? TryStart(NativeOptions options, out string? problem, CancellationToken cancellation)
    {
        ExecutableFolder? folder = ExecutableFolder.TryMake(ExecutableFolder.Candidates, out problem, cancellation);
        if (folder is null)
        {
            problem = $"Nothing was measured, because {problem}.";
            return null;
        }

        bool started = false;
        try
        {
            ChildRun clock = ChildRun.Of(folder, TscProgram.Build(new ChildPlan(1, 0, options.Cpu, SecondsToLive)), s_limit, cancellation);
            TscFrequency? measured = clock.Output is { } output ? TscProgram.FrequencyOf(output) : null;
            if (measured is null)
            {
                problem = $"Nothing was measured, because the frequency of the time-stamp counter is not known: {clock.Failure ?? "a sleep of 100 ms took less"}.";
                return null;
            }

            started = true;
            return new NativeSession(folder, options, Settle(measured, HostReader.Frequency(new ThisHost())), cancellation);
        }
        finally
        {
            if (!started)
                folder.Dispose();
        }
    }

    /// <summary>Measures everything.</summary>
    public NativeMeasurement Measure()
    {
        NativeHost host = HostReader.Read(new ThisHost());
        (IReadOnlyDictionary<string, ulong> functions, string? noVdso) = VdsoFunctions();
        ChildPlan plan = Plan(_options.TimePerFigure);
        var figures = new List<(NativeFigure Figure, ChildOutput? Output)>();
        foreach (NativeSubject subject in NativeSubjects.All(functions))
            figures.Add(Measure(subject, plan));
        if (noVdso is not null)
            figures.Add((NotAvailable(NativeWay.Vdso, "clock_gettime(MONOTONIC)", noVdso), null));

        ChildOutput[] outputs = [.. figures.Select(figure => figure.Output).OfType<ChildOutput>()];
        return outputs.Length == 0
            ? NativeMeasurement.None($"Nothing was measured, because no program ended well: {figures[0].Figure.Reason}", host)
            : new NativeMeasurement
            {
                Host = host,
                Tsc = Frequency,
                TicksPerCycle = Statistics.TicksPerCycle(outputs),
                Cpu = outputs.All(output => output.IsPinned) ? outputs[0].Cpu : null,
                Rows = Proportion.Judge([.. figures.Select(figure => figure.Figure)], host.Hypervisor),
            };
    }

    /// <summary>Runs a program that measures.</summary>
    public ChildRun Run(byte[] program, TimeSpan limit) => ChildRun.Of(_folder, program, limit, _cancellation);

    /// <summary>The plan of a program that may take some time.</summary>
    public ChildPlan Plan(TimeSpan time, int seconds = SecondsToLive) =>
        new(_options.Batches, (ulong)(time.TotalSeconds * Frequency.Hertz), _options.Cpu, seconds);

    /// <inheritdoc/>
    public void Dispose() => _folder.Dispose();

    private (NativeFigure Figure, ChildOutput? Output) Measure(NativeSubject subject, ChildPlan plan)
    {
        ChildRun run = Run(subject.Program(plan), s_limit);
        if (run.Output is not { } output)
            return (NotAvailable(subject.Way, subject.Call, Absence.Sentence(subject, run)), null);
        if (subject.Way == NativeWay.X32 && output.Result == -Errno.ENOSYS)
            return (NotAvailable(subject.Way, subject.Call, "The kernel has no x32 calls: it answers ENOSYS."), output);

        EntryPath? path = subject.Way == NativeWay.KernelVsyscall ? KernelStub.PathOf(output.Stub) : NativeWays.PathOf(subject.Way);
        string? complaint = subject.Complaint(output.Result);
        return (new NativeFigure
        {
            Key = subject.Key,
            Way = subject.Way,
            Path = path,
            Call = subject.Call,
            Status = complaint is null ? NativeStatus.Measured : NativeStatus.Unexpected,
            Reason = complaint ?? (subject.Way == NativeWay.KernelVsyscall ? KernelStub.Words(path) : null),
            Timing = Statistics.TimingOf(output, subject.CallsPerBatch),
            Result = subject.Way == NativeWay.Instruction ? null : output.Result,
        }, output);
    }

    private static NativeFigure NotAvailable(NativeWay way, string call, string why) => new()
    {
        Key = NativeWays.KeyOf(way, call),
        Way = way,
        Path = NativeWays.PathOf(way),
        Call = call,
        Status = NativeStatus.NotAvailable,
        Reason = why,
    };

    /// <summary>The kernel maps one image of the vDSO into all 64-bit programs, so that offsets in this process's image are those of the child's.</summary>
    private static (IReadOnlyDictionary<string, ulong> Functions, string? Problem) VdsoFunctions()
    {
        const string prefix = "__vdso_";
        try
        {
            return (Linux.Vdso.SymbolsOfThisHost().Where(symbol => symbol.Name.StartsWith(prefix, StringComparison.Ordinal))
                .DistinctBy(symbol => symbol.Name).ToDictionary(symbol => symbol.Name[prefix.Length..], symbol => symbol.Offset), null);
        }
        catch (Exception error) when (error is PlatformNotSupportedException or ElfFormatException or IOException or UnauthorizedAccessException)
        {
            return (new Dictionary<string, ulong>(), error.Message);
        }
    }

    /// <summary>What CPUID says is exact, and is believed where it is true: hypervisors pass it on when they have moved a machine to another clock.</summary>
    private static TscFrequency Settle(TscFrequency measured, TscFrequency? said)
    {
        const double tolerance = 0.01;
        if (said is null)
            return measured;
        return Math.Abs((said.Hertz / measured.Hertz) - 1) < tolerance
            ? said
            : measured with { Source = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{measured.Source}; {said.Source} says {said.Hertz / 1e6:0.###} MHz") };
    }
}
