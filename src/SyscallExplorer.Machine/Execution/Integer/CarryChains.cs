using System.Numerics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>ADCX and ADOX: additions with one carry flag each. SDM vol. 2A.</summary>
internal static unsafe class CarryChains
{
    public static void Register(InstructionTableBuilder table)
    {
        table.Sized(Mnemonic.Adcx, null, null, &ThroughCarry<uint>, &ThroughCarry<ulong>, form => form.Encoding == EncodingKind.Legacy);
        table.Sized(Mnemonic.Adox, null, null, &ThroughOverflow<uint>, &ThroughOverflow<ulong>, form => form.Encoding == EncodingKind.Legacy);
    }

    private static Outcome ThroughCarry<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        Add<T>(cpu, op, Rflags.CF);

    private static Outcome ThroughOverflow<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        Add<T>(cpu, op, Rflags.OF);

    private static Outcome Add<T>(Processor cpu, Operation op, ulong flag) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (!cpu.Read(op, op.Op1, out T right))
            return Outcome.Fault;
        ulong flags = 0;
        T sum = AddSubtract.Add(cpu.Register<T>(op.Op0.Index), right, (cpu.S.Rflags & flag) != 0, ref flags);
        cpu.SetRegister(op.Op0.Index, sum);
        cpu.S.Rflags = (cpu.S.Rflags & ~flag) | ((flags & Rflags.CF) != 0 ? flag : 0);
        return Outcome.Next;
    }
}
