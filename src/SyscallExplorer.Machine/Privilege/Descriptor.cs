namespace SyscallExplorer.Machine;

/// <summary>The eight bytes of a segment or system descriptor. SDM vol. 3A, 3.4.5 and 3.5.</summary>
/// <param name="Raw">The bytes, little-endian.</param>
public readonly record struct Descriptor(ulong Raw)
{
    /// <summary>An available TSS, 64-bit in long mode and 32-bit else.</summary>
    public const int AvailableTss = 9;

    /// <summary>A busy TSS, 64-bit in long mode and 32-bit else.</summary>
    public const int BusyTss = 11;

    /// <summary>An available TSS of the 80286. SDM vol. 3A, table 3-2.</summary>
    internal const int AvailableTss16 = 1;

    /// <summary>A busy TSS of the 80286.</summary>
    internal const int BusyTss16 = 3;

    /// <summary>A 16-bit call gate.</summary>
    internal const int CallGate16 = 4;

    /// <summary>A task gate.</summary>
    internal const int TaskGate = 5;

    /// <summary>An LDT.</summary>
    public const int LocalDescriptorTable = 2;

    /// <summary>A call gate, 64-bit in long mode and 32-bit else.</summary>
    public const int CallGate = 12;

    internal const ulong AccessedBit = 1ul << 40;
    internal const ulong TssBusyBit = 1ul << 41;

    /// <summary>Access rights in the layout of <see cref="Segment.Access"/>.</summary>
    public ushort Access => (ushort)((Raw >> 40) & 0xF0FF);

    /// <summary>Base address, 32 bits of it.</summary>
    public ulong Base => ((Raw >> 16) & 0xFF_FFFF) | ((Raw >> 32) & 0xFF00_0000);

    /// <summary>Limit in bytes, granularity applied.</summary>
    public uint Limit
    {
        get
        {
            uint limit = (uint)((Raw & 0xFFFF) | ((Raw >> 32) & 0xF_0000));
            return (Access & Segment.GranularityBit) != 0 ? (limit << 12) | 0xFFF : limit;
        }
    }

    /// <summary>Type, bits 43:40.</summary>
    public int Type => (int)((Raw >> 40) & 15);

    /// <summary>A system descriptor (S = 0).</summary>
    public bool IsSystem => (Access & Segment.CodeOrData) == 0;

    /// <summary>The present bit.</summary>
    public bool IsPresent => (Access & Segment.PresentBit) != 0;

    /// <summary>Descriptor privilege level.</summary>
    public int Dpl => (Access >> 5) & 3;

    /// <summary>Of a gate of legacy mode: 32 bits wide, not 16.</summary>
    internal bool IsWideGate => (Type & 8) != 0;

    /// <summary>Of a gate: the selector that it names.</summary>
    internal ushort GateSelector => (ushort)(Raw >> 16);

    /// <summary>Of a gate of legacy mode: the offset that it leads to.</summary>
    internal uint LegacyTarget => (uint)(Raw & 0xFFFF) | (IsWideGate ? (uint)(Raw >> 32) & 0xFFFF_0000 : 0);

    /// <summary>What a segment register holds after loading it.</summary>
    public Segment ToSegment(ushort selector) => new(selector, Base, Limit, Access);
}
