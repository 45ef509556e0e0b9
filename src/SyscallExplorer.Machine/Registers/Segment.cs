using System.Runtime.CompilerServices;

namespace SyscallExplorer.Machine;

/// <summary>The six segment registers, in the order of their encoding. SDM vol. 1, 3.4.2.</summary>
public enum SegmentName
{
    /// <summary>ES.</summary>
    ES,

    /// <summary>CS.</summary>
    CS,

    /// <summary>SS.</summary>
    SS,

    /// <summary>DS.</summary>
    DS,

    /// <summary>FS.</summary>
    FS,

    /// <summary>GS.</summary>
    GS,
}

/// <summary>
/// A segment register with its descriptor cache: what the processor keeps of the descriptor that was loaded last.
/// SDM vol. 3A, 3.4.3.
/// </summary>
/// <param name="Selector">The visible part.</param>
/// <param name="Base">Linear address of byte 0.</param>
/// <param name="Limit">Last valid offset in bytes, granularity applied.</param>
/// <param name="Access">Access rights as the descriptor holds them: type in bits 3:0, S 4, DPL 6:5, P 7, AVL 12, L 13, D/B 14, G 15; 0 when unusable.</param>
public readonly record struct Segment(ushort Selector, ulong Base, uint Limit, ushort Access)
{
    /// <summary>Bit S: code or data, not a system descriptor.</summary>
    public const ushort CodeOrData = 1 << 4;

    /// <summary>Bit P.</summary>
    public const ushort PresentBit = 1 << 7;

    /// <summary>Bit L: 64-bit code.</summary>
    public const ushort LongBit = 1 << 13;

    /// <summary>Bit D/B: 32-bit default size.</summary>
    public const ushort DefaultSizeBit = 1 << 14;

    /// <summary>Bit G: the limit counts 4 KiB units.</summary>
    public const ushort GranularityBit = 1 << 15;

    /// <summary>Whether the cache holds a usable descriptor; a NULL selector leaves it unusable.</summary>
    public bool Usable => (Access & PresentBit) != 0;

    /// <summary>Descriptor privilege level.</summary>
    public int Dpl => (Access >> 5) & 3;

    /// <summary>Requested privilege level of the selector.</summary>
    public int Rpl => Selector & 3;

    /// <summary>Whether this is a code segment.</summary>
    public bool IsCode => (Access & 0x18) == 0x18;

    /// <summary>Whether a data segment may be written.</summary>
    public bool IsWritable => (Access & 0x1A) == 0x12;

    /// <summary>Whether it may be read: data, or code with R.</summary>
    public bool IsReadable => (Access & 0x18) == 0x10 || (Access & 0x1A) == 0x1A;

    /// <summary>Conforming code.</summary>
    public bool IsConforming => (Access & 0x1C) == 0x1C;

    /// <summary>Expand-down data.</summary>
    public bool IsExpandDown => (Access & 0x1C) == 0x14;

    /// <summary>64-bit code.</summary>
    public bool IsLong => (Access & LongBit) != 0;

    /// <summary>32-bit default size (D/B).</summary>
    public bool IsBig => (Access & DefaultSizeBit) != 0;

    /// <summary>Whether an access lies within the limit. SDM vol. 3A, 5.3.</summary>
    internal bool Reaches(ulong offset, int size) => IsExpandDown
        ? offset > Limit && offset + (ulong)size - 1 <= (IsBig ? uint.MaxValue : ushort.MaxValue)
        : offset + (ulong)size - 1 <= Limit;

    /// <summary>Base 0, limit 4 GiB - 1, present and writable: accesses need no check.</summary>
    internal bool IsFlatWritable
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Base == 0 && Limit == uint.MaxValue && (Access & 0x9E) == 0x92;
    }

    /// <summary>A flat segment as SYSCALL, SYSENTER and their returns make it, without reading the descriptor table.</summary>
    internal static Segment Flat(int selector, int type, int dpl, bool longMode, bool big) =>
        new((ushort)selector, 0, uint.MaxValue, (ushort)(type | CodeOrData | (dpl << 5) | PresentBit | GranularityBit | (longMode ? LongBit : 0) | (big ? DefaultSizeBit : 0)));

    /// <summary>Flat code, readable and accessed: of 64 bits in long mode, else of 32.</summary>
    internal static Segment FlatCode(int selector, int dpl, bool longMode) => Flat(selector, type: 0xB, dpl, longMode, big: !longMode);

    /// <summary>Flat data, writable and accessed, as a stack.</summary>
    internal static Segment FlatStack(int selector, int dpl) => Flat(selector, type: 0x3, dpl, longMode: false, big: true);

    /// <summary>The cache of a NULL selector.</summary>
    internal static Segment Null(ushort selector) => new(selector, 0, 0, 0);
}

/// <summary>GDTR or IDTR. SDM vol. 3A, 2.4.</summary>
/// <param name="Base">Linear address of the table.</param>
/// <param name="Limit">Last valid byte offset.</param>
public readonly record struct TableRegister(ulong Base, ushort Limit);

[InlineArray(6)]
internal struct SegmentFile
{
    private Segment _first;
}
