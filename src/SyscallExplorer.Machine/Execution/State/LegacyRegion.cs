using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SyscallExplorer.Machine;

/// <summary>
/// FXSAVE's image, which is also the legacy region of the XSAVE area: where each register stands in its 512 bytes. SDM vol. 1, 10.5.1; vol. 2A, FXSAVE,
/// tables 3-43 to 3-46.
/// </summary>
internal static class LegacyRegion
{
    public const int MxcsrOffset = 24;
    private const int FloatRegisters = 32;
    private const int FloatRegistersEnd = FloatRegisters + 8 * 16;
    private const int VectorRegisters = 160;

    /// <summary>Puts the x87 state in. With a wide image the pointers are 64 bits, else 32 bits and a selector.</summary>
    public static void StoreX87(in X87State state, Span<byte> image, bool wide)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(image, state.Control);
        BinaryPrimitives.WriteUInt16LittleEndian(image[2..], state.Status);
        BinaryPrimitives.WriteUInt16LittleEndian(image[4..], state.Valid);
        BinaryPrimitives.WriteUInt16LittleEndian(image[6..], state.Opcode);
        StorePointer(image[8..], state.InstructionPointer, state.InstructionSelector, wide);
        StorePointer(image[16..], state.DataPointer, state.DataSelector, wide);
        for (int i = 0; i < 8; i++)
        {
            ExtendedReal value = state.Registers[(state.Top + i) & 7];
            Span<byte> slot = image.Slice(FloatRegisters + i * 16, 16);
            BinaryPrimitives.WriteUInt64LittleEndian(slot, value.Significand);
            BinaryPrimitives.WriteUInt64LittleEndian(slot[8..], value.SignAndExponent);
        }
    }

    /// <summary>Takes the x87 state out. ES and B of the status word follow from its flags and the masks.</summary>
    public static X87State LoadX87(ReadOnlySpan<byte> image, bool wide)
    {
        ushort control = BinaryPrimitives.ReadUInt16LittleEndian(image);
        ushort status = BinaryPrimitives.ReadUInt16LittleEndian(image[2..]);
        var state = new X87State
        {
            Control = (ushort)((control & X87Control.Writable) | X87Control.Fixed),
            Status = X87Status.WithSummary(status, control),
            Valid = image[4],
            Opcode = (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(image[6..]) & X87State.OpcodeMask),
        };
        (state.InstructionPointer, state.InstructionSelector) = LoadPointer(image[8..], wide);
        (state.DataPointer, state.DataSelector) = LoadPointer(image[16..], wide);
        for (int i = 0; i < 8; i++)
        {
            ReadOnlySpan<byte> slot = image.Slice(FloatRegisters + i * 16, 16);
            state.Registers[(state.Top + i) & 7] =
                new ExtendedReal(BinaryPrimitives.ReadUInt64LittleEndian(slot), BinaryPrimitives.ReadUInt16LittleEndian(slot[8..]));
        }

        return state;
    }

    /// <summary>Puts MXCSR and its mask in.</summary>
    public static void StoreMxcsr(uint mxcsr, uint mask, Span<byte> image)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(image[MxcsrOffset..], mxcsr);
        BinaryPrimitives.WriteUInt32LittleEndian(image[(MxcsrOffset + 4)..], mask);
    }

    /// <summary>Takes MXCSR out.</summary>
    public static uint LoadMxcsr(ReadOnlySpan<byte> image) => BinaryPrimitives.ReadUInt32LittleEndian(image[MxcsrOffset..]);

    /// <summary>Where XMM(i) stands.</summary>
    public static Span<byte> Xmm(Span<byte> image, int index) => image.Slice(VectorRegisters + index * 16, 16);

    /// <summary>Puts the first XMM registers in.</summary>
    public static void StoreXmm(in VectorRegisters vectors, int count, Span<byte> image)
    {
        for (int i = 0; i < count; i++)
            MemoryMarshal.Write(Xmm(image, i), vectors[i].GetLower());
    }

    /// <summary>Takes the first XMM registers out; the upper halves stay.</summary>
    public static void LoadXmm(ref VectorRegisters vectors, int count, Span<byte> image)
    {
        for (int i = 0; i < count; i++)
            vectors[i] = vectors[i].WithLower(MemoryMarshal.Read<Vector128<byte>>(Xmm(image, i)));
    }

    /// <summary>The parts that belong to the x87 component: bytes 23:0 and the registers.</summary>
    public static ReadOnlySpan<(int Start, int End)> X87Ranges => s_x87Ranges;

    private static readonly (int Start, int End)[] s_x87Ranges = [(0, MxcsrOffset), (FloatRegisters, FloatRegistersEnd)];

    /// <summary>Where the XMM registers of a mode end: eight outside 64-bit mode.</summary>
    public static (int Start, int End) XmmRange(int count) => (VectorRegisters, VectorRegisters + count * 16);

    private static void StorePointer(Span<byte> place, ulong offset, ushort selector, bool wide)
    {
        if (wide)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(place, offset);
            return;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(place, (uint)offset);
        BinaryPrimitives.WriteUInt32LittleEndian(place[4..], selector);
    }

    private static (ulong Offset, ushort Selector) LoadPointer(ReadOnlySpan<byte> place, bool wide) =>
        wide
            ? (BinaryPrimitives.ReadUInt64LittleEndian(place), (ushort)0)
            : (BinaryPrimitives.ReadUInt32LittleEndian(place), BinaryPrimitives.ReadUInt16LittleEndian(place[4..]));
}
