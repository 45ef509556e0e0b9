using System.Numerics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>XCHG, XADD, CMPXCHG. SDM vol. 2A and 2C. One processor a machine: each instruction is atomic as it is.</summary>
internal static unsafe class Exchanges
{
    public static void Register(InstructionTableBuilder table)
    {
        table.Sized(Mnemonic.Xchg, &Exchange<byte>, &Exchange<ushort>, &Exchange<uint>, &Exchange<ulong>);
        table.Sized(Mnemonic.Xadd, &ExchangeAdd<byte>, &ExchangeAdd<ushort>, &ExchangeAdd<uint>, &ExchangeAdd<ulong>);
        table.Sized(Mnemonic.Cmpxchg, &CompareExchange<byte>, &CompareExchange<ushort>, &CompareExchange<uint>, &CompareExchange<ulong>);
    }

    private static Outcome Exchange<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        // The memory operand may be named first or second; its write is the one that can fail.
        (Operand first, Operand second) = op.Op1.Kind == OperandKind.Memory ? (op.Op1, op.Op0) : (op.Op0, op.Op1);
        if (!cpu.ReadForWrite(op, first, out T left) || !cpu.Read(op, second, out T right) || !cpu.Write(op, first, right))
            return Outcome.Fault;
        cpu.Write(op, second, left);
        return Outcome.Next;
    }

    private static Outcome ExchangeAdd<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (!cpu.ReadForWrite(op, op.Op0, out T left) || !cpu.Read(op, op.Op1, out T right))
            return Outcome.Fault;
        ulong flags = cpu.S.Rflags;
        T sum = AddSubtract.Add(left, right, false, ref flags);
        if (op.Op0.Kind == OperandKind.Memory && !cpu.WriteMemory(op, sum))
            return Outcome.Fault;

        // The sum is written last: with one register named twice it stays.
        cpu.Write(op, op.Op1, left);
        if (op.Op0.Kind != OperandKind.Memory)
            cpu.Write(op, op.Op0, sum);
        cpu.S.Rflags = flags;
        return Outcome.Next;
    }

    /// <summary>CMPXCHG writes its memory operand whether or not it was equal.</summary>
    private static Outcome CompareExchange<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (!cpu.ReadForWrite(op, op.Op0, out T found) || !cpu.Read(op, op.Op1, out T replacement))
            return Outcome.Fault;
        ulong flags = cpu.S.Rflags;
        bool equal = AddSubtract.Subtract(cpu.Register<T>((int)Gpr.Rax), found, false, ref flags) == T.Zero;
        if (op.Op0.Kind == OperandKind.Memory && !cpu.WriteMemory(op, equal ? replacement : found))
            return Outcome.Fault;
        if (!equal)
            cpu.SetRegister((int)Gpr.Rax, found);
        else if (op.Op0.Kind != OperandKind.Memory)
            cpu.Write(op, op.Op0, replacement);
        cpu.S.Rflags = flags;
        return Outcome.Next;
    }
}
