using System.Globalization;
using System.Text;

namespace SyscallExplorer.Linux;

/// <summary>/proc/PID/status.</summary>
internal static class TaskStatusText
{
    public static string Of(LinuxMachine machine, TaskState task)
    {
        ProcessState process = machine.State.Processes[task.Process];
        MemoryMap? map = machine.State.Maps.GetValueOrDefault(task.Map);
        char letter = TaskTexts.StateLetter(machine, task);
        string state = letter switch { 'R' => "R (running)", 'S' => "S (sleeping)", 'T' => "T (stopped)", 't' => "t (tracing stop)", _ => "Z (zombie)" };
        int mask = machine.State.FileSystems.GetValueOrDefault(task.FileSystem)?.Context.Mask ?? 0;
        const int smallestTable = 64;
        int descriptors = machine.State.FileTables.GetValueOrDefault(task.FileTable)?.Descriptors.Keys.LastOrDefault() + 1 ?? 0;
        var text = new StringBuilder();
        void Line(string name, string value) => text.Append(name).Append(":\t").Append(value).Append('\n');
        void Number(string name, long value) => Line(name, ProcessFiles.NumberText(value));
        void Kilobytes(string name, ulong bytes) => Line(name, string.Create(CultureInfo.InvariantCulture, $"{bytes >> 10,8} kB"));
        void Set(string name, ulong set) => Line(name, string.Create(CultureInfo.InvariantCulture, $"{set:x16}"));

        Line("Name", task.CommandName);
        if (task.IsAlive)
            Line("Umask", "0" + Convert.ToString(mask, 8).PadLeft(3, '0'));
        Line("State", state);
        Number("Tgid", process.Id);
        Number("Ngid", 0);
        Number("Pid", task.Id);
        Number("PPid", process.Parent);
        Number("TracerPid", task.Trace?.Tracer ?? 0);
        foreach ((string name, int identity) in (ReadOnlySpan<(string, int)>)[("Uid", TaskIdentity.Uid), ("Gid", TaskIdentity.Gid)])
            Line(name, string.Join('\t', Enumerable.Repeat(ProcessFiles.NumberText(identity), 4)));
        Number("FDSize", Math.Max(smallestTable, (long)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)descriptors)));
        Line("Groups", " ");
        Number("NStgid", process.Id);
        Number("NSpid", task.Id);
        Number("NSpgid", process.Group);
        Number("NSsid", process.Session);
        if (map is not null)
            AppendMemory(map, Kilobytes);
        Number("Threads", process.Threads.Count);
        AppendSignals(machine, task, process, Line, Set);
        Number("NoNewPrivs", task.HasNoNewPrivileges ? 1 : 0);
        Number("Seccomp", task.Seccomp.Mode);
        Number("Seccomp_filters", task.Seccomp.Filter?.Count ?? 0);
        Line("Cpus_allowed", "1");
        Line("Cpus_allowed_list", "0");
        Line("Mems_allowed", "1");
        Line("Mems_allowed_list", "0");
        Number("voluntary_ctxt_switches", task.Times.VoluntarySwitches);
        Number("nonvoluntary_ctxt_switches", task.Times.InvoluntarySwitches);
        return text.ToString();
    }

    private static void AppendMemory(MemoryMap map, Action<string, ulong> kilobytes)
    {
        ulong Sum(Func<VmArea, bool> wanted) => (ulong)map.Areas.Where(wanted).Sum(area => (long)area.Size);
        ulong size = TaskStatText.SizeOf(map), resident = (ulong)map.ResidentPages * KernelLayout.PageSize;
        kilobytes("VmPeak", size);
        kilobytes("VmSize", size);
        kilobytes("VmLck", 0);
        kilobytes("VmPin", 0);
        kilobytes("VmHWM", (ulong)map.MostResidentPages * KernelLayout.PageSize);
        kilobytes("VmRSS", resident);
        kilobytes("RssAnon", resident);
        kilobytes("RssFile", 0);
        kilobytes("RssShmem", 0);
        kilobytes("VmData", Sum(area => area is { Writable: true, Shared: false, GrowsDown: false }));
        kilobytes("VmStk", Sum(area => area.GrowsDown));
        kilobytes("VmExe", KernelLayout.PageUp(map.Code.End) - (map.Code.Start & ~(KernelLayout.PageSize - 1)));
        kilobytes("VmLib", Sum(area => area is { Executable: true, Backing: FileBacking } && (area.Start > map.Code.End || area.End <= map.Code.Start)));
        kilobytes("VmPTE", 0);
        kilobytes("VmSwap", 0);
    }

    private static void AppendSignals(LinuxMachine machine, TaskState task, ProcessState process, Action<string, string> line, Action<string, ulong> set)
    {
        int queued = task.Signals.Queue.Entries.Count + process.Signals.Entries.Count;
        line("SigQ", string.Create(CultureInfo.InvariantCulture, $"{queued}/{process.LimitOf(ResourceLimit.PendingSignals).Soft}"));
        set("SigPnd", task.Signals.Pending);
        set("ShdPnd", process.Signals.Pending);
        set("SigBlk", task.Signals.Blocked);
        (ulong ignored, ulong caught) = Dispositions(machine, task);
        set("SigIgn", ignored);
        set("SigCgt", caught);
        foreach (string capabilities in (ReadOnlySpan<string>)["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"])
            set(capabilities, 0);
    }

    /// <summary>Which signals a task ignores and which it has handlers for.</summary>
    public static (ulong Ignored, ulong Caught) Dispositions(LinuxMachine machine, TaskState task)
    {
        ulong ignored = 0, caught = 0;
        if (!machine.State.HandlerTables.TryGetValue(task.Handlers, out HandlerTableState? table))
            return (0, 0);
        foreach ((int signal, SignalAction action) in table.Actions)
        {
            if (action.Handler == SignalAction.Ignore)
                ignored |= SignalSets.Bit(signal);
            else if (action.Handler != SignalAction.Default)
                caught |= SignalSets.Bit(signal);
        }

        return (ignored, caught);
    }
}
