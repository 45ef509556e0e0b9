namespace SyscallExplorer.Machine;

/// <summary>The fields that an event under FRED saves beside the selectors. SDM vol. 3A, 8.3.3; Intel, FRED specification, no. 346446.</summary>
internal static class FredFrame
{
    /// <summary>Words of a frame: error code, RIP, CS, RFLAGS, RSP, SS, event data and one of zeros.</summary>
    public const int Words = 8;

    /// <summary>In the word of CS: the stack level that the event left.</summary>
    public const int LevelShift = 16;

    /// <summary>In the word of SS: STI held interrupts back.</summary>
    public const ulong StiBlocking = 1ul << 16;

    /// <summary>An instruction asked for the event: INT n, SYSCALL or SYSENTER. On return it makes TF trap at once.</summary>
    public const ulong SoftwareEvent = 1ul << 17;

    /// <summary>A non-maskable interrupt; on return it lets others in.</summary>
    public const ulong NonMaskable = 1ul << 18;

    /// <summary>The event came in 64-bit mode.</summary>
    public const ulong LongMode = 1ul << 57;

    /// <summary>The event came in the delivery of another.</summary>
    public const ulong Nested = 1ul << 58;

    private const int VectorShift = 32;
    private const int TypeShift = 48;
    private const int LengthShift = 60;
    private const ulong External = 0;
    private const ulong HardwareException = 3;
    private const ulong SoftwareInterrupt = 4;
    private const ulong PrivilegedException = 5;
    private const ulong SoftwareException = 6;
    private const ulong OtherEvent = 7;

    /// <summary>Vector, type, instruction length and what follows from the event alone, for the word of SS.</summary>
    public static ulong Describe(in PendingException pending)
    {
        ulong type = pending.Source switch
        {
            EventSource.ExternalInterrupt => External,
            EventSource.SoftwareInterrupt => SoftwareInterrupt,
            EventSource.PrivilegedSoftwareException => PrivilegedException,
            EventSource.SoftwareException => SoftwareException,
            EventSource.FastSystemCall => OtherEvent,
            _ => HardwareException,
        };
        bool requested = pending.Source is EventSource.SoftwareInterrupt or EventSource.FastSystemCall;
        return (ulong)pending.Vector << VectorShift | type << TypeShift | (ulong)pending.InstructionLength << LengthShift
            | (requested ? SoftwareEvent : 0) | (IsNested(pending) ? Nested : 0);
    }

    /// <summary>A double fault is not one more exception in the delivery of another, but stands for both.</summary>
    public static bool IsNested(in PendingException pending) => pending.IsNested && pending.Vector != Vector.DoubleFault;

    /// <summary>The address of a page fault, the causes of a debug exception; of others nothing.</summary>
    public static ulong EventData(in PendingException pending) =>
        pending.Source is EventSource.Fault or EventSource.Trap or EventSource.InstructionBreakpoint && pending.Vector is Vector.PageFault or Vector.Debug
            ? pending.FaultAddress
            : 0;
}
