using System.Numerics;
using System.Runtime.CompilerServices;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>POP into registers and memory, POPA. SDM vol. 2B. No flags.</summary>
internal static unsafe class Pops
{
    private const int RegistersOfPopAll = 8;

    public static void Register(InstructionTableBuilder table)
    {
        table.Sized(Mnemonic.Pop, null, &Pop<ushort>, &Pop<uint>, &Pop<ulong>);
        table.One(Code.Popaw, &PopAll<ushort>);
        table.One(Code.Popad, &PopAll<uint>);
    }

    /// <summary>The pointer moves first: an address with RSP in it uses the new value, and POP RSP overwrites it.</summary>
    private static Outcome Pop<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (!cpu.Peek(0, out T value))
            return Outcome.Fault;
        ulong pointer = cpu.S.Gpr[(int)Gpr.Rsp];
        cpu.MoveStackPointer(Unsafe.SizeOf<T>());
        if (cpu.Write(op, op.Op0, value))
            return Outcome.Next;
        cpu.S.Gpr[(int)Gpr.Rsp] = pointer;
        return Outcome.Fault;
    }

    /// <summary>POPA skips the place of SP.</summary>
    private static Outcome PopAll<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        Span<T> values = stackalloc T[RegistersOfPopAll];
        for (int i = 0; i < RegistersOfPopAll; i++)
        {
            if (!cpu.Peek(i * Unsafe.SizeOf<T>(), out values[i]))
                return Outcome.Fault;
        }

        for (int i = 0; i < RegistersOfPopAll; i++)
        {
            int register = (int)Gpr.Rdi - i;
            if (register != (int)Gpr.Rsp)
                cpu.SetRegister(register, values[i]);
        }

        cpu.MoveStackPointer(RegistersOfPopAll * Unsafe.SizeOf<T>());
        return Outcome.Next;
    }
}
