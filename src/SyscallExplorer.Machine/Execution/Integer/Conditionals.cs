using System.Numerics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>Jcc, CMOVcc, SETcc: three families over sixteen conditions. SDM vol. 2A and 2B.</summary>
internal static unsafe class Conditionals
{
    public static void Register(InstructionTableBuilder table)
    {
        Register<Overflow>(table, Mnemonic.Jo, Mnemonic.Cmovo, Mnemonic.Seto);
        Register<Not<Overflow>>(table, Mnemonic.Jno, Mnemonic.Cmovno, Mnemonic.Setno);
        Register<Below>(table, Mnemonic.Jb, Mnemonic.Cmovb, Mnemonic.Setb);
        Register<Not<Below>>(table, Mnemonic.Jae, Mnemonic.Cmovae, Mnemonic.Setae);
        Register<Equal>(table, Mnemonic.Je, Mnemonic.Cmove, Mnemonic.Sete);
        Register<Not<Equal>>(table, Mnemonic.Jne, Mnemonic.Cmovne, Mnemonic.Setne);
        Register<BelowOrEqual>(table, Mnemonic.Jbe, Mnemonic.Cmovbe, Mnemonic.Setbe);
        Register<Not<BelowOrEqual>>(table, Mnemonic.Ja, Mnemonic.Cmova, Mnemonic.Seta);
        Register<Sign>(table, Mnemonic.Js, Mnemonic.Cmovs, Mnemonic.Sets);
        Register<Not<Sign>>(table, Mnemonic.Jns, Mnemonic.Cmovns, Mnemonic.Setns);
        Register<Parity>(table, Mnemonic.Jp, Mnemonic.Cmovp, Mnemonic.Setp);
        Register<Not<Parity>>(table, Mnemonic.Jnp, Mnemonic.Cmovnp, Mnemonic.Setnp);
        Register<Less>(table, Mnemonic.Jl, Mnemonic.Cmovl, Mnemonic.Setl);
        Register<Not<Less>>(table, Mnemonic.Jge, Mnemonic.Cmovge, Mnemonic.Setge);
        Register<LessOrEqual>(table, Mnemonic.Jle, Mnemonic.Cmovle, Mnemonic.Setle);
        Register<Not<LessOrEqual>>(table, Mnemonic.Jg, Mnemonic.Cmovg, Mnemonic.Setg);
    }

    private static void Register<TCondition>(InstructionTableBuilder table, Mnemonic jump, Mnemonic move, Mnemonic set) where TCondition : struct, ICondition
    {
        table.Sized(jump, null, &Jump<ushort, TCondition>, &Jump<uint, TCondition>, &Jump<ulong, TCondition>);
        table.Sized(move, null, &Move<ushort, TCondition>, &Move<uint, TCondition>, &Move<ulong, TCondition>);
        table.Sized(set, &Set<TCondition>, null, null, null);
    }

    private static Outcome Jump<T, TCondition>(Processor cpu, Operation op)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TCondition : struct, ICondition =>
        NearBranches.Conditional<T>(cpu, op, TCondition.Holds(cpu.S.Rflags));

    /// <summary>The source is read, and a 32-bit destination loses its upper half, whether or not the condition holds.</summary>
    private static Outcome Move<T, TCondition>(Processor cpu, Operation op)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TCondition : struct, ICondition
    {
        if (!cpu.Read(op, op.Op1, out T value))
            return Outcome.Fault;
        cpu.SetRegister(op.Op0.Index, TCondition.Holds(cpu.S.Rflags) ? value : cpu.Register<T>(op.Op0.Index));
        return Outcome.Next;
    }

    private static Outcome Set<TCondition>(Processor cpu, Operation op) where TCondition : struct, ICondition =>
        cpu.Write(op, op.Op0, (byte)(TCondition.Holds(cpu.S.Rflags) ? 1 : 0)) ? Outcome.Next : Outcome.Fault;
}
