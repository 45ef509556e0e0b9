using Iced.Intel;
using SyscallExplorer.Linux;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer;

/// <summary>What the model says of a figure of the reader's machine: the same code on the model, less its loop.</summary>
internal static class CalibrationPrediction
{
    private const int Monotonic = 1, Coarse = 6, RealTime = 0;

    private static readonly Dictionary<string, (string Function, int Clock)> _clocks = new(StringComparer.Ordinal)
    {
        ["clock_gettime(MONOTONIC)"] = ("clock_gettime", Monotonic),
        ["clock_gettime(MONOTONIC_COARSE)"] = ("clock_gettime", Coarse),
        ["clock_gettime(REALTIME)"] = ("clock_gettime", RealTime),
        ["gettimeofday"] = ("gettimeofday", -1),
        ["time"] = ("time", -1),
        ["getcpu"] = ("getcpu", -1),
    };

    private static readonly Dictionary<string, Action<Assembler>> _instructions = new(StringComparer.Ordinal)
    {
        ["rdtsc"] = a => a.rdtsc(),
        ["rdtscp"] = a => a.rdtscp(),
        ["lfence"] = a => a.lfence(),
        ["cpuid"] = a => a.cpuid(),
        ["pushf+popf"] = a =>
        {
            a.pushfq();
            a.popfq();
        },
    };

    /// <summary>Core cycles of a round that does nothing: what every loop of the model has, as the machine's have theirs.</summary>
    public static double Control(Lab lab) => Loop(lab, "an empty loop", a => a.nop());

    /// <summary>Core cycles without the loop, or null where the model has nothing of the kind.</summary>
    public static double? Of(Lab lab, NativeFigure figure, double control) =>
        WithLoop(lab, figure) is { } cycles ? Math.Max(0, cycles - control) : null;

    private static double? WithLoop(Lab lab, NativeFigure figure) => figure.Way switch
    {
        NativeWay.Syscall when _clocks.TryGetValue(figure.Call, out var clock) => Path(lab, EntryPath.Syscall, Request(clock)),
        NativeWay.Syscall or NativeWay.Int80 or NativeWay.Int80From64Bit or NativeWay.KernelVsyscall when figure.Path is { } path =>
            Path(lab, path, figure.Call == "unused" ? Syscalls.Unused : figure.Call),
        NativeWay.Vdso when _clocks.TryGetValue(figure.Call, out var clock) => Vdso(lab, clock),
        NativeWay.Instruction when _instructions.TryGetValue(figure.Call, out Action<Assembler>? write) => Loop(lab, figure.Call, write),
        _ => null,
    };

    private static SyscallRequest Request((string Function, int Clock) clock) => clock.Function switch
    {
        "clock_gettime" => new SyscallRequest("clock_gettime", clock.Clock, SyscallArgument.Buffer()),
        "getcpu" => new SyscallRequest("getcpu", SyscallArgument.Buffer(), SyscallArgument.Buffer(64), 0),
        _ => clock.Function,
    };

    private static double? Path(Lab lab, EntryPath path, SyscallRequest request) =>
        lab.Paths.Contains(path) || path == EntryPath.Int80From64Bit ? lab.Compare(request, path).Rows[0].Cycles : null;

    private static double? Vdso(Lab lab, (string Function, int Clock) clock)
    {
        VdsoSymbol? symbol = Linux.Vdso.Of(lab.Kernel, VdsoAbi.X64).Symbols.FirstOrDefault(symbol => symbol.Name == $"__vdso_{clock.Function}");
        return symbol is null ? null : Loop(lab, clock.Function, a =>
        {
            if (clock.Function == "clock_gettime")
                a.mov(edi, clock.Clock);
            else if (clock.Function == "time")
                a.xor(edi, edi);
            else
                a.mov(rdi, UserSpace.Data64 + 64);
            a.mov(rsi, UserSpace.Data64);
            a.mov(rax, UserSpace.Vdso64 + symbol.Offset);
            a.call(rax);
        });
    }

    private static double Loop(Lab lab, string label, Action<Assembler> write) => lab.Measure(label, write, 64, countsInRegister: true).Cycles;
}
