using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary><c>posix_clocks</c> of 64-bit kernels: for each number of a clock its <c>k_clock</c>, which leads to the function that reads it; and the clocksource behind them.</summary>
internal static class PosixClockTable
{
    /// <summary><c>k_clock</c>: the function that reads it into a time in kernel memory.</summary>
    public const int GetTime = 0x08;

    /// <summary><c>clocksource</c>: the function that reads the counter.</summary>
    public const int ReadCounter = 0x00;

    /// <summary>Numbers in the table.</summary>
    public const int Count = ClockIds.Tai + 1;

    private const ulong TableOffset = 0x9600, ClocksOffset = 0x9680, CpuOffset = 0x9A00, SourceOffset = 0x9A80, Stride = 0x40;

    /// <summary>Numbers and the functions that read them.</summary>
    private static readonly (int Clock, string Function)[] s_clocks =
    [
        (ClockIds.Realtime, PosixClocks.Realtime), (ClockIds.Monotonic, PosixClocks.Monotonic), (ClockIds.ProcessTime, PosixClocks.Cpu), (ClockIds.ThreadTime, PosixClocks.Cpu),
        (ClockIds.MonotonicRaw, PosixClocks.Raw), (ClockIds.RealtimeCoarse, PosixClocks.RealtimeCoarse), (ClockIds.MonotonicCoarse, PosixClocks.MonotonicCoarse),
        (ClockIds.Boottime, PosixClocks.Boottime), (ClockIds.Tai, PosixClocks.Tai),
    ];

    /// <summary>Linear address of the table.</summary>
    public static ulong Address => KernelLayout.ReadOnlyData + TableOffset;

    /// <summary>Linear address of the <c>k_clock</c> for negative numbers, which stand for the processor time of some process or thread.</summary>
    public static ulong Cpu => KernelLayout.ReadOnlyData + CpuOffset;

    /// <summary>Writes them.</summary>
    /// <param name="ram">The machine's.</param>
    /// <param name="symbols">Where the kernel's functions are.</param>
    public static void Write(PhysicalMemory ram, IReadOnlyDictionary<string, ulong> symbols)
    {
        foreach ((int clock, string function) in s_clocks)
        {
            ulong record = ClocksOffset + ((ulong)clock * Stride);
            ram.WriteUInt64(KernelLayout.ReadOnlyDataPhysical + TableOffset + ((ulong)clock * 8), KernelLayout.ReadOnlyData + record);
            ram.WriteUInt64(KernelLayout.ReadOnlyDataPhysical + record + GetTime, symbols[function]);
        }

        ram.WriteUInt64(KernelLayout.ReadOnlyDataPhysical + CpuOffset + GetTime, symbols[PosixClocks.Cpu]);
        ram.WriteUInt64(KernelLayout.ReadOnlyDataPhysical + SourceOffset + ReadCounter, symbols[PosixClocks.ReadTsc]);
        ram.WriteUInt64(KernelLayout.DataPhysical + (KernelLayout.Timekeeper - KernelLayout.Data) + TimekeeperLayout.Source, KernelLayout.ReadOnlyData + SourceOffset);
    }
}
