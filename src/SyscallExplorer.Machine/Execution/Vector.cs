namespace SyscallExplorer.Machine;

/// <summary>Exception vectors. SDM vol. 3A, table 6-1.</summary>
public enum Vector : byte
{
    /// <summary>#DE, divide error: a fault.</summary>
    DivideError = 0,

    /// <summary>#DB, debug: a fault or a trap.</summary>
    Debug = 1,

    /// <summary>NMI.</summary>
    Nmi = 2,

    /// <summary>#BP, breakpoint: a trap.</summary>
    Breakpoint = 3,

    /// <summary>#OF, overflow: a trap.</summary>
    Overflow = 4,

    /// <summary>#BR, BOUND range exceeded: a fault.</summary>
    BoundRange = 5,

    /// <summary>#UD, invalid opcode: a fault.</summary>
    InvalidOpcode = 6,

    /// <summary>#NM, device not available: a fault.</summary>
    DeviceNotAvailable = 7,

    /// <summary>#DF, double fault: an abort with error code 0.</summary>
    DoubleFault = 8,

    /// <summary>#TS, invalid TSS: a fault with an error code.</summary>
    InvalidTss = 10,

    /// <summary>#NP, segment not present: a fault with an error code.</summary>
    SegmentNotPresent = 11,

    /// <summary>#SS, stack-segment fault: a fault with an error code.</summary>
    StackFault = 12,

    /// <summary>#GP, general protection: a fault with an error code.</summary>
    GeneralProtection = 13,

    /// <summary>#PF, page fault: a fault with an error code.</summary>
    PageFault = 14,

    /// <summary>#MF, x87 floating point: a fault.</summary>
    FloatingPoint = 16,

    /// <summary>#AC, alignment check: a fault with error code 0.</summary>
    AlignmentCheck = 17,

    /// <summary>#MC, machine check: an abort.</summary>
    MachineCheck = 18,

    /// <summary>#XM, SIMD floating point: a fault.</summary>
    SimdFloatingPoint = 19,
}

/// <summary>Where an event on its way through the IDT comes from; it decides the EXT bit, the DPL check and the saved RF.</summary>
internal enum EventSource
{
    Fault,

    /// <summary>#DB of an instruction breakpoint: a fault that does not set RF in the flags it saves.</summary>
    InstructionBreakpoint,
    Trap,
    ExternalInterrupt,

    /// <summary>INT n.</summary>
    SoftwareInterrupt,

    /// <summary>INT3 and INTO.</summary>
    SoftwareException,

    /// <summary>INT1 (ICEBP): no DPL check.</summary>
    PrivilegedSoftwareException,

    /// <summary>SYSCALL and SYSENTER under FRED; the vector is 1 or 2.</summary>
    FastSystemCall,
}

/// <summary>An exception waiting to be delivered.</summary>
/// <param name="Vector">Which one.</param>
/// <param name="ErrorCode">What is pushed where the vector has an error code.</param>
/// <param name="FaultAddress">What CR2 takes at a page fault; at a debug exception the bits that DR6 takes.</param>
/// <param name="Source">Where it comes from.</param>
internal readonly record struct PendingException(Vector Vector, uint ErrorCode, ulong FaultAddress, EventSource Source)
{
    /// <summary>Whether it came up in the delivery of another event.</summary>
    public bool IsNested { get; init; }

    /// <summary>Bytes of the instruction that asked for it, where one did.</summary>
    public int InstructionLength { get; init; }

    public bool HasErrorCode => Vector is Vector.DoubleFault or Vector.InvalidTss or Vector.SegmentNotPresent or Vector.StackFault
        or Vector.GeneralProtection or Vector.PageFault or Vector.AlignmentCheck;

    public bool PushesErrorCode => HasErrorCode && Source == EventSource.Fault;

    /// <summary>Whether a program asked for it by INT n, INT3 or INTO, so that the DPL of the gate is checked and EXT is clear.</summary>
    public bool IsSoftware => Source is EventSource.SoftwareInterrupt or EventSource.SoftwareException;

    /// <summary>Contributory exceptions. SDM vol. 3A, table 6-4.</summary>
    public bool IsContributory => Source == EventSource.Fault && Vector is (Vector.DivideError or Vector.InvalidTss or Vector.SegmentNotPresent or Vector.StackFault
        or Vector.GeneralProtection);
}
