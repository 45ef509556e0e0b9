using SyscallExplorer.Linux;

namespace SyscallExplorer;

/// <summary>Numbers of the host's system calls: a number never changes, so that the tables of one kernel serve for all that have the call.</summary>
internal static class HostCalls
{
    /// <summary>A number that no kernel has given away in either table, below the bit that marks x32 calls.</summary>
    public const int Unused = 10_000;

    /// <summary>The bit that marks x32 calls, in the 64-bit table.</summary>
    public const int X32Bit = 0x4000_0000;

    /// <summary>The number of a call for programs of a word size.</summary>
    public static int NumberOf(string name, int bitness) => (bitness == 64 ? Kernels.Linux_5_13.Table64 : Kernels.Linux_5_13.Table32)[name].Number;
}
