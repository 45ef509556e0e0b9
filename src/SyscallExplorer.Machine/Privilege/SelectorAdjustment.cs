using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>ARPL. SDM vol. 2A. Protected mode only, and not in 64-bit mode, which has MOVSXD in its place. Only ZF changes.</summary>
internal static unsafe class SelectorAdjustment
{
    private const int RequestedLevel = 3;

    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Arpl_rm16_r16, &Arpl);
        table.One(Code.Arpl_r32m16_r32, &Arpl);
    }

    /// <summary>Raises the requested privilege level of the first selector to that of the second, and tells by ZF whether it was below.</summary>
    private static Outcome Arpl(Processor cpu, Operation op)
    {
        if ((cpu.S.Cr0 & Cr0.PE) == 0 || (cpu.S.Rflags & Rflags.VM) != 0)
            return cpu.Raise(Vector.InvalidOpcode);

        // A selector that need not change may lie in memory that cannot be written.
        if (!cpu.Read(op, op.Op0, out ushort selector) || !cpu.Read(op, op.Op1, out ushort level))
            return Outcome.Fault;
        bool below = (selector & RequestedLevel) < (level & RequestedLevel);
        if (below && !cpu.Write(op, op.Op0, (ushort)((selector & ~RequestedLevel) | (level & RequestedLevel))))
            return Outcome.Fault;
        cpu.S.Rflags = (cpu.S.Rflags & ~Rflags.ZF) | (below ? Rflags.ZF : 0);
        return Outcome.Next;
    }
}
