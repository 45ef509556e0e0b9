using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SyscallExplorer.Machine;

/// <content>Vector operands: registers, and memory with and without the alignment rule.</content>
public sealed partial class Processor
{
    /// <summary>An XMM register.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Vector128<byte> Xmm(int index) => S.Vectors[index].GetLower();

    /// <summary>Writes an XMM register as legacy SSE does: bits 255:128 stay.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void SetXmm(int index, Vector128<byte> value)
    {
        ref Vector256<byte> register = ref S.Vectors[index];
        register = register.WithLower(value);
    }

    /// <summary>Writes an XMM register as VEX-encoded instructions do: bits 255:128 become zero. SDM vol. 1, 14.1.4.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void SetXmmClearingUpper(int index, Vector128<byte> value) => S.Vectors[index] = value.ToVector256();

    /// <summary>Reads a 128-bit operand of a legacy SSE instruction, whose memory form must be aligned.</summary>
    internal bool ReadAlignedXmm(Operation op, Operand operand, out Vector128<byte> value)
    {
        if (operand.Kind != OperandKind.Vector)
            return ReadAligned(op, out value);
        value = Xmm(operand.Index);
        return true;
    }

    /// <summary>Reads a 128-bit operand that may stand anywhere.</summary>
    internal bool ReadXmm(Operation op, Operand operand, out Vector128<byte> value)
    {
        if (operand.Kind != OperandKind.Vector)
            return ReadMemory(op, out value);
        value = Xmm(operand.Index);
        return true;
    }

    /// <summary>Reads a 256-bit operand that may stand anywhere.</summary>
    internal bool ReadYmm(Operation op, Operand operand, out Vector256<byte> value)
    {
        if (operand.Kind != OperandKind.Vector)
            return ReadMemory(op, out value);
        value = S.Vectors[operand.Index];
        return true;
    }

    /// <summary>Reads the memory operand, which must be aligned to its size: #GP(0) otherwise, unless AMD's MXCSR.MM lifts the rule.</summary>
    internal bool ReadAligned<T>(Operation op, out T value) where T : unmanaged
    {
        value = default;
        return AlignedAddress(op, Unsafe.SizeOf<T>(), write: false, required: (S.Mxcsr & Mxcsr.MM) == 0, out ulong linear) && ReadLinear(linear, out value);
    }

    /// <summary>Reads the memory operand of an aligned move, which MXCSR.MM does not concern: #GP(0) unless it is aligned to its size.</summary>
    internal bool ReadAlignedMove<T>(Operation op, out T value) where T : unmanaged
    {
        value = default;
        return AlignedAddress(op, Unsafe.SizeOf<T>(), write: false, required: true, out ulong linear) && ReadLinear(linear, out value);
    }

    /// <summary>Writes the memory operand of an aligned move: #GP(0) unless it is aligned to its size.</summary>
    internal bool WriteAlignedMove<T>(Operation op, T value) where T : unmanaged =>
        AlignedAddress(op, Unsafe.SizeOf<T>(), write: true, required: true, out ulong linear) && WriteLinear(linear, value);

    /// <summary>Reads an element for an instruction that never checks alignment.</summary>
    internal bool ReadUnaligned<T>(ulong linear, out T value) where T : unmanaged
    {
        if (!_alignmentChecked)
            return ReadLinear(linear, out value);
        value = default;
        Span<byte> bytes = MemoryMarshal.AsBytes(new Span<T>(ref value));
        for (int i = 0; i < bytes.Length; i++)
        {
            if (!ReadLinear(Offset(linear, i), out bytes[i]))
                return false;
        }

        return true;
    }

    /// <summary>Writes an element for an instruction that never checks alignment; the place was probed.</summary>
    internal bool WriteUnaligned<T>(ulong linear, T value) where T : unmanaged
    {
        if (!_alignmentChecked)
            return WriteLinear(linear, value);
        Span<byte> bytes = MemoryMarshal.AsBytes(new Span<T>(ref value));
        for (int i = 0; i < bytes.Length; i++)
        {
            if (!WriteLinear(Offset(linear, i), bytes[i]))
                return false;
        }

        return true;
    }

    /// <summary>Checks, where that is enabled, alignment, and that 8 bytes can be written, so that writing parts of them cannot fail.</summary>
    internal bool ProbeQuadword(ulong linear) =>
        (!IsMisaligned(linear, sizeof(ulong)) || Fail(Vector.AlignmentCheck, 0)) && ProbeWrite(linear, sizeof(ulong), Cpl == 3, explicitAccess: true);

    /// <summary>Reads the memory operand of a size that the form does not tell, aligned: #GP(0) otherwise.</summary>
    internal bool ReadBlock(Operation op, Span<byte> block, int alignment)
    {
        if (!SegmentedAddress(op.Segment, EffectiveAddress(op), block.Length, write: false, out ulong linear) || !RequireAlignment(linear, alignment))
            return false;
        Span<ulong> words = MemoryMarshal.Cast<byte, ulong>(block);
        for (int i = 0; i < words.Length; i++)
        {
            if (!ReadLinear(Offset(linear, i * sizeof(ulong)), out words[i]))
                return false;
        }

        return true;
    }

    /// <summary>
    /// Prepares a write of the memory operand, aligned: afterwards the parts can be written by <see cref="WriteLinear"/> without a fault.
    /// </summary>
    internal bool PrepareBlock(Operation op, int size, int alignment, out ulong linear) =>
        SegmentedAddress(op.Segment, EffectiveAddress(op), size, write: true, out linear)
        && RequireAlignment(linear, alignment)
        && ProbeWrite(linear, size, Cpl == 3, explicitAccess: true);

    /// <summary>A linear address further on; outside 64-bit mode it wraps at 4 GiB.</summary>
    internal ulong Offset(ulong linear, int bytes) => Is64Bit ? linear + (ulong)bytes : (uint)(linear + (ulong)bytes);

    private bool RequireAlignment(ulong linear, int alignment) => (linear & (ulong)(alignment - 1)) == 0 || Fail(Vector.GeneralProtection, 0);

    /// <summary>
    /// The linear address of an operand of 16 or 32 bytes, with the alignment rule where it holds (AMD's MXCSR.MM lifts it; #AC then guards where it is
    /// enabled. APM vol. 2, 11.4). AMD's processors look at the alignment before the segment's limit and the canonical form.
    /// </summary>
    private bool AlignedAddress(Operation op, int size, bool write, bool required, out ulong linear)
    {
        ulong offset = EffectiveAddress(op);
        if (required && Model.Vendor == CpuVendor.Amd && !RequireAlignment(UncheckedLinear(op.Segment, offset), size))
        {
            linear = 0;
            return false;
        }

        return SegmentedAddress(op.Segment, offset, size, write, out linear) && (!required || RequireAlignment(linear, size));
    }
}
