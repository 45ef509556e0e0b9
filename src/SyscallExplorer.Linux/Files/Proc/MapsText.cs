namespace SyscallExplorer.Linux;

/// <summary>/proc/PID/maps.</summary>
internal static class MapsText
{
    public static string Of(LinuxMachine machine, TaskState task) => string.Concat(Regions(machine, task).Select(region => $"{region}\n"));

    /// <summary>What is mapped, in the order of addresses; nothing where the task has given its memory up.</summary>
    public static IReadOnlyList<MemoryRegion> Regions(LinuxMachine machine, TaskState task) =>
        machine.State.Maps.TryGetValue(task.Map, out MemoryMap? map)
            ? [.. map.Areas.Select(area => RegionOf(machine, map, area)), .. GateOf(machine, map)] : [];

    /// <summary>The page at a fixed address, which is in no program's list of areas.</summary>
    private static IEnumerable<MemoryRegion> GateOf(LinuxMachine machine, MemoryMap map) =>
        map.Bitness == 64 && VsyscallPage.RegionIn(machine.Vsyscall) is { } region ? [region] : [];

    private static MemoryRegion RegionOf(LinuxMachine machine, MemoryMap map, VmArea area)
    {
        FileStatus? file = area.Backing is FileBacking backing ? machine.Vfs.StatusOf(backing.Node) : null;
        return new MemoryRegion(
            area.Start, area.End, area.Readable, area.Writable, area.Executable, area.Shared, area.Backing is null ? 0 : area.Offset,
            file?.Device.Major ?? 0, file?.Device.Minor ?? 0, file?.Inode ?? 0, NameOf(map, area));
    }

    private static string NameOf(MemoryMap map, VmArea area) =>
        area.Backing is null && area.Start < map.Break && area.End > map.BreakStart ? "[heap]"
        : area.Backing is null && area.Contains(map.StackStart - 1) ? "[stack]"
        : area.Backing is null && area.Name is not "[vdso]" ? ""
        : area.Name;
}
