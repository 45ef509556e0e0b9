using System.Globalization;

namespace SyscallExplorer.Linux;

/// <summary>/proc/PID/stat and statm: the 52 numbers that ps reads.</summary>
internal static class TaskStatText
{
    private const long NanosecondsPerTick = EmulatedTime.NanosecondsPerSecond / 100;

    public static string Of(LinuxMachine machine, TaskState task)
    {
        machine.Scheduler.Account();
        task = machine.Tasks.Find(task.Id) ?? task;
        ProcessState process = machine.State.Processes[task.Process];
        MemoryMap? map = machine.State.Maps.GetValueOrDefault(task.Map);
        TaskTimes times = process.Threads.Aggregate(process.EndedThreads, (sum, id) => sum.Add(machine.State.Tasks[id].Times));
        (long user, long system) = ResourceUsage.Split(machine, times);
        (long childUser, long childSystem) = ResourceUsage.Split(machine, process.Children);
        bool isLeader = task.Id == process.Id;
        const int noTerminal = 0, noGroup = -1, forkNoExec = 0x40, normalPriority = 20;
        long[] numbers =
        [
            process.Parent, process.Group, process.Session, noTerminal, noGroup, process.HasExecuted || isLeader ? 0 : forkNoExec,
            times.MinorFaults, process.Children.MinorFaults, 0, 0,
            user / NanosecondsPerTick, system / NanosecondsPerTick, childUser / NanosecondsPerTick, childSystem / NanosecondsPerTick,
            task.Scheduling.IsRealTime ? -1 - task.Scheduling.Priority : normalPriority + task.Scheduling.Nice, task.Scheduling.Nice,
            process.Threads.Count, 0, task.Times.Started / NanosecondsPerTick,
            (long)SizeOf(map), map?.ResidentPages ?? 0,
        ];
        ulong softResident = process.LimitOf(ResidentLimit).Soft;
        ulong[] addresses = [softResident, map?.Code.Start ?? 0, map?.Code.End ?? 0, map?.StackStart ?? 0, 0, 0, task.Signals.Pending & uint.MaxValue, task.Signals.Blocked & uint.MaxValue];
        (ulong ignored, ulong caught) = TaskStatusText.Dispositions(machine, task);
        const int processor = 0;
        ulong[] rest =
        [
            ignored & uint.MaxValue, caught & uint.MaxValue, task.State == RunState.Sleeping ? 1ul : 0, 0, 0, (ulong)task.ExitSignal, processor,
            task.Scheduling.IsRealTime ? (ulong)task.Scheduling.Priority : 0, (ulong)task.Scheduling.Policy, 0, 0, 0,
            map?.DataStart ?? 0, map?.DataEnd ?? 0, map?.BreakStart ?? 0, map?.Arguments.Start ?? 0, map?.Arguments.End ?? 0, map?.Environment.Start ?? 0,
            map?.Environment.End ?? 0, task.State == RunState.Zombie ? (ulong)task.ExitCode : 0,
        ];
        string head = $"{ProcessFiles.NumberText(task.Id)} ({task.CommandName}) {TaskTexts.StateLetter(machine, task)}";
        return string.Join(' ', [head, .. numbers.Select(ProcessFiles.NumberText), .. addresses.Concat(rest).Select(value => value.ToString(CultureInfo.InvariantCulture))]) + "\n";
    }

    private const int ResidentLimit = 5;

    /// <summary>Pages: all, resident, shared, code, 0, data and stack, 0.</summary>
    public static string Memory(LinuxMachine machine, TaskState task)
    {
        MemoryMap? map = machine.State.Maps.GetValueOrDefault(task.Map);
        ulong code = map is null ? 0 : (KernelLayout.PageUp(map.Code.End) - (map.Code.Start & ~(KernelLayout.PageSize - 1))) / KernelLayout.PageSize;
        ulong data = (ulong)(map?.Areas.Where(area => area is { Writable: true, Shared: false }).Sum(area => (long)area.Size) ?? 0) / KernelLayout.PageSize;
        return string.Create(CultureInfo.InvariantCulture, $"{SizeOf(map) / KernelLayout.PageSize} {map?.ResidentPages ?? 0} 0 {code} 0 {data} 0\n");
    }

    /// <summary>Bytes of all areas.</summary>
    public static ulong SizeOf(MemoryMap? map) => (ulong)(map?.Areas.Sum(area => (long)area.Size) ?? 0);
}
