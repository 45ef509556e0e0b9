using System.Collections.Immutable;
using System.Globalization;

namespace SyscallExplorer.Linux;

/// <summary>A system call as the kernel's audit writes it down: a record of type SYSCALL.</summary>
/// <param name="Serial">Counts the records from 1 on.</param>
/// <param name="Time">The guest's wall clock at the exit, in nanoseconds since 1970.</param>
/// <param name="Architecture">AUDIT_ARCH_ value: c000003e for 64-bit calls, 40000003 for 32-bit ones.</param>
/// <param name="Number">The call's number.</param>
/// <param name="Result">What it returned.</param>
/// <param name="Arguments">Its first four arguments.</param>
/// <param name="ParentPid">The number of its parent's process.</param>
/// <param name="Pid">The calling thread.</param>
/// <param name="Uid">The caller's user.</param>
/// <param name="Gid">The caller's group.</param>
/// <param name="CommandName">The name that the caller has in /proc.</param>
/// <param name="Executable">Its program's file.</param>
public sealed record AuditRecord(
    long Serial, long Time, uint Architecture, int Number, long Result, ImmutableArray<ulong> Arguments, int ParentPid, int Pid, int Uid, int Gid,
    string CommandName, string Executable)
{
    private const uint Unset = uint.MaxValue;
    private const long NanosecondsPerMillisecond = 1_000_000, MillisecondsPerSecond = 1000;

    /// <summary>Whether the call did not fail.</summary>
    public bool IsSuccess => Result is >= 0 or < -Errno.MAX_ERRNO;

    /// <summary>The record as <c>ausearch --raw</c> shows it.</summary>
    public override string ToString()
    {
        long milliseconds = Time / NanosecondsPerMillisecond;
        string time = string.Create(CultureInfo.InvariantCulture, $"{milliseconds / MillisecondsPerSecond}.{milliseconds % MillisecondsPerSecond:D3}:{Serial}");
        string arguments = string.Join(' ', Arguments.Select((value, index) => string.Create(CultureInfo.InvariantCulture, $"a{index}={value:x}")));
        return string.Create(CultureInfo.InvariantCulture,
            $"type=SYSCALL msg=audit({time}): arch={Architecture:x} syscall={Number} success={(IsSuccess ? "yes" : "no")} exit={Result} {arguments} items=0 "
            + $"ppid={ParentPid} pid={Pid} auid={Unset} uid={Uid} gid={Gid} euid={Uid} suid={Uid} fsuid={Uid} egid={Gid} sgid={Gid} fsgid={Gid} "
            + $"tty=(none) ses={Unset} comm={Quoted(CommandName)} exe={Quoted(Executable)} key=(null)");
    }

    /// <summary>A string with blanks, quotes or control characters is written in hexadecimal.</summary>
    private static string Quoted(string text) =>
        text.Length == 0 ? "(null)"
        : text.All(c => c is > ' ' and < '\x7F' and not '"') ? $"\"{text}\""
        : Convert.ToHexString(System.Text.Encoding.Latin1.GetBytes(text));
}
