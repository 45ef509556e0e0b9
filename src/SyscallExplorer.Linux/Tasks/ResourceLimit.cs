namespace SyscallExplorer.Linux;

/// <summary>A soft and a hard limit. include/uapi/asm-generic/resource.h and include/asm-generic/resource.h give numbers and first values.</summary>
/// <param name="Soft">What holds.</param>
/// <param name="Hard">How far the soft one may be raised.</param>
internal readonly record struct ResourceLimit(ulong Soft, ulong Hard)
{
    public const int Count = 16;
    public const ulong Infinity = ulong.MaxValue;
    public const int ProcessorTime = 0, Data = 2, Stack = 3, Processes = 6, Files = 7, AddressSpace = 9, PendingSignals = 11, Nice = 13, RealTime = 14;
    private const int Core = 4, LockedMemory = 8, MessageQueues = 12;

    /// <summary>What a program starts with.</summary>
    public static ResourceLimit InitialOf(int resource) => resource switch
    {
        Stack => new(UserSpace.StackSize, Infinity),
        Core => new(0, Infinity),
        Files => new(TaskLayout.MaxDescriptors, TaskLayout.MaxDescriptors),
        LockedMemory => new(64 << 10, 64 << 10),
        Processes or PendingSignals => new(1024, 1024),
        MessageQueues => new(819_200, 819_200),
        Nice or RealTime => new(0, 0),
        _ => new(Infinity, Infinity),
    };
}
