using System.Collections.Immutable;
using static SyscallExplorer.Linux.Scalars;
using static SyscallExplorer.Linux.Texts;

namespace SyscallExplorer.Linux;

/// <summary>Calls on the system as a whole.</summary>
internal static class SystemRows
{
    public static ImmutableArray<CallRow> All { get; } =
    [
        new("uname", TaskArguments.SystemName),
        new("sysinfo", TaskArguments.SystemInformation),
        new("getrandom", Bytes, Size, Flags(TaskWords.Random)),
        new("sethostname", Input(1), Size),
        new("setdomainname", Input(1), Size),
        new("syslog") { Choose = SystemLog },
        new("iopl", Int),
        new("ioperm", Hexadecimal, Size, Int),
        new("vhangup"),
        new("swapon", Path, Hexadecimal32),
        new("swapoff", Path),
        new("sysfs", Hexadecimal, Hexadecimal, Hexadecimal),
        new("modify_ldt", Long, Address, Size),
        new("seccomp", Value(TaskWords.Seccomp), Flags(TaskWords.SeccompFlags), Address),
        new("_sysctl", Address),
        new("afs_syscall", Hexadecimal, Hexadecimal, Hexadecimal, Hexadecimal, Hexadecimal),
        new("vserver", Hexadecimal, Hexadecimal, Hexadecimal, Hexadecimal, Hexadecimal),
    ];

    private static ImmutableArray<ArgumentKind> SystemLog(CallText text)
    {
        const int read = 2, readClear = 4, consoleLevel = 8, last = 10;
        ArgumentKind action = ArgumentKind.In((output, slot) =>
            output.Write($"{output.Int(slot)} /* {TaskWords.SystemLog.Find(output.UInt(slot)) ?? "SYSLOG_ACTION_???"} */"));
        return text.Int(0) switch
        {
            >= read and <= readClear => [action, Output, Int],
            consoleLevel => [action, Address, Int],
            >= 0 and <= last => [action],
            _ => [action, Address, Int],
        };
    }
}
