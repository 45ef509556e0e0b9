using System.Numerics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>
/// SHLD and SHRD. SDM vol. 2B. AF is undefined and cleared; OF is computed for every count as for 1. A 16-bit operand with a count above 16
/// is undefined: behind the bits of the source come those of the destination once more on Intel, those of the source once more on AMD.
/// </summary>
internal static unsafe class DoubleShifts
{
    public static void Register(InstructionTableBuilder table)
    {
        table.Sized(Mnemonic.Shld, null, &Left<ushort>, &Left<uint>, &Left<ulong>);
        table.Sized(Mnemonic.Shrd, null, &Right<ushort>, &Right<uint>, &Right<ulong>);
    }

    private static Outcome Left<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (!ReadOperands(cpu, op, out T value, out T filler, out int count))
            return Outcome.Fault;
        if (count == 0)
            return cpu.Write(op, op.Op0, value) ? Outcome.Next : Outcome.Fault;
        int bits = Width.Bits<T>();
        ulong carry;
        T result;
        if (count <= bits)
        {
            carry = Width.Bit(value, bits - count);
            result = (count < bits ? value << count : T.Zero) | (filler >> (bits - count));
        }
        else
        {
            carry = Width.Bit(filler, 2 * bits - count);
            result = (filler << (count - bits)) | (Beyond(cpu, value, filler) >> (2 * bits - count));
        }

        return Commit(cpu, op, result, carry, carry ^ Width.Bit(result, bits - 1));
    }

    private static Outcome Right<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (!ReadOperands(cpu, op, out T value, out T filler, out int count))
            return Outcome.Fault;
        if (count == 0)
            return cpu.Write(op, op.Op0, value) ? Outcome.Next : Outcome.Fault;
        int bits = Width.Bits<T>();
        ulong carry;
        T result;
        if (count <= bits)
        {
            carry = Width.Bit(value, count - 1);
            result = (count < bits ? value >> count : T.Zero) | (filler << (bits - count));
        }
        else
        {
            carry = Width.Bit(filler, count - bits - 1);
            result = (filler >> (count - bits)) | (Beyond(cpu, value, filler) << (2 * bits - count));
        }

        return Commit(cpu, op, result, carry, Width.Bit(result, bits - 1) ^ Width.Bit(result, bits - 2));
    }

    private static T Beyond<T>(Processor cpu, T value, T filler) => cpu.Model.Vendor == CpuVendor.Amd ? filler : value;

    private static bool ReadOperands<T>(Processor cpu, Operation op, out T value, out T filler, out int count)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        filler = default;
        count = 0;
        if (!cpu.ReadForWrite(op, op.Op0, out value) || !cpu.Read(op, op.Op1, out filler) || !cpu.Read(op, op.Op2, out byte rawCount))
            return false;
        count = rawCount & Width.CountMask<T>();
        return true;
    }

    private static Outcome Commit<T>(Processor cpu, Operation op, T result, ulong carry, ulong overflow)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (!cpu.Write(op, op.Op0, result))
            return Outcome.Fault;
        cpu.S.Rflags = (cpu.S.Rflags & ~Rflags.Arithmetic) | Flags.OfResult(result)
            | (carry != 0 ? Rflags.CF : 0) | (overflow != 0 ? Rflags.OF : 0);
        return Outcome.Next;
    }
}
