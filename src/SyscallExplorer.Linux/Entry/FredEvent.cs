namespace SyscallExplorer.Linux;

/// <summary>What kind of event FRED has delivered. Intel, FRED specification, no. 346446.</summary>
public enum FredEventType
{
    /// <summary>An external interrupt.</summary>
    External = 0,

    /// <summary>A non-maskable interrupt.</summary>
    NonMaskable = 2,

    /// <summary>A fault or a trap.</summary>
    HardwareException = 3,

    /// <summary>INT n.</summary>
    SoftwareInterrupt = 4,

    /// <summary>INT1.</summary>
    PrivilegedException = 5,

    /// <summary>INT3 and INTO.</summary>
    SoftwareException = 6,

    /// <summary>SYSCALL, whose vector is 1, and SYSENTER, whose vector is 2.</summary>
    Other = 7,
}

/// <summary>What a frame of FRED tells beside <c>struct pt_regs</c>: in the upper bits of the words of CS and SS, and in the word above them.</summary>
/// <param name="CodeWord">The word of CS.</param>
/// <param name="StackWord">The word of SS.</param>
/// <param name="Data">The address of a page fault, the causes of a debug exception, else 0.</param>
public sealed record FredEvent(ulong CodeWord, ulong StackWord, ulong Data)
{
    /// <summary>Bytes from the beginning of <c>struct pt_regs</c> to the event's data.</summary>
    internal const int DataOffset = PtRegsOffsets.Size;

    /// <summary>Where in <c>struct pt_regs</c> the bytes of the word of SS lie that the kernel's code reads by themselves.</summary>
    internal const int VectorOffset = PtRegsOffsets.Ss + VectorShift / 8;
    internal const int TypeOffset = PtRegsOffsets.Ss + TypeShift / 8;
    internal const int ModeOffset = PtRegsOffsets.Ss + 7;
    internal const int LengthOffset = PtRegsOffsets.Ss + 7;

    /// <summary>In the byte at <see cref="ModeOffset"/>: the event came in 64-bit mode.</summary>
    internal const int LongModeBit = 1 << 1;

    /// <summary>In the word of SS: an instruction asked for the event.</summary>
    internal const ulong SoftwareEvent = 1 << 17;

    /// <summary>In the word of SS: an NMI, which the return unblocks.</summary>
    internal const ulong NonMaskable = 1 << 18;

    /// <summary>What start_thread sets: with TF, the new program's first instruction has not run when the trap comes; and NMIs may come.</summary>
    internal const ulong OfNewProgram = SoftwareEvent | NonMaskable;

    private const int VectorShift = 32;
    private const int TypeShift = 48;
    private const int LongModeShift = 57;
    private const int NestedShift = 58;
    private const int LengthShift = 60;
    private const int LevelShift = 16;

    /// <summary>The stack level that the event came from.</summary>
    public int StackLevel => (int)(CodeWord >> LevelShift) & 3;

    /// <summary>What kind of event it was.</summary>
    public FredEventType Type => (FredEventType)((StackWord >> TypeShift) & 0xF);

    /// <summary>Its vector.</summary>
    public byte Vector => (byte)(StackWord >> VectorShift);

    /// <summary>Bytes of the instruction that asked for it, or 0.</summary>
    public int InstructionLength => (int)(StackWord >> LengthShift);

    /// <summary>Whether it came in 64-bit mode.</summary>
    public bool IsLongMode => (StackWord & (1ul << LongModeShift)) != 0;

    /// <summary>Whether it came in the delivery of another.</summary>
    public bool IsNested => (StackWord & (1ul << NestedShift)) != 0;

    /// <summary>Whether an instruction asked for it.</summary>
    public bool IsSoftware => (StackWord & SoftwareEvent) != 0;
}
