namespace SyscallExplorer.Linux;

/// <summary>Where the cycles of a system call go. An instruction belongs to the phase in which the entry code placed it.</summary>
public enum PhaseKind
{
    /// <summary>The program's own instructions, its call stub included.</summary>
    UserStub,

    /// <summary>The instruction that enters the kernel: SYSCALL, SYSENTER or INT.</summary>
    HardwareEntry,

    /// <summary>GS and the stack pointer are made the kernel's.</summary>
    StackSwitch,

    /// <summary><c>pt_regs</c> is built and registers are cleared.</summary>
    SaveRegisters,

    /// <summary>Interrupts on, entry flags tested, work done for tracers.</summary>
    EntryWork,

    /// <summary>The number is checked and the handler found.</summary>
    Dispatch,

    /// <summary>What the call does.</summary>
    Handler,

    /// <summary>Interrupts off, exit flags tested, work done before user mode.</summary>
    ExitWork,

    /// <summary>Registers are restored and the way back is chosen.</summary>
    RestoreRegisters,

    /// <summary>The instruction that leaves the kernel: SYSRET, SYSEXIT or IRET.</summary>
    HardwareExit,

    /// <summary>Instructions that are there for a mitigation only; the phase carries its name.</summary>
    Mitigation,

    /// <summary>An exception or interrupt on the way, from its delivery to its return.</summary>
    Interrupted,

    /// <summary>The processor is given to another task: the scheduler's choice and the switch.</summary>
    Schedule,

    /// <summary>No task can run: the processor is halted until the next interrupt.</summary>
    Halted,
}

/// <summary>A phase; for <see cref="PhaseKind.Mitigation"/> with the mitigation's name.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Mitigation">Such as KPTI or retpoline, null for other kinds.</param>
public readonly record struct Phase(PhaseKind Kind, string? Mitigation = null) : IComparable<Phase>
{
    /// <summary>The phase of a mitigation's own instructions.</summary>
    public static Phase OfMitigation(string name) => new(PhaseKind.Mitigation, name);

    /// <summary>The phase as a table's heading.</summary>
    public string Name => Kind switch
    {
        PhaseKind.UserStub => "user stub",
        PhaseKind.HardwareEntry => "hardware entry",
        PhaseKind.StackSwitch => "stack switch",
        PhaseKind.SaveRegisters => "save registers",
        PhaseKind.EntryWork => "entry work",
        PhaseKind.Dispatch => "dispatch",
        PhaseKind.Handler => "handler",
        PhaseKind.ExitWork => "exit work",
        PhaseKind.RestoreRegisters => "restore registers",
        PhaseKind.HardwareExit => "hardware exit",
        PhaseKind.Mitigation => $"mitigation ({Mitigation})",
        PhaseKind.Schedule => "context switch",
        PhaseKind.Halted => "halted",
        _ => "interrupted",
    };

    /// <inheritdoc/>
    public int CompareTo(Phase other) => Kind != other.Kind ? Kind.CompareTo(other.Kind) : string.CompareOrdinal(Mitigation, other.Mitigation);

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>How a piece of guest code came to be.</summary>
public enum CodeOrigin
{
    /// <summary>The kernel has these steps in assembly; they follow its documented order.</summary>
    Documented,

    /// <summary>It stands for compiled C: what it does is the kernel's, its instructions are the kit's.</summary>
    Composed,

    /// <summary>A handler that the host does; its cost is a figure from a table.</summary>
    Tabled,

    /// <summary>The user's program.</summary>
    User,
}
