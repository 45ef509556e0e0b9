namespace SyscallExplorer.Linux;

/// <summary>
/// The sixth argument of FUTEX_WAKE_OP: an operation on the second futex, and a comparison with what it held. include/uapi/linux/futex.h.
/// </summary>
internal readonly record struct FutexOperation(int Operation, int Operand, int Comparison, int Compared)
{
    private const int UsesShift = 8;
    private const int FieldBits = 12;

    public static FutexOperation Decode(uint encoded)
    {
        int operation = (int)(encoded >> 28);
        int operand = SignExtend(encoded >> FieldBits);
        if ((operation & UsesShift) != 0)
            operand = 1 << (operand & 31);
        return new FutexOperation(operation & ~UsesShift, operand, (int)(encoded >> 24) & 15, SignExtend(encoded));
    }

    /// <summary>What the word becomes; null for an operation that there is not.</summary>
    public uint? Apply(uint word) => Operation switch
    {
        0 => (uint)Operand,
        1 => word + (uint)Operand,
        2 => word | (uint)Operand,
        3 => word & ~(uint)Operand,
        4 => word ^ (uint)Operand,
        _ => null,
    };

    /// <summary>Whether the old word fulfils the comparison; null for one that there is not.</summary>
    public bool? Holds(uint word) => Comparison switch
    {
        0 => (int)word == Compared,
        1 => (int)word != Compared,
        2 => (int)word < Compared,
        3 => (int)word <= Compared,
        4 => (int)word > Compared,
        5 => (int)word >= Compared,
        _ => null,
    };

    private static int SignExtend(uint field) => (int)(field << (32 - FieldBits)) >> (32 - FieldBits);
}
