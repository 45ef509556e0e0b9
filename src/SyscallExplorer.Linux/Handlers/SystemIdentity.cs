namespace SyscallExplorer.Linux;

/// <summary>The names by which the machine calls itself, for uname and /proc.</summary>
internal static class SystemIdentity
{
    public const string HostName = "syscall-explorer";
    public const string Version = "#1 SMP";

    public static string Release(LinuxMachine machine) => machine.Kernel.Traits.Version.Build < 0 ? $"{machine.Kernel.Release}.0" : machine.Kernel.Release;
}
