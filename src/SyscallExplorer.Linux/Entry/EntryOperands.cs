using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>Words that entry code of all generations reads, each where its generation keeps it.</summary>
internal static class EntryOperands
{
    /// <summary>The top of the current task's stack.</summary>
    public static AssemblerMemoryOperand TopOfStack(this KernelAssembler k) =>
        k.PerCpu(k.Traits.TopOfStack);

    /// <summary>The top of the current task's stack in a register, whatever the per-CPU word leaves free above.</summary>
    public static void LoadTopOfStack(this KernelAssembler k, AssemblerRegister64 register)
    {
        k.mov(register, k.TopOfStack());
        if (k.Traits.StackGap > 0)
            k.add(register, k.Traits.StackGap);
    }

    /// <summary>Tests a task's bits for tracers.</summary>
    /// <param name="k">Where to.</param>
    /// <param name="task">Holds the task.</param>
    /// <param name="onEntry">Those of the entry, or those of the exit.</param>
    public static void TestSyscallWork(this KernelAssembler k, AssemblerRegister64 task, bool onEntry)
    {
        if (k.Traits.HasSyscallWork)
            k.test(__dword_ptr[task + TaskLayout.SyscallWork], onEntry ? SyscallWork.OnEntry : SyscallWork.OnExit);
        else
            k.test(__dword_ptr[task + TaskLayout.ThreadFlags], onEntry ? TracerFlags.OnEntry : TracerFlags.OnExit);
    }

    /// <summary>The first instruction of an entry where indirect branches are tracked; elsewhere nothing.</summary>
    public static void Endbr(this KernelAssembler k)
    {
        if (k.Traits.HasEndbr)
            k.endbr64();
    }
}

/// <summary>The tracers' bits as thread flags, before Linux 5.11: their numbers, and the way between them and <see cref="SyscallWork"/>.</summary>
internal static class TracerFlags
{
    private const int Trace = 1 << 0, SingleStep = 1 << 4, Emu = 1 << 6, Audit = 1 << 7, Seccomp = 1 << 8, NoHz = 1 << 19, Tracepoint = 1 << 28;

    private static readonly (int Work, int Flag)[] s_pairs =
    [
        (SyscallWork.Trace, Trace), (SyscallWork.ExitTrap, SingleStep), (SyscallWork.Emu, Emu), (SyscallWork.Audit, Audit), (SyscallWork.Seccomp, Seccomp),
        (SyscallWork.Tracepoint, Tracepoint),
    ];

    /// <summary>_TIF_WORK_SYSCALL_ENTRY of Linux 4.20.</summary>
    public const int OnEntry = Trace | Emu | Audit | Seccomp | Tracepoint | NoHz;

    /// <summary>SYSCALL_EXIT_WORK_FLAGS of Linux 4.20.</summary>
    public const int OnExit = Trace | SingleStep | Audit | Tracepoint;

    /// <summary>_TIF_WORK_SYSCALL_ENTRY of Linux 4.4.</summary>
    public const int OnEntry44 = OnEntry | SingleStep;

    /// <summary>What the first phase of Linux 4.4 leaves to the second: all but full dynticks.</summary>
    public const int SecondPhase44 = OnEntry44 & ~NoHz;

    /// <summary>_TIF_ALLWORK_MASK of Linux 4.4: the low sixteen flags but seccomp's, the tracepoints' and that of full dynticks.</summary>
    public const int AllWork44 = (0xFFFF & ~Seccomp) | Tracepoint | NoHz;

    /// <summary>All of them.</summary>
    public static uint Mask { get; } = (uint)s_pairs.Aggregate(0, (mask, pair) => mask | pair.Flag);

    /// <summary>The thread flags for bits of the work word.</summary>
    public static uint FromWork(ulong work) => (uint)s_pairs.Where(pair => (work & (uint)pair.Work) != 0).Aggregate(0, (flags, pair) => flags | pair.Flag);

    /// <summary>The bits of the work word for thread flags.</summary>
    public static ulong ToWork(uint flags) => (uint)s_pairs.Where(pair => (flags & (uint)pair.Flag) != 0).Aggregate(0, (work, pair) => work | pair.Work);
}
