using System.Numerics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>LOOP, LOOPE, LOOPNE, JCXZ, JECXZ, JRCXZ: branches on a counter whose width is the address size. SDM vol. 2A. No flags change.</summary>
internal static unsafe class Loops
{
    public static void Register(InstructionTableBuilder table)
    {
        table.Sized(Mnemonic.Loop, null, &Loop<ushort, Always>, &Loop<uint, Always>, &Loop<ulong, Always>);
        table.Sized(Mnemonic.Loope, null, &Loop<ushort, Equal>, &Loop<uint, Equal>, &Loop<ulong, Equal>);
        table.Sized(Mnemonic.Loopne, null, &Loop<ushort, Not<Equal>>, &Loop<uint, Not<Equal>>, &Loop<ulong, Not<Equal>>);
        table.Sized(Mnemonic.Jcxz, null, &JumpIfZero<ushort>, &JumpIfZero<uint>, &JumpIfZero<ulong>);
        table.Sized(Mnemonic.Jecxz, null, &JumpIfZero<ushort>, &JumpIfZero<uint>, &JumpIfZero<ulong>);
        table.Sized(Mnemonic.Jrcxz, null, &JumpIfZero<ushort>, &JumpIfZero<uint>, &JumpIfZero<ulong>);
    }

    private static Outcome Loop<T, TCondition>(Processor cpu, Operation op)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TCondition : struct, ICondition
    {
        ulong count = (AddressSize.Read(cpu, op, Gpr.Rcx) - 1) & op.AddressMask;
        Outcome outcome = NearBranches.Conditional<T>(cpu, op, count != 0 && TCondition.Holds(cpu.S.Rflags));
        if (outcome != Outcome.Fault)
            AddressSize.Write(cpu, op, Gpr.Rcx, count);
        return outcome;
    }

    private static Outcome JumpIfZero<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        NearBranches.Conditional<T>(cpu, op, AddressSize.Read(cpu, op, Gpr.Rcx) == 0);

    private readonly struct Always : ICondition
    {
        public static bool Holds(ulong flags) => true;
    }
}
