using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using SyscallExplorer.Linux;
using Xunit;

namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>What programs find that look at the machine itself. It cannot be compared with the host; these are expectations that were reviewed.</summary>
public sealed partial class MachineViewTests
{
    [SkippableFact]
    public void Ls_of_proc_shows_the_processes_and_the_files_of_the_system()
    {
        string[] lines = Run("ls -l /proc");
        Assert.Equal("total 0", lines[0]);
        string[] expected =
        [
            "dr-xr-xr-x 4 1000 1000 1000",
            "-r--r--r-- 1 0 0 cmdline",
            "-r--r--r-- 1 0 0 cpuinfo",
            "-r--r--r-- 1 0 0 devices",
            "-r--r--r-- 1 0 0 filesystems",
            "-r--r--r-- 1 0 0 interrupts",
            "-r--r--r-- 1 0 0 loadavg",
            "-r--r--r-- 1 0 0 meminfo",
            "lrwxrwxrwx 1 0 0 mounts -> self/mounts",
            "lrwxrwxrwx 1 0 0 self -> 1000",
            "-r--r--r-- 1 0 0 stat",
            "-r--r--r-- 1 0 0 swaps",
            "dr-xr-xr-x 5 0 0 sys",
            "lrwxrwxrwx 1 0 0 thread-self -> 1000/task/1000",
            "-r--r--r-- 1 0 0 uptime",
            "-r--r--r-- 1 0 0 version",
        ];
        Assert.Equal(expected, lines[1..].Select(line => SizeAndTime().Replace(Spaces().Replace(line, " "), " ")));
    }

    [SkippableFact]
    public void Ps_shows_every_process_with_its_user_and_its_command()
    {
        string[] lines = Run("sleep 100 & sleep 1; ps -o pid,ppid,pgid,user,stat,args; kill $!");
        Assert.Equal(
            ["PID PPID PGID USER STAT COMMAND", "1000 999 1000 1000 S sh", "1001 1000 1000 1000 S sleep 100", "1003 1000 1000 1000 R {ps} sh"],
            lines.Select(line => CommandLine().Replace(Spaces().Replace(line, " ").Trim(), "$1sh")));
    }

    [SkippableFact]
    public void Free_shows_the_memory_that_programs_may_use_and_how_much_of_it_they_do()
    {
        string[] lines = Run("free");
        Assert.Equal(["total", "used", "free", "shared", "buff/cache", "available"], lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        long[] numbers = [.. lines[1].Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(word => long.Parse(word, CultureInfo.InvariantCulture))];
        Assert.StartsWith("Mem:", lines[1], StringComparison.Ordinal);
        Assert.Equal(ProgramLimits.Default.MemoryBytes >> 10, numbers[0]);
        Assert.Equal(numbers[0], numbers[1] + numbers[2] + numbers[4]);
        Assert.InRange(numbers[1], 50, 4000);
        Assert.Equal(["Swap:", "0", "0", "0"], lines[2].Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    [SkippableFact]
    public void A_process_reads_of_itself_what_the_kernel_knows()
    {
        string[] lines = Run("cat /proc/version; cat /proc/self/comm; grep -c vmx /proc/cpuinfo; readlink /proc/self/exe; cat /proc/self/syscall");
        Assert.StartsWith("Linux version 5.13.0 ", lines[0], StringComparison.Ordinal);
        Assert.Equal(["cat", "0", BusyBox.Path, "running"], lines[1..]);
    }

    private static string[] Run(string script)
    {
        LinuxMachine machine = InKit.Load(BusyBox.Path, ["sh", "-c", script]);
        InKit.ToEnd(machine);
        Assert.True(machine.ExitStatus == 0, Encoding.UTF8.GetString(machine.Error));
        return Encoding.UTF8.GetString(machine.Output).TrimEnd('\n').Split('\n');
    }

    [GeneratedRegex(@" +")]
    private static partial Regex Spaces();

    [GeneratedRegex(@" 0 Jun 27 22:21 ")]
    private static partial Regex SizeAndTime();

    /// <summary>A command that is shown by its name and its whole line.</summary>
    [GeneratedRegex(@"(\{\w+\} )?\S*busybox sh -c .*$")]
    private static partial Regex CommandLine();
}
