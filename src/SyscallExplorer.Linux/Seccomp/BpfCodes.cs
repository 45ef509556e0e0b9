namespace SyscallExplorer.Linux;

/// <summary>Codes of classic BPF: a class, and what each class adds. include/uapi/linux/bpf_common.h and filter.h.</summary>
internal static class BpfCodes
{
    public const int Load = 0x00, LoadIndex = 0x01, Store = 0x02, StoreIndex = 0x03, Arithmetic = 0x04, Jump = 0x05, Return = 0x06, Miscellaneous = 0x07;
    public const int ClassMask = 0x07;

    /// <summary>How a load finds its operand.</summary>
    public const int Immediate = 0x00, Absolute = 0x20, Memory = 0x60, Length = 0x80;

    /// <summary>Where the second operand comes from: the instruction, or the index register.</summary>
    public const int FromConstant = 0x00, FromIndex = 0x08;

    public const int Add = 0x00, Subtract = 0x10, Multiply = 0x20, Divide = 0x30, Or = 0x40, And = 0x50, ShiftLeft = 0x60, ShiftRight = 0x70, Negate = 0x80,
        Xor = 0xA0;

    public const int Always = 0x00, IfEqual = 0x10, IfGreater = 0x20, IfGreaterOrEqual = 0x30, IfSet = 0x40;

    /// <summary>The part of an arithmetic instruction or a jump that says which it is.</summary>
    public const int OperationMask = 0xF0;

    /// <summary>What a return gives: the constant, or the accumulator.</summary>
    public const int ReturnConstant = Return, ReturnAccumulator = Return | 0x10;

    public const int ToIndex = Miscellaneous, ToAccumulator = Miscellaneous | 0x80;

    public const int LoadWord = Load | Absolute, LoadLength = Load | Length, LoadIndexLength = LoadIndex | Length;

    public const int LoadMemory = Load | Memory, LoadIndexMemory = LoadIndex | Memory;
}
