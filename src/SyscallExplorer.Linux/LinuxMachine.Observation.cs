using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>What an observer of a run can ask, instruction by instruction. None of it changes how the machine goes on.</summary>
public sealed partial class LinuxMachine
{
    /// <summary>The number of the task that the kernel calls current; 0 while the processor idles.</summary>
    public int CurrentTask => Tasks.CurrentId;

    /// <summary>The tasks that have not been released, by number.</summary>
    public IReadOnlyList<TaskView> TaskList => [.. State.Tasks.Values.Select(View)];

    /// <summary>What the instruction at an address of the kernel's code marks.</summary>
    public KernelPoint PointAt(ulong address) => Kernel.Image.Points.GetValueOrDefault(address);

    /// <summary>The current task's system call, when the next instruction is one of these points.</summary>
    /// <param name="point">Which of them.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is no point of a call.</exception>
    public CallAtPoint CallAt(KernelPoint point)
    {
        bool compat = IsInCompatCall;
        PtRegs registers = RegistersAt(point);
        long result = compat ? (int)registers[PtRegsOffsets.Ax] : (long)registers[PtRegsOffsets.Ax];
        return new CallAtPoint(Tasks.CurrentId, compat, (int)registers[PtRegsOffsets.OrigAx], result);
    }

    /// <summary>
    /// Makes ready to write system calls down without the kernel's tracepoints, so that the programs run on as if nobody looked:
    /// <see cref="WriteDownCall"/> then adds them to <see cref="SystemCalls"/>. Where a trace is on already nothing changes.
    /// </summary>
    /// <param name="options">How they are written; null means as <c>strace -f -o FILE</c> does.</param>
    public void ObserveSystemCalls(StraceOptions? options = null) => Tracer.StartPassively(options ?? StraceOptions.Default);

    /// <summary>Adds the current task's call to <see cref="SystemCalls"/>, when the next instruction is one of these points.</summary>
    /// <param name="point">Which of them.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is no point of a call.</exception>
    public void WriteDownCall(KernelPoint point)
    {
        PtRegs registers = RegistersAt(point);
        if (!State.TraceIsPassive)
            return;
        if (point == KernelPoint.CallEnters)
            Tracer.Enter(registers);
        else
            Tracer.Leave(registers);
    }

    /// <summary>The memory of a task as /proc/PID/maps tells of it, in the order of addresses; nothing for a task that is gone or has given it up.</summary>
    public IReadOnlyList<MemoryRegion> MemoryMapOf(int task) => Tasks.Find(task) is { } found ? MapsText.Regions(this, found) : [];

    /// <summary>The page tables of the address space that is loaded: the kernel's and, with page-table isolation, those that user mode has.</summary>
    public IReadOnlyList<PageTableRoot> PageTableRoots
    {
        get
        {
            ulong root = Tasks.LoadedRoot;
            var kernel = new PageTableRoot("kernel", root);
            return Features.Contains(KernelFeature.Pti) ? [kernel, new PageTableRoot("user", root + PageTableSwitch.UserTable)] : [kernel];
        }
    }

    /// <summary>What an exception or interrupt is called, such as <c>#GP</c> or <c>timer interrupt</c>.</summary>
    /// <param name="vector">Its vector, 0 to 255.</param>
    public static string VectorName(int vector)
    {
        const int firstInterrupt = 32;
        return vector switch
        {
            (int)Vector.PageFault => "#PF page fault",
            TimerInterrupt.Vector or I386Interrupts.TimerVector => "timer interrupt",
            >= firstInterrupt => $"interrupt {vector:x2}h",
            _ => $"#{ExceptionNames.Mnemonic((Vector)vector)}",
        };
    }

    private PtRegs RegistersAt(KernelPoint point) => ReadPtRegs(point switch
    {
        KernelPoint.CallEnters or KernelPoint.CallLeaves when Architecture.IsNative32 => Tasks.Current.Registers,
        KernelPoint.CallEnters => Processor.Registers[Gpr.Rbp],
        KernelPoint.CallLeaves => Processor.Registers[Gpr.Rdi],
        _ => throw new ArgumentOutOfRangeException(nameof(point), point, "A call has a point where it is entered and one where it is left."),
    });

    private TaskView View(TaskState task) => new(
        task.Id, task.Process, Tasks.FindProcess(task.Process)?.Parent ?? 0, task.CommandName,
        task.State switch
        {
            RunState.Runnable => TaskActivity.Runnable,
            RunState.Sleeping => TaskActivity.Sleeping,
            _ => TaskActivity.Ended,
        },
        task.State == RunState.Sleeping ? task.Wait?.What : null);
}
