namespace SyscallExplorer.Machine;

/// <summary>Counters and pointers that are as wide as the instruction's address size.</summary>
internal static class AddressSize
{
    /// <summary>A register within the address size.</summary>
    public static ulong Read(Processor cpu, Operation op, Gpr register) => cpu.S.Gpr[(int)register] & op.AddressMask;

    /// <summary>Writes a register as an operand of the address size: 32 bits clear the upper half, 16 keep the rest.</summary>
    public static void Write(Processor cpu, Operation op, Gpr register, ulong value)
    {
        ref ulong target = ref cpu.S.Gpr[(int)register];
        target = op.AddressMask == ushort.MaxValue ? (target & ~(ulong)ushort.MaxValue) | (value & ushort.MaxValue) : value & op.AddressMask;
    }
}
