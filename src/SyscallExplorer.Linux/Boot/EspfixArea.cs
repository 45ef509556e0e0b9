using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>
/// The small stack of <see cref="EspfixReturn"/>: one page, which shows at every address that differs in bits 16 to 31 alone. The tables of the lower levels
/// are their own copies, so that three of them map it 65536 times. Documentation/x86/x86_64/mm.rst of Linux 5.13 gives the region.
/// </summary>
internal static class EspfixArea
{
    /// <summary>The entry of the top-level table, counted from its end.</summary>
    public const int TopLevelEntry = -2;

    public const ulong Base = 0xFFFF_FF00_0000_0000;

    /// <summary>Physical address of the page.</summary>
    public const ulong Physical = KernelLayout.PerCpuPhysical + 0xB000;

    private const int StackSize = 64;
    private const int Entries = 512;
    private const int PagesBetweenAliases = 16;
    private const ulong Table = PageEntry.P | PageEntry.RW | PageEntry.A;

    /// <summary>Maps the page for reading.</summary>
    /// <param name="ram">The machine's memory.</param>
    /// <param name="frames">Where tables come from.</param>
    /// <param name="root">The kernel's top-level table; that of the user shares its entry.</param>
    public static void Map(PhysicalMemory ram, FrameAllocator frames, ulong root)
    {
        const int giga = 4;
        ulong lowest = Take(frames), middle = Take(frames), upper = Take(frames);
        for (int entry = 0; entry < Entries; entry += PagesBetweenAliases)
            ram.WriteUInt64(lowest + (ulong)entry * 8, Physical | PageEntry.P | PageEntry.A | PageEntry.NX);
        for (int entry = 0; entry < Entries; entry++)
            ram.WriteUInt64(middle + (ulong)entry * 8, lowest | Table);
        for (int entry = 0; entry < giga; entry++)
            ram.WriteUInt64(upper + (ulong)entry * 8, middle | Table);
        ram.WriteUInt64(root + (ulong)(Entries + TopLevelEntry) * 8, upper | Table);
    }

    /// <summary>The CPU's words: where the stack is read and where it is written. Which of the page's stacks it is, is random.</summary>
    public static void WritePerCpu(PhysicalMemory ram, ulong seed)
    {
        ulong offset = seed % (KernelLayout.PageSize / StackSize) * StackSize;
        ram.WriteUInt64(KernelLayout.PerCpuPhysical + PerCpuOffsets.EspfixStack, Base + offset);
        ram.WriteUInt64(KernelLayout.PerCpuPhysical + PerCpuOffsets.EspfixWritable, KernelLayout.DirectMapped(Physical) + offset);
    }

    private static ulong Take(FrameAllocator frames) => frames.TryTake() ?? throw new InvalidOperationException("The guest has no RAM.");
}
