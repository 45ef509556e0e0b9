using System.Numerics;
using System.Runtime.CompilerServices;

namespace SyscallExplorer.Machine;

/// <content>Operands: registers, memory through segments, immediates, and the stack.</content>
public sealed partial class Processor
{
    /// <summary>The low bits of a general register.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal T Register<T>(int index) where T : unmanaged, IBinaryInteger<T> => T.CreateTruncating(S.Gpr[index]);

    /// <summary>Writes a general register: 32 bits clear the upper half, 8 and 16 keep the rest. SDM vol. 1, 3.4.1.1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void SetRegister<T>(int index, T value) where T : unmanaged, IBinaryInteger<T>
    {
        ref ulong register = ref S.Gpr[index];
        ulong bits = ulong.CreateTruncating(value);
        register = Unsafe.SizeOf<T>() switch
        {
            8 => bits,
            4 => (uint)bits,
            2 => (register & ~0xFFFFul) | (ushort)bits,
            _ => (register & ~0xFFul) | (byte)bits,
        };
    }

    /// <summary>Reads an operand. On failure an exception is pending.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool Read<T>(Operation op, Operand operand, out T value) where T : unmanaged, IBinaryInteger<T>
    {
        switch (operand.Kind)
        {
            case OperandKind.Register:
                value = Register<T>(operand.Index);
                return true;
            case OperandKind.Immediate:
                value = T.CreateTruncating(op.Immediate);
                return true;
            case OperandKind.Memory:
                return ReadMemory(op, out value);
            default:
                value = T.CreateTruncating(S.Gpr[operand.Index] >> 8);
                return true;
        }
    }

    /// <summary>Reads an operand that will be written afterwards, so that the write cannot fail.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool ReadForWrite<T>(Operation op, Operand operand, out T value) where T : unmanaged, IBinaryInteger<T>
    {
        if (operand.Kind != OperandKind.Memory)
            return Read(op, operand, out value);
        return ReadSegmentForWrite(op.Segment, EffectiveAddress(op), out value);
    }

    /// <summary>Writes an operand. On failure an exception is pending.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool Write<T>(Operation op, Operand operand, T value) where T : unmanaged, IBinaryInteger<T>
    {
        switch (operand.Kind)
        {
            case OperandKind.Register:
                SetRegister(operand.Index, value);
                return true;
            case OperandKind.Memory:
                return WriteMemory(op, value);
            default:
                ref ulong register = ref S.Gpr[operand.Index];
                register = (register & ~0xFF00ul) | (ulong)byte.CreateTruncating(value) << 8;
                return true;
        }
    }

    /// <summary>Reads the memory operand.</summary>
    internal bool ReadMemory<T>(Operation op, out T value) where T : unmanaged
    {
        value = default;
        return SegmentedAddress(op.Segment, EffectiveAddress(op), Unsafe.SizeOf<T>(), write: false, out ulong linear) && ReadLinear(linear, out value);
    }

    /// <summary>Writes the memory operand.</summary>
    internal bool WriteMemory<T>(Operation op, T value) where T : unmanaged =>
        SegmentedAddress(op.Segment, EffectiveAddress(op), Unsafe.SizeOf<T>(), write: true, out ulong linear) && WriteLinear(linear, value);

    /// <summary>Reads at an offset in a segment.</summary>
    internal bool ReadSegment<T>(SegmentName segment, ulong offset, out T value) where T : unmanaged
    {
        value = default;
        return SegmentedAddress(segment, offset, Unsafe.SizeOf<T>(), write: false, out ulong linear) && ReadLinear(linear, out value);
    }

    /// <summary>Reads at an offset in a segment that will be written afterwards, so that the write cannot fail.</summary>
    internal bool ReadSegmentForWrite<T>(SegmentName segment, ulong offset, out T value) where T : unmanaged
    {
        value = default;
        return SegmentedAddress(segment, offset, Unsafe.SizeOf<T>(), write: true, out ulong linear)
            && CanWrite(linear, Unsafe.SizeOf<T>())
            && ReadLinear(linear, out value);
    }

    /// <summary>Writes at an offset in a segment.</summary>
    internal bool WriteSegment<T>(SegmentName segment, ulong offset, T value) where T : unmanaged =>
        SegmentedAddress(segment, offset, Unsafe.SizeOf<T>(), write: true, out ulong linear) && WriteLinear(linear, value);

    /// <summary>Checks that a write at an offset in a segment would succeed; if not, an exception is pending.</summary>
    internal bool CanWriteSegment(SegmentName segment, ulong offset, int size) =>
        SegmentedAddress(segment, offset, size, write: true, out ulong linear) && CanWrite(linear, size);

    /// <summary>The offset that a memory operand names, within the address size.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ulong EffectiveAddress(Operation op)
    {
        ulong address = op.MemoryDisplacement;
        if (op.Base >= 0)
            address += S.Gpr[op.Base];
        else if (op.IsRipRelative)
            address += S.Rip + (ulong)op.Length;
        if (op.Index >= 0)
            address += S.Gpr[op.Index] * (ulong)op.Scale;
        return address & op.AddressMask;
    }

    /// <summary>Segment and offset to a linear address, with the checks of the mode. On failure #GP(0) or #SS(0) is pending. SDM vol. 3A, 5.3 and 3.4.4.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool SegmentedAddress(SegmentName name, ulong offset, int size, bool write, out ulong linear)
    {
        if (Is64Bit)
        {
            linear = name >= SegmentName.FS ? S.Segments[(int)name].Base + offset : offset;
            if (IsCanonical(linear) && IsCanonical(linear + (ulong)(size - 1)) && (name < SegmentName.FS || MayBeOffset(offset)))
                return true;
            Raise(name == SegmentName.SS ? Vector.StackFault : Vector.GeneralProtection);
            return false;
        }

        ref readonly Segment segment = ref S.Segments[(int)name];
        linear = (segment.Base + offset) & uint.MaxValue;
        return (segment.IsFlatWritable && offset + (ulong)size - 1 <= uint.MaxValue) || CheckSegment(name, segment, offset, size, write);
    }

    /// <summary>AMD wants the offset canonical too, before the base of FS or GS is added; its manuals do not say so, its processors do it.</summary>
    private bool MayBeOffset(ulong offset) => IsCanonical(offset) || Model.Vendor != CpuVendor.Amd;

    /// <summary>Segment and offset to a linear address, without any check: 64-bit mode knows the bases of FS and GS only, other modes wrap at 4 GiB.</summary>
    internal ulong UncheckedLinear(SegmentName name, ulong offset) =>
        !Is64Bit ? (uint)(SegmentBase(name) + offset) : name >= SegmentName.FS ? SegmentBase(name) + offset : offset;

    /// <summary>Whether bits 63:47 are equal, or 63:56 with 5-level paging.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool IsCanonical(ulong linear) => linear + _canonicalHalf < _canonicalHalf << 1;

    /// <summary>Pushes a value of the width given; RSP moves only when the write succeeded.</summary>
    internal bool Push<T>(T value) where T : unmanaged
    {
        ulong mask = StackMask;
        ulong pointer = (S.Gpr[(int)Gpr.Rsp] - (ulong)Unsafe.SizeOf<T>()) & mask;
        if (!WriteSegment(SegmentName.SS, pointer, value))
            return false;
        SetStackPointer(pointer);
        return true;
    }

    /// <summary>Checks that words can be pushed, so that an instruction that pushes several commits all or none.</summary>
    internal bool ProbePush(int size, int words)
    {
        for (int i = 1; i <= words; i++)
        {
            ulong offset = (S.Gpr[(int)Gpr.Rsp] - (ulong)(i * size)) & StackMask;
            if (!CanWriteSegment(SegmentName.SS, offset, size))
                return false;
        }

        return true;
    }

    /// <summary>Reads from the stack at a distance from its top, without moving it.</summary>
    internal bool Peek<T>(int distance, out T value) where T : unmanaged =>
        ReadSegment(SegmentName.SS, (S.Gpr[(int)Gpr.Rsp] + (ulong)distance) & StackMask, out value);

    /// <summary>Moves the stack pointer up or down within the stack's address size.</summary>
    internal void MoveStackPointer(long bytes) => SetStackPointer((S.Gpr[(int)Gpr.Rsp] + (ulong)bytes) & StackMask);

    /// <summary>The width of stack addresses: 64 in 64-bit mode, else by SS.B.</summary>
    internal ulong StackMask => Is64Bit ? ulong.MaxValue : S.Segments[(int)SegmentName.SS].IsBig ? uint.MaxValue : ushort.MaxValue;

    internal void SetStackPointer(ulong pointer)
    {
        ref ulong rsp = ref S.Gpr[(int)Gpr.Rsp];
        rsp = StackMask == ushort.MaxValue ? (rsp & ~0xFFFFul) | pointer : pointer;
    }

    private bool CanWrite(ulong linear, int size)
    {
        ref FastEntry entry = ref _fast.Write[_fastClassBase + (int)((linear >> 12) % FastTranslations.EntriesPerClass)];
        if (entry.Tag == FastTranslations.TagOf(linear) && (int)(linear & 0xFFF) <= PhysicalMemory.FrameSize - size)
            return true;
        if (IsMisaligned(linear, size))
        {
            Raise(Vector.AlignmentCheck);
            return false;
        }

        return ProbeWrite(linear, size, Cpl == 3, explicitAccess: true);
    }

    private bool CheckSegment(SegmentName name, in Segment segment, ulong offset, int size, bool write)
    {
        bool allowed = segment.Usable
            && (write ? segment.IsWritable : segment.IsReadable)
            && segment.Reaches(offset, size);
        if (!allowed)
            Raise(name == SegmentName.SS ? Vector.StackFault : Vector.GeneralProtection);
        return allowed;
    }
}
