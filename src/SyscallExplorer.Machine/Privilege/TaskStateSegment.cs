namespace SyscallExplorer.Machine;

/// <summary>Offsets in the 64-bit TSS, in bytes. SDM vol. 3A, 7.7, figure 7-11.</summary>
public static class TaskStateSegment
{
    /// <summary>RSP0: the stack for entries into ring 0.</summary>
    public const int Rsp0 = 4;

    /// <summary>RSP1, which no entry uses when only rings 0 and 3 are in use.</summary>
    public const int Rsp1 = 12;

    /// <summary>RSP2.</summary>
    public const int Rsp2 = 20;

    /// <summary>IST1; the others follow at 8 bytes' distance up to IST7.</summary>
    public const int Ist1 = 36;

    /// <summary>Offset of the I/O permission bit map, 16 bits; at the same place in the 32-bit TSS.</summary>
    public const int IoMapBase = 102;

    /// <summary>Bytes without an I/O permission bit map.</summary>
    public const int Size = 104;

    /// <summary>Whether a task register holds a 16-bit TSS, as the 80286 had it.</summary>
    internal static bool Is16Bit(in Segment task) => (task.Access & 8) == 0;
}

/// <summary>
/// Offsets in the TSS of legacy mode, in bytes: the 32-bit one and that of the 80286. SDM vol. 3A, 7.2.1, figure 7-2, and 7.6, figure 7-10.
/// </summary>
internal sealed record LegacyTaskState
{
    private LegacyTaskState()
    {
    }

    public static LegacyTaskState Tss32 { get; } = new()
    {
        WordSize = 4,
        Stack0 = 4,
        PageTable = 28,
        InstructionPointer = 32,
        Flags = 36,
        Registers = 40,
        Segments = 72,
        SegmentDistance = 4,
        SegmentCount = 6,
        LocalTable = 96,
        DebugTrap = 100,
        MinimumLimit = 103,
    };

    public static LegacyTaskState Tss16 { get; } = new()
    {
        WordSize = 2,
        Stack0 = 2,
        InstructionPointer = 14,
        Flags = 16,
        Registers = 18,
        Segments = 34,
        SegmentDistance = 2,
        SegmentCount = 4,
        LocalTable = 42,
        MinimumLimit = 43,
    };

    /// <summary>The selector of the previous task, in both.</summary>
    public const int Link = 0;

    /// <summary>Bytes of a general register.</summary>
    public required int WordSize { get; init; }

    /// <summary>The stack pointer for ring 0; its selector follows, then those of rings 1 and 2.</summary>
    public required int Stack0 { get; init; }

    /// <summary>CR3; 0 where the TSS has none.</summary>
    public int PageTable { get; init; }

    public required int InstructionPointer { get; init; }

    public required int Flags { get; init; }

    /// <summary>The eight general registers in the order of their encoding.</summary>
    public required int Registers { get; init; }

    /// <summary>The segment registers in the order of their encoding.</summary>
    public required int Segments { get; init; }

    public required int SegmentDistance { get; init; }

    public required int SegmentCount { get; init; }

    public required int LocalTable { get; init; }

    /// <summary>The word whose bit 0 asks for a debug trap on a switch to the task; 0 where the TSS has none.</summary>
    public int DebugTrap { get; init; }

    /// <summary>The least limit that a switch accepts.</summary>
    public required uint MinimumLimit { get; init; }

    /// <summary>The layout of the task that a task register holds.</summary>
    public static LegacyTaskState Of(in Segment task) => TaskStateSegment.Is16Bit(task) ? Tss16 : Tss32;
}
