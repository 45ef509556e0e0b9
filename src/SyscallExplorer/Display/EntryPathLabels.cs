namespace SyscallExplorer;

/// <summary>What people call the ways into the kernel.</summary>
public static class EntryPathLabels
{
    /// <summary>The path as a table's heading, such as <c>int 0x80</c>.</summary>
    public static string Label(this EntryPath path) => path switch
    {
        EntryPath.Int80 => "int 0x80",
        EntryPath.Sysenter => "SYSENTER",
        EntryPath.Syscall => "SYSCALL",
        EntryPath.SyscallCompat => "SYSCALL (32-bit)",
        EntryPath.Int80From64Bit => "int 0x80 (64-bit)",
        _ => path.ToString(),
    };
}
