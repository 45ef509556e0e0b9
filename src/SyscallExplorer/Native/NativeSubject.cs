using SyscallExplorer.Linux;

namespace SyscallExplorer;

/// <summary>What a call has to answer for its figure to count.</summary>
internal enum ExpectedAnswer
{
    Any,
    Zero,
    Positive,
    NoSuchCall,
}

/// <summary>Something to measure: code that is assembled into a program of its own, so that what it breaks is broken for it alone.</summary>
internal sealed record NativeSubject(NativeWay Way, string Call)
{
    /// <summary>Word size of the program.</summary>
    public int Bitness { get; init; } = 64;

    /// <summary>Passes of the loop in a batch.</summary>
    public int Loops { get; init; } = 200;

    /// <summary>How often the subject stands in the loop; with more than once it needs no arguments.</summary>
    public int Copies { get; init; } = 1;

    /// <summary>Once, before the first round.</summary>
    public Action<ChildAssembler> Once { get; init; } = _ => { };

    /// <summary>In each batch, before the loop.</summary>
    public Action<ChildAssembler> Prepare { get; init; } = _ => { };

    /// <summary>In the loop, with the subject and without it.</summary>
    public Action<ChildAssembler> Arguments { get; init; } = _ => { };

    /// <summary>What is measured.</summary>
    public required Action<ChildAssembler> Body { get; init; }

    /// <summary>What a call must answer.</summary>
    public ExpectedAnswer Expected { get; init; } = ExpectedAnswer.Any;

    public string Key => NativeWays.KeyOf(Way, Call);

    public int CallsPerBatch => Loops * Copies;

    /// <summary>The file of the program.</summary>
    public byte[] Program(ChildPlan plan)
    {
        var a = new ChildAssembler(Bitness);
        a.Measure(plan, Once, Batch(1, _ => { }), Batch(Copies, Body));
        return a.Finish();
    }

    /// <summary>What is wrong with an answer, or null.</summary>
    public string? Complaint(long answer)
    {
        bool isRight = Expected switch
        {
            ExpectedAnswer.Zero => (int)answer == 0,
            ExpectedAnswer.Positive => answer > 0,
            ExpectedAnswer.NoSuchCall => answer == -Errno.ENOSYS,
            _ => true,
        };
        string right = Expected switch { ExpectedAnswer.Zero => "0", ExpectedAnswer.Positive => "a positive number", _ => "-ENOSYS" };
        return isRight ? null : $"{Key} answered {answer} and not {right}: something, such as a seccomp filter, answers in the kernel's place.";
    }

    private Action<ChildAssembler> Batch(int copies, Action<ChildAssembler> body) => a =>
    {
        Prepare(a);
        a.Loop(Loops, loop =>
        {
            Arguments(loop);
            for (int i = 0; i < copies; i++)
                body(loop);
        });
    };
}

/// <summary>What the kinds of figures are called, and which way of the kit's own each one is.</summary>
internal static class NativeWays
{
    public static string KeyOf(NativeWay way, string call) => way == NativeWay.Instruction ? call : $"{NameOf(way)} {call}";

    public static string NameOf(NativeWay way) => way switch
    {
        NativeWay.Syscall => "syscall",
        NativeWay.X32 => "x32",
        NativeWay.Int80From64Bit => "int80-64bit",
        NativeWay.Int80 => "int80",
        NativeWay.KernelVsyscall => "kernel_vsyscall",
        NativeWay.Vdso => "vdso",
        NativeWay.VsyscallPage => "vsyscall",
        _ => "instruction",
    };

    public static EntryPath? PathOf(NativeWay way) => way switch
    {
        NativeWay.Syscall => EntryPath.Syscall,
        NativeWay.Int80From64Bit => EntryPath.Int80From64Bit,
        NativeWay.Int80 => EntryPath.Int80,
        _ => null,
    };
}
