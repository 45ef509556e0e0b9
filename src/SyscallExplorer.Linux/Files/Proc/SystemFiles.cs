using System.Globalization;
using System.Text;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>What /proc tells of the machine as a whole.</summary>
internal static class SystemFiles
{
    private const long NanosecondsPerTick = EmulatedTime.NanosecondsPerSecond / 100;

    public static IReadOnlyDictionary<string, SyntheticEntry> Entries { get; } = new Dictionary<string, SyntheticEntry>
    {
        ["cmdline"] = Text(machine => machine.Options.Text + "\n"),
        ["cpuinfo"] = Text(CpuInfoText.Of),
        ["devices"] = Text(_ => "Character devices:\n  1 mem\n  5 /dev/tty\n136 pts\n\nBlock devices:\n"),
        ["filesystems"] = Text(_ => "nodev\tproc\nnodev\ttmpfs\n"),
        ["interrupts"] = Text(machine => $"           CPU0       \nLOC: {machine.State.Ticks,10}   Local timer interrupts\n"),
        ["loadavg"] = Text(machine => string.Create(CultureInfo.InvariantCulture,
            $"0.00 0.00 0.00 {machine.State.Tasks.Values.Count(task => task.State == RunState.Runnable)}/{machine.State.Tasks.Count} {machine.State.NextTask - 1}\n")),
        ["meminfo"] = Text(Memory),
        ["mounts"] = new SyntheticLink(_ => "self/mounts"),
        ["stat"] = Text(Statistics),
        ["swaps"] = Text(_ => "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"),
        ["sys"] = Settings(),
        ["uptime"] = Text(Uptime),
        ["version"] = Text(machine => $"Linux version {SystemIdentity.Release(machine)} (syscall-explorer) {SystemIdentity.Version}\n"),
    };

    /// <summary>The mounts as /proc/mounts has them.</summary>
    public static string Mounts(LinuxMachine machine) =>
        string.Concat(machine.State.Mounts.Mounts.Where(mount => mount.Parent is not null || mount.Root == machine.Vfs.Root).Select(mount =>
            $"{mount.Type} {machine.Vfs.PathOf(mount.Root)} {mount.Type} {(mount.Source is HostSource ? "ro" : "rw")},relatime 0 0\n"));

    private static SyntheticFile Text(Func<LinuxMachine, string> text) => new(machine => Encoding.Latin1.GetBytes(text(machine)));

    private static FixedDirectory Settings() => new(new Dictionary<string, SyntheticEntry>
    {
        ["kernel"] = new FixedDirectory(new Dictionary<string, SyntheticEntry>
        {
            ["hostname"] = Text(_ => SystemIdentity.HostName + "\n"),
            ["ngroups_max"] = Text(_ => "65536\n"),
            ["osrelease"] = Text(machine => SystemIdentity.Release(machine) + "\n"),
            ["ostype"] = Text(_ => "Linux\n"),
            ["pid_max"] = Text(_ => "32768\n"),
            ["randomize_va_space"] = Text(machine => ProcessFiles.NumberText(machine.Options.RandomizeVaSpace) + "\n"),
            ["threads-max"] = Text(machine => ProcessFiles.NumberText(machine.Limits.Tasks) + "\n"),
            ["version"] = Text(_ => SystemIdentity.Version + "\n"),
        }),
        ["vm"] = new FixedDirectory(new Dictionary<string, SyntheticEntry>
        {
            ["mmap_min_addr"] = Text(_ => ProcessFiles.NumberText((long)AddressSpace.LowestAddress) + "\n"),
            ["overcommit_memory"] = Text(_ => "1\n"),
        }),
        ["fs"] = new FixedDirectory(new Dictionary<string, SyntheticEntry>
        {
            ["nr_open"] = Text(_ => ProcessFiles.NumberText(TaskLayout.MaxDescriptors) + "\n"),
            ["pipe-max-size"] = Text(_ => "1048576\n"),
        }),
    });

    private static string Memory(LinuxMachine machine)
    {
        long total = machine.Limits.MemoryBytes >> 10, free = machine.Frames.Available * (long)(KernelLayout.PageSize >> 10);
        long cached = machine.State.SharedPages.Values.Sum(pages => (long)pages.Count) * (long)(KernelLayout.PageSize >> 10);
        (string Name, long Kilobytes)[] lines =
        [
            ("MemTotal", total), ("MemFree", free), ("MemAvailable", free), ("Buffers", 0), ("Cached", cached), ("SwapCached", 0), ("Active", total - free),
            ("Inactive", 0), ("SwapTotal", 0), ("SwapFree", 0), ("Dirty", 0), ("Writeback", 0), ("Shmem", 0), ("Slab", 0), ("SReclaimable", 0),
        ];
        return string.Concat(lines.Select(line => string.Create(CultureInfo.InvariantCulture, $"{line.Name + ":",-16}{line.Kilobytes,8} kB\n")));
    }

    private static string Uptime(LinuxMachine machine)
    {
        long up = new EmulatedTime(machine).SinceBoot, idle = Math.Max(0, up - new EmulatedTime(machine).NanosecondsOf(BusyClock(machine)));
        static string Seconds(long nanoseconds) =>
            string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / EmulatedTime.NanosecondsPerSecond}.{nanoseconds / NanosecondsPerTick % 100:00}");
        return $"{Seconds(up)} {Seconds(idle)}\n";
    }

    private static long BusyClock(LinuxMachine machine) =>
        machine.State.Processes.Values.Where(process => process.Id == TaskIdentity.Pid).Sum(process => machine.RunningClock(process) + process.Children.Running);

    private static string Statistics(LinuxMachine machine)
    {
        var time = new EmulatedTime(machine);
        long busy = time.NanosecondsOf(BusyClock(machine)), idle = Math.Max(0, time.SinceBoot - busy);
        string counts = string.Create(CultureInfo.InvariantCulture, $"{busy / NanosecondsPerTick} 0 0 {idle / NanosecondsPerTick} 0 0 0 0 0 0");
        return string.Create(CultureInfo.InvariantCulture,
            $"cpu  {counts}\ncpu0 {counts}\nintr {machine.State.Ticks}\nctxt {machine.State.Switches}\nbtime {machine.Kernel.ReleaseTime}\n"
            + $"processes {machine.State.NextTask - TaskIdentity.Pid}\nprocs_running {machine.State.Tasks.Values.Count(task => task.State == RunState.Runnable)}\nprocs_blocked 0\n");
    }
}
