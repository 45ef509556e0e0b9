using System.Runtime.CompilerServices;

namespace SyscallExplorer.Machine;

/// <summary>IA32_FRED_RSP0 to 3.</summary>
[InlineArray(4)]
internal struct FredStacks
{
    private ulong _first;
}

/// <summary>The model-specific registers of FRED. SDM vol. 4, 1CCh to 1D4h; Intel, FRED specification, no. 346446.</summary>
internal struct FredRegisters
{
    /// <summary>Stack pointers are multiples of 64.</summary>
    public const ulong StackReserved = 0x3F;

    /// <summary>Bits 2, 5:4 and 11 of IA32_FRED_CONFIG.</summary>
    public const ulong ConfigReserved = 0x834;

    /// <summary>Where the entry for events of ring 0 stands behind that for ring 3.</summary>
    private const ulong SupervisorEntry = 256;
    private const ulong LevelMask = 3;
    private const ulong RedzoneMask = 0x1C0;
    private const int InterruptLevelShift = 9;

    public FredStacks Stacks;
    public ulong StackLevels;
    public ulong Config;

    /// <summary>CSL, which software sees in bits 1:0 of IA32_FRED_CONFIG.</summary>
    public int Level
    {
        readonly get => (int)(Config & LevelMask);
        set => Config = (Config & ~LevelMask) | (uint)value;
    }

    /// <summary>Bytes that an event leaves free below the stack pointer, when it stays on the same stack.</summary>
    public readonly ulong Redzone => Config & RedzoneMask;

    /// <summary>The stack level of external interrupts.</summary>
    public readonly int InterruptLevel => (int)((Config >> InterruptLevelShift) & LevelMask);

    /// <summary>The stack level of an exception.</summary>
    public readonly int LevelOf(Vector vector) => (int)((StackLevels >> (2 * (int)vector)) & LevelMask);

    /// <summary>The address of the handler.</summary>
    public readonly ulong Entry(bool fromUser) => (Config & ~0xFFFul) + (fromUser ? 0 : SupervisorEntry);
}
