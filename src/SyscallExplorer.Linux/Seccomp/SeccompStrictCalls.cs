namespace SyscallExplorer.Linux;

/// <summary>What seccomp's strict mode allows: read, write, exit and the return from handlers. man 2 seccomp.</summary>
internal static class SeccompStrictCalls
{
    private static readonly int[] s_native = [0, 1, 60, 15];
    private static readonly int[] s_compat = [3, 4, 1, 119];

    public static bool Has(int number, bool compat) => (compat ? s_compat : s_native).Contains(number);
}
