using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>CMPXCHG8B and CMPXCHG16B. SDM vol. 2A. Only ZF changes; memory is written in either case.</summary>
internal static unsafe class CompareExchangeWide
{
    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Cmpxchg8b_m64, &CompareExchange8);
        table.One(Code.Cmpxchg16b_m128, &CompareExchange16);
    }

    private static Outcome CompareExchange8(Processor cpu, Operation op)
    {
        if (!cpu.ReadForWrite(op, op.Op0, out ulong found))
            return Outcome.Fault;
        bool equal = found == Pair(cpu, Gpr.Rdx, Gpr.Rax);
        if (!cpu.WriteMemory(op, equal ? Pair(cpu, Gpr.Rcx, Gpr.Rbx) : found))
            return Outcome.Fault;
        if (!equal)
        {
            cpu.SetRegister((int)Gpr.Rax, (uint)found);
            cpu.SetRegister((int)Gpr.Rdx, (uint)(found >> 32));
        }

        SetZero(cpu, equal);
        return Outcome.Next;
    }

    /// <summary>#GP(0) unless the operand is aligned to 16 bytes.</summary>
    private static Outcome CompareExchange16(Processor cpu, Operation op)
    {
        if (!cpu.SegmentedAddress(op.Segment, cpu.EffectiveAddress(op), 16, write: true, out ulong linear))
            return Outcome.Fault;
        if (linear % 16 != 0)
            return cpu.GeneralProtection();
        if (!cpu.ReadForWrite(op, op.Op0, out UInt128 found))
            return Outcome.Fault;
        bool equal = found == new UInt128(cpu.S.Gpr[(int)Gpr.Rdx], cpu.S.Gpr[(int)Gpr.Rax]);
        UInt128 result = equal ? new UInt128(cpu.S.Gpr[(int)Gpr.Rcx], cpu.S.Gpr[(int)Gpr.Rbx]) : found;
        if (!cpu.WriteMemory(op, result))
            return Outcome.Fault;
        if (!equal)
        {
            cpu.S.Gpr[(int)Gpr.Rax] = (ulong)found;
            cpu.S.Gpr[(int)Gpr.Rdx] = (ulong)(found >> 64);
        }

        SetZero(cpu, equal);
        return Outcome.Next;
    }

    private static ulong Pair(Processor cpu, Gpr high, Gpr low) => (cpu.S.Gpr[(int)high] << 32) | (uint)cpu.S.Gpr[(int)low];

    private static void SetZero(Processor cpu, bool equal) => cpu.S.Rflags = (cpu.S.Rflags & ~Rflags.ZF) | (equal ? Rflags.ZF : 0);
}
