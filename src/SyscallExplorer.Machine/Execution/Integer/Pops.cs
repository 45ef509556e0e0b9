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

    /// <summary>
    /// POPA skips the place of SP. The manuals leave open which registers a fault in the middle has loaded: on AMD's
    /// processors those before it, on Intel's here none.
    /// </summary>
    private static Outcome PopAll<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        Span<T> values = stackalloc T[RegistersOfPopAll];
        int read = 0;
        while (read < RegistersOfPopAll && cpu.Peek(read * Unsafe.SizeOf<T>(), out values[read]))
            read++;
        bool complete = read == RegistersOfPopAll;
        if (!complete && cpu.Model.Vendor != CpuVendor.Amd)
            return Outcome.Fault;

        for (int i = 0; i < read; i++)
        {
            int register = (int)Gpr.Rdi - i;
            if (register != (int)Gpr.Rsp)
                cpu.SetRegister(register, values[i]);
        }

        if (!complete)
            return Outcome.Fault;
        cpu.MoveStackPointer(RegistersOfPopAll * Unsafe.SizeOf<T>());
        return Outcome.Next;
    }
}
