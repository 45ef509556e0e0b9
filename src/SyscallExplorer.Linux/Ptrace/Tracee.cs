namespace SyscallExplorer.Linux;

/// <summary>What a task that is traced has for it.</summary>
/// <param name="Tracer">The tracing thread.</param>
/// <param name="IsSeized">Whether by PTRACE_SEIZE, which has other stops.</param>
/// <param name="Options">PTRACE_O_ values.</param>
internal sealed record Tracee(int Tracer, bool IsSeized, int Options)
{
    /// <summary>What PTRACE_GETEVENTMSG gives.</summary>
    public ulong Message { get; init; }

    /// <summary>Whether it stops at the calls: PTRACE_SYSCALL.</summary>
    public bool StopsAtCalls { get; init; }

    /// <summary>Whether its calls are not done: PTRACE_SYSEMU.</summary>
    public bool Emulates { get; init; }

    /// <summary>Whether it has to stop for its tracer soon.</summary>
    public bool MustTrap { get; init; }

    /// <summary>Whether it stays in its stop until its process goes on: PTRACE_LISTEN.</summary>
    public bool IsListening { get; init; }

    /// <summary>Whether its end was announced.</summary>
    public bool HasAnnouncedExit { get; init; }

    public bool Wants(int traceEvent) => (Options & PtraceOptions.For(traceEvent)) != 0;
}

/// <summary>What a debugger set in the debug registers of a task, and what they told last.</summary>
/// <param name="Address0">DR0.</param>
/// <param name="Address1">DR1.</param>
/// <param name="Address2">DR2.</param>
/// <param name="Address3">DR3.</param>
/// <param name="Status">DR6 without its fixed bits.</param>
/// <param name="Control">DR7.</param>
internal sealed record TaskDebugRegisters(ulong Address0, ulong Address1, ulong Address2, ulong Address3, ulong Status, ulong Control)
{
    public static TaskDebugRegisters None { get; } = new(0, 0, 0, 0, 0, 0);

    /// <summary>Whether one of the breakpoints that were hit is an instruction's, which has not been executed yet and must not hit again.</summary>
    public bool HasHitInstruction
    {
        get
        {
            const int breakpoints = 4, firstField = 16, fieldBits = 4, kindMask = 3, execution = 0;
            for (int index = 0; index < breakpoints; index++)
            {
                bool isHit = (Status & (1ul << index)) != 0;
                if (isHit && ((Control >> (firstField + index * fieldBits)) & kindMask) == execution)
                    return true;
            }

            return false;
        }
    }

    public ulong AddressOf(int index) => index switch
    {
        0 => Address0,
        1 => Address1,
        2 => Address2,
        _ => Address3,
    };

    public TaskDebugRegisters WithAddress(int index, ulong value) => index switch
    {
        0 => this with { Address0 = value },
        1 => this with { Address1 = value },
        2 => this with { Address2 = value },
        _ => this with { Address3 = value },
    };
}
