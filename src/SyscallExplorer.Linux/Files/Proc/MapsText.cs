using System.Globalization;
using System.Text;

namespace SyscallExplorer.Linux;

/// <summary>/proc/PID/maps.</summary>
internal static class MapsText
{
    /// <summary>The column that names begin in.</summary>
    private const int NameColumn = 73;

    public static string Of(LinuxMachine machine, TaskState task)
    {
        if (!machine.State.Maps.TryGetValue(task.Map, out MemoryMap? map))
            return "";
        var text = new StringBuilder();
        foreach (VmArea area in map.Areas)
            text.Append(Line(machine, map, area));
        return text.ToString();
    }

    private static string Line(LinuxMachine machine, MemoryMap map, VmArea area)
    {
        FileStatus? file = area.Backing is FileBacking backing ? machine.Vfs.StatusOf(backing.Node) : null;
        string line = string.Create(CultureInfo.InvariantCulture,
            $"{area.Start:x8}-{area.End:x8} {Rights(area)} {(area.Backing is null ? 0 : area.Offset):x8} {file?.Device.Major ?? 0:x2}:{file?.Device.Minor ?? 0:x2} {file?.Inode ?? 0} ");
        string name = NameOf(map, area);
        return (name.Length == 0 ? line : line.PadRight(NameColumn) + name) + "\n";
    }

    private static string Rights(VmArea area) =>
        $"{(area.Readable ? 'r' : '-')}{(area.Writable ? 'w' : '-')}{(area.Executable ? 'x' : '-')}{(area.Shared ? 's' : 'p')}";

    private static string NameOf(MemoryMap map, VmArea area) =>
        area.Backing is null && area.Start < map.Break && area.End > map.BreakStart ? "[heap]"
        : area.Backing is null && area.Contains(map.StackStart - 1) ? "[stack]"
        : area.Backing is null && area.Name is not "[vdso]" ? ""
        : area.Name.Replace("\n", "\\012", StringComparison.Ordinal);
}
