using System.Collections.Immutable;
using static SyscallExplorer.Linux.Scalars;
using static SyscallExplorer.Linux.Texts;

namespace SyscallExplorer.Linux;

/// <summary>Calls on the system as a whole.</summary>
internal static class SystemRows
{
    private static readonly ImmutableArray<ArgumentKind> s_filter = [Flags(TaskWords.SeccompFlags), ProcessControlArguments.SeccompProgram];
    private static readonly ImmutableArray<ArgumentKind> s_other = [Hexadecimal32, Address];

    private static ArgumentKind HostName { get; } = ArgumentKind.In((text, slot) =>
    {
        const uint most = 64;
        if (text.UInt(slot + 1) <= most)
            Buffer(text, text[slot], text.UInt(slot + 1));
        else
            text.Address(text[slot]);
    });

    public static ImmutableArray<CallRow> All { get; } =
    [
        new("uname", TaskArguments.SystemName),
        new("sysinfo", TaskArguments.SystemInformation),
        new("getrandom", Bytes, Size, Flags(TaskWords.Random)),
        new("sethostname", HostName, UInt),
        new("setdomainname", HostName, UInt),
        new("syslog") { Choose = SystemLog },
        new("iopl", Int),
        new("ioperm", Hexadecimal, Hexadecimal, Int),
        new("vhangup"),
        new("swapon", PathName, Formula(SwapFlags)),
        new("swapoff", PathName),
        new("sysfs", Hexadecimal, Hexadecimal, Hexadecimal),
        new("modify_ldt", Int, Address, Size),
        new("seccomp") { Choose = text => [Value(TaskWords.Seccomp), .. text.UInt(0) == 1 ? s_filter : s_other] },
        new("_sysctl", Address),
        new("afs_syscall", Hexadecimal, Hexadecimal, Hexadecimal, Hexadecimal, Hexadecimal),
        new("vserver", Hexadecimal, Hexadecimal, Hexadecimal, Hexadecimal, Hexadecimal),
    ];

    private static string SwapFlags(uint value)
    {
        const uint priority = 0x7fff;
        string flags = (value & ~priority) == 0 ? "" : FileWords.SwapOn.Format(value & ~priority) + "|";
        return $"{flags}{value & priority}";
    }

    private static ImmutableArray<ArgumentKind> SystemLog(CallText text)
    {
        const int read = 2, readClear = 4, consoleLevel = 8, last = 10;
        ArgumentKind action = ArgumentKind.In((output, slot) =>
            output.Write($"{output.Int(slot)} /* {TaskWords.SystemLog.Find(output.UInt(slot)) ?? "SYSLOG_ACTION_???"} */"));
        ArgumentKind level = ArgumentKind.In((output, slot) =>
            output.Write($"{output.Int(slot)} /* {TaskWords.LogLevels.Find(output.UInt(slot)) ?? "LOGLEVEL_???"} */"));
        return text.Int(0) switch
        {
            >= read and <= readClear => [action, Output, Int],
            consoleLevel => [action, Address, level],
            >= 0 and <= last => [action],
            _ => [action, Address, Int],
        };
    }
}
