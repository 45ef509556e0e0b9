using System.Buffers.Binary;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary><c>struct user_desc</c>: a segment as set_thread_area takes it. arch/x86/include/uapi/asm/ldt.h.</summary>
/// <param name="Entry">Entry of the GDT, or -1 for any.</param>
/// <param name="Base">Linear address.</param>
/// <param name="Limit">In bytes or pages.</param>
/// <param name="Flags">seg_32bit, contents (two bits), read_exec_only, limit_in_pages, seg_not_present, useable, lm.</param>
internal readonly record struct UserDescriptor(int Entry, uint Base, uint Limit, uint Flags)
{
    private const uint Is32Bit = 1;
    private const int ContentsShift = 1;
    private const uint ContentsMask = 3;
    private const uint ReadExecuteOnly = 1 << 3;
    private const uint LimitInPages = 1 << 4;
    private const uint NotPresent = 1 << 5;
    private const uint Usable = 1 << 6;
    private const uint LongMode = 1 << 7;
    private const uint ConformingCode = 3;
    private const uint EmptyFlags = ReadExecuteOnly | NotPresent;

    private uint Contents => (Flags >> ContentsShift) & ContentsMask;

    /// <summary>What clears an entry: all zero, or the form that the C library uses for it.</summary>
    private bool IsEmpty => Base == 0 && Limit == 0 && Flags is 0 or EmptyFlags;

    /// <summary>A TLS entry is a present 32-bit data segment, or empty.</summary>
    public bool IsAllowed => IsEmpty || ((Flags & Is32Bit) != 0 && Contents <= 1 && (Flags & NotPresent) == 0);

    /// <summary>What clears an entry of the LDT: not present, not writable, and nothing else.</summary>
    private bool IsEmptyLocal => Base == 0 && Limit == 0 && (Flags & ~LongMode) == EmptyFlags;

    /// <summary>Whether modify_ldt takes it: conforming code has to be absent, and its old form takes none at all.</summary>
    public bool IsAllowedInLocalTable(bool isOld) => Contents != ConformingCode || (!isOld && (Flags & NotPresent) != 0);

    public static UserDescriptor Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadInt32LittleEndian(bytes), BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]), BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]));

    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteInt32LittleEndian(bytes, Entry);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[4..], Base);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[8..], Limit);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[12..], Flags);
    }

    /// <summary>The descriptor in the GDT: a data segment of ring 3, marked accessed. SDM vol. 3A, 3.4.5.</summary>
    public ulong Encode()
    {
        const ulong codeOrData = 1 << 4, ring3 = 3 << 5, accessed = 1, writable = 2;
        if (IsEmpty)
            return 0;
        ulong type = accessed | ((Flags & ReadExecuteOnly) == 0 ? writable : 0) | (Contents << 2);
        ulong access = type | codeOrData | ring3 | Segment.PresentBit
            | ((Flags & Usable) != 0 ? 1u << 12 : 0)
            | Segment.DefaultSizeBit
            | ((Flags & LimitInPages) != 0 ? Segment.GranularityBit : 0u);
        return (Limit & 0xFFFF) | ((Base & 0xFF_FFFFul) << 16) | (access << 40) | ((Limit & 0xF_0000ul) << 32) | ((Base & 0xFF00_0000ul) << 32);
    }

    /// <summary>
    /// The descriptor in the LDT: any segment of ring 3 but a 64-bit one, 16-bit ones among them. From Linux 4.15 on it is marked accessed, since the
    /// processor could not do so in a table that is mapped for reading only.
    /// </summary>
    public ulong EncodeLocal(bool isOld, Version version)
    {
        const ulong codeOrData = 1 << 4, ring3 = 3 << 5, writable = 2;
        const int accessedSince = 15;
        if (IsEmptyLocal || (isOld && Base == 0 && Limit == 0))
            return 0;
        ulong accessed = version >= new Version(4, accessedSince) ? 1u : 0;
        ulong access = accessed | ((Flags & ReadExecuteOnly) == 0 ? writable : 0) | (Contents << 2) | codeOrData | ring3
            | ((Flags & NotPresent) == 0 ? Segment.PresentBit : 0u)
            | ((Flags & Usable) != 0 && !isOld ? 1u << 12 : 0)
            | ((Flags & Is32Bit) != 0 ? Segment.DefaultSizeBit : 0u)
            | ((Flags & LimitInPages) != 0 ? Segment.GranularityBit : 0u);
        return (Limit & 0xFFFF) | ((Base & 0xFF_FFFFul) << 16) | (access << 40) | ((Limit & 0xF_0000ul) << 32) | ((Base & 0xFF00_0000ul) << 32);
    }

    public static UserDescriptor Decode(int entry, ulong descriptor)
    {
        if (descriptor == 0)
            return new UserDescriptor(entry, 0, 0, EmptyFlags);
        var parts = new Descriptor(descriptor);
        const uint writable = 2;
        uint limit = (uint)((descriptor & 0xFFFF) | ((descriptor >> 32) & 0xF_0000));
        uint flags = ((parts.Access & Segment.DefaultSizeBit) != 0 ? Is32Bit : 0)
            | (((uint)parts.Type >> 2) & ContentsMask) << ContentsShift
            | (((uint)parts.Type & writable) == 0 ? ReadExecuteOnly : 0)
            | ((parts.Access & Segment.GranularityBit) != 0 ? LimitInPages : 0)
            | (parts.IsPresent ? 0 : NotPresent)
            | ((parts.Access & (1 << 12)) != 0 ? Usable : 0);
        return new UserDescriptor(entry, (uint)parts.Base, limit, flags);
    }
}
