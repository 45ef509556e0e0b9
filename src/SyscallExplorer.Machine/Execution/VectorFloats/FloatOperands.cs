using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SyscallExplorer.Machine;

/// <summary>Operands of floating-point vector instructions, by the rules of their encoding.</summary>
internal static class FloatOperands
{
    /// <summary>Whether the unit is switched on; if not, its fault is pending.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsReady<TEncoding>(Processor cpu) where TEncoding : struct, IFloatEncoding
    {
        if ((cpu.Ready & TEncoding.Unit) != 0)
            return true;
        cpu.RaiseUnavailable(TEncoding.Unit);
        return false;
    }

    /// <summary>The first source of a form with two: the destination itself in legacy SSE.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref Vector256<byte> First<TEncoding>(Processor cpu, Operation op) where TEncoding : struct, IFloatEncoding =>
        ref cpu.S.Vectors[TEncoding.IsVex ? op.Op1.Index : op.Op0.Index];

    /// <summary>The second source of a form with two: a register or memory.</summary>
    public static Operand Second<TEncoding>(Operation op) where TEncoding : struct, IFloatEncoding => TEncoding.IsVex ? op.Op2 : op.Op1;

    /// <summary>Reads a full vector. Bits above it are not zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Read<TEncoding>(Processor cpu, Operation op, Operand operand, out Vector256<byte> value) where TEncoding : struct, IFloatEncoding
    {
        if (operand.Kind == OperandKind.Vector)
        {
            value = cpu.S.Vectors[operand.Index];
            return true;
        }

        return ReadMemory<TEncoding>(cpu, op, TEncoding.Bytes, out value);
    }

    /// <summary>Reads the low 8, 16 or 32 bytes; only memory of 16 must be aligned, and only in legacy SSE.</summary>
    public static bool ReadPart<TEncoding>(Processor cpu, Operation op, Operand operand, int bytes, out Vector256<byte> value)
        where TEncoding : struct, IFloatEncoding
    {
        if (operand.Kind != OperandKind.Vector)
            return ReadMemory<TEncoding>(cpu, op, bytes, out value);
        value = cpu.S.Vectors[operand.Index];
        return true;
    }

    /// <summary>Reads the lowest element, or memory of its size.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool ReadScalar<TBits>(Processor cpu, Operation op, Operand operand, out TBits value) where TBits : unmanaged
    {
        if (operand.Kind != OperandKind.Vector)
            return cpu.ReadMemory(op, out value);
        value = Element<TBits>(ref cpu.S.Vectors[operand.Index], 0);
        return true;
    }

    /// <summary>Writes a full vector to the first operand; bits above the vector must be zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write<TEncoding>(Processor cpu, Operation op, Vector256<byte> value) where TEncoding : struct, IFloatEncoding
    {
        if (TEncoding.IsVex)
            cpu.S.Vectors[op.Op0.Index] = value;
        else
            cpu.SetXmm(op.Op0.Index, value.GetLower());
    }

    /// <summary>Writes the lowest element; the rest of the 128 bits comes from the first source, and VEX clears what is above.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteScalar<TEncoding, TBits>(Processor cpu, Operation op, TBits value)
        where TEncoding : struct, IFloatEncoding
        where TBits : unmanaged
    {
        ref Vector256<byte> destination = ref cpu.S.Vectors[op.Op0.Index];
        if (TEncoding.IsVex)
            destination = cpu.S.Vectors[op.Op1.Index].GetLower().ToVector256();
        Element<TBits>(ref destination, 0) = value;
    }

    /// <summary>An element of a vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref TBits Element<TBits>(ref Vector256<byte> vector, int index) where TBits : unmanaged =>
        ref Unsafe.Add(ref Unsafe.As<Vector256<byte>, TBits>(ref vector), index);

    private static bool ReadMemory<TEncoding>(Processor cpu, Operation op, int bytes, out Vector256<byte> value) where TEncoding : struct, IFloatEncoding
    {
        switch (bytes)
        {
            case 32:
                return cpu.ReadMemory(op, out value);
            case 16:
                bool done = TEncoding.IsVex ? cpu.ReadMemory(op, out Vector128<byte> whole) : cpu.ReadAligned(op, out whole);
                value = whole.ToVector256Unsafe();
                return done;
            default:
                bool read = cpu.ReadMemory(op, out ulong low);
                value = Vector128.CreateScalar(low).AsByte().ToVector256();
                return read;
        }
    }
}
