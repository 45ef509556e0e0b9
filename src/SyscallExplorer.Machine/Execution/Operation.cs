using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>What an operand names.</summary>
internal enum OperandKind : byte
{
    None,
    Register,

    /// <summary>AH, CH, DH or BH: bits 15:8 of the register.</summary>
    HighByte,
    Memory,
    Immediate,

    /// <summary>A segment, control or debug register: the handler knows which by the form.</summary>
    System,

    /// <summary>XMM or YMM: the handler knows the width by the form.</summary>
    Vector,

    /// <summary>MM0 to MM7.</summary>
    Mmx,

    /// <summary>ST(i), by i.</summary>
    FloatStack,
}

/// <summary>An operand made ready for execution.</summary>
internal readonly record struct Operand(OperandKind Kind, byte Index);

/// <summary>
/// A decoded instruction. It holds no linear address and no pointer to a machine, so that it is right under every alias of its page.
/// </summary>
internal sealed unsafe class Operation
{
    /// <summary>The instruction as Iced decoded it; its IP is the offset within the page.</summary>
    public required Instruction Instruction { get; init; }

    public required delegate*<Processor, Operation, Outcome> Execute { get; init; }

    /// <summary>Bytes.</summary>
    public required int Length { get; init; }

    /// <summary>The figure it costs, 1/256 cycles.</summary>
    public required long Cost { get; init; }

    /// <summary>Index of that figure in the microarchitecture.</summary>
    public required int Figure { get; init; }

    /// <summary>Whether another figure may take its place, by what the instruction does. It then says so each time that it is executed.</summary>
    public bool IsRefined { get; init; }

    public Operand Op0 { get; init; }

    public Operand Op1 { get; init; }

    public Operand Op2 { get; init; }

    public Operand Op3 { get; init; }

    /// <summary>The immediate, sign-extended as the form says.</summary>
    public ulong Immediate { get; init; }

    /// <summary>Branch displacement from the next instruction.</summary>
    public ulong Displacement { get; init; }

    /// <summary>Memory operand: base register or -1.</summary>
    public int Base { get; init; } = -1;

    /// <summary>Memory operand: index register or -1.</summary>
    public int Index { get; init; } = -1;

    /// <summary>Memory operand of a gather: the vector register of its indices, or -1.</summary>
    public int VectorIndex { get; init; } = -1;

    public int Scale { get; init; } = 1;

    public ulong MemoryDisplacement { get; init; }

    public bool IsRipRelative { get; init; }

    /// <summary>All ones of the address size.</summary>
    public ulong AddressMask { get; init; }

    public SegmentName Segment { get; init; }

    /// <summary>Of an x87 instruction, the low 3 bits of its first opcode byte and its second byte: what FOP takes.</summary>
    public ushort FloatOpcode { get; init; }

    /// <summary>Whether the block ends here: control leaves, or what comes next may be decoded or translated otherwise.</summary>
    public bool EndsBlock { get; init; }

    /// <summary>What the Pipeline depth needs to know; made when it is first asked for.</summary>
    public TimedInstruction? Timed { get; set; }

    public bool HasRep => Instruction.HasRepPrefix;

    public bool HasRepne => Instruction.HasRepnePrefix;
}
