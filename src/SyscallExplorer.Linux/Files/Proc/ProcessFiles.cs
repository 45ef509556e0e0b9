using System.Globalization;

namespace SyscallExplorer.Linux;

/// <summary>/proc: the processes, and what the machine tells of itself. man 5 proc.</summary>
internal static class ProcessFiles
{
    public static SyntheticDirectory Root { get; } = new ProcessList();

    public static string NumberText(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>The number that a name is, or null.</summary>
    public static int? NumberOf(string name) => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;

    /// <summary>The processes by their numbers, and links to the one that asks.</summary>
    private sealed record ProcessList : SyntheticDirectory
    {
        private static readonly SyntheticLink s_self = new(machine => NumberText(machine.Process.Id));
        private static readonly SyntheticLink s_thread = new(machine => $"{NumberText(machine.Process.Id)}/task/{NumberText(machine.Task.Id)}");

        public override IEnumerable<string> Names(LinuxMachine machine) =>
            machine.State.Processes.Keys.Select(id => NumberText(id)).Concat(["self", "thread-self"]).Concat(SystemFiles.Entries.Keys);

        public override SyntheticEntry? Find(LinuxMachine machine, string name) => name switch
        {
            "self" => s_self,
            "thread-self" => s_thread,
            _ when SystemFiles.Entries.TryGetValue(name, out SyntheticEntry? entry) => entry,
            _ => NumberOf(name) is { } id && machine.Tasks.Find(id) is not null ? new TaskDirectory(id, IsThread: false) { Owner = TaskIdentity.Uid } : null,
        };
    }
}

/// <summary>/proc/PID and /proc/PID/task/TID.</summary>
/// <param name="Id">Which task.</param>
/// <param name="IsThread">Whether it stands in a directory of threads, which has no such directory in it.</param>
internal sealed record TaskDirectory(int Id, bool IsThread) : SyntheticDirectory
{
    private static readonly Dictionary<string, Func<LinuxMachine, TaskState, byte[]>> s_files = new()
    {
        ["auxv"] = (machine, task) => TaskTexts.AuxiliaryVector(machine, task),
        ["cmdline"] = (machine, task) => TaskTexts.CommandLine(machine, task),
        ["comm"] = (_, task) => TaskTexts.Latin1(task.CommandName + "\n"),
        ["environ"] = (machine, task) => TaskTexts.Environment(machine, task),
        ["limits"] = (machine, task) => TaskTexts.Ascii(TaskTexts.Limits(machine, task)),
        ["maps"] = (machine, task) => TaskTexts.Latin1(MapsText.Of(machine, task)),
        ["mounts"] = (machine, _) => TaskTexts.Latin1(SystemFiles.Mounts(machine)),
        ["personality"] = (machine, task) => TaskTexts.Ascii($"{(uint)machine.State.Processes[task.Process].Personality:x8}\n"),
        ["stat"] = (machine, task) => TaskTexts.Latin1(TaskStatText.Of(machine, task)),
        ["statm"] = (machine, task) => TaskTexts.Ascii(TaskStatText.Memory(machine, task)),
        ["status"] = (machine, task) => TaskTexts.Latin1(TaskStatusText.Of(machine, task)),
        ["syscall"] = (machine, task) => TaskTexts.Ascii(TaskTexts.SystemCall(machine, task)),
        ["wchan"] = (_, task) => TaskTexts.Ascii(task.State == RunState.Sleeping ? "schedule" : "0"),
    };

    /// <summary>Those that only the user sees whose process it is.</summary>
    private static readonly HashSet<string> s_private = ["auxv", "environ", "personality", "syscall"];

    public override IEnumerable<string> Names(LinuxMachine machine) =>
        s_files.Keys.Concat(["cwd", "exe", "fd", "mem", "root"]).Concat(IsThread ? [] : ["task"]);

    public override SyntheticEntry? Find(LinuxMachine machine, string name)
    {
        SyntheticEntry? entry = name switch
        {
            "exe" => new SyntheticLink(asked => MapOf(asked)?.Executable ?? "") { Destination = asked => MapOf(asked)?.ExecutableFile },
            "cwd" => new SyntheticLink(asked => ContextOf(asked) is { } context ? asked.Vfs.PathOf(context.WorkingDirectory) : "")
            {
                Destination = asked => ContextOf(asked) is { } context ? new VfsLocation(context.WorkingDirectory) : null,
            },
            "root" => new SyntheticLink(_ => "/") { Destination = asked => new VfsLocation(asked.Vfs.Root) },
            "fd" => new DescriptorDirectory(Id) { Owner = TaskIdentity.Uid },
            "mem" => new ProcessMemoryEntry(Id),
            "task" when !IsThread => new ThreadList(Id),
            _ when s_files.TryGetValue(name, out Func<LinuxMachine, TaskState, byte[]>? text) => new SyntheticFile(
                asked => asked.Tasks.Find(Id) is { } task ? text(asked, task) : [], s_private.Contains(name) ? Octal.OwnerRead : Octal.ReadByAnyone),
            _ => null,
        };
        return entry is null ? null : entry with { Owner = TaskIdentity.Uid };
    }

    private MemoryMap? MapOf(LinuxMachine machine) =>
        machine.Tasks.Find(Id) is { } task ? machine.State.Maps.GetValueOrDefault(task.Map) : null;

    private FileSystemContext? ContextOf(LinuxMachine machine) =>
        machine.Tasks.Find(Id) is { } task ? machine.State.FileSystems.GetValueOrDefault(task.FileSystem)?.Context : null;
}

/// <summary>/proc/PID/task.</summary>
internal sealed record ThreadList(int Process) : SyntheticDirectory
{
    public override IEnumerable<string> Names(LinuxMachine machine) =>
        machine.Tasks.FindProcess(Process)?.Threads.Select(id => ProcessFiles.NumberText(id)) ?? [];

    public override SyntheticEntry? Find(LinuxMachine machine, string name) =>
        ProcessFiles.NumberOf(name) is { } id && machine.Tasks.FindProcess(Process)?.Threads.Contains(id) == true
            ? new TaskDirectory(id, IsThread: true) { Owner = TaskIdentity.Uid }
            : null;
}

/// <summary>/proc/PID/fd: the open descriptors as links; opening one opens its file anew.</summary>
internal sealed record DescriptorDirectory(int Task) : SyntheticDirectory(Octal.OwnerReadExecute)
{
    public override IEnumerable<string> Names(LinuxMachine machine) =>
        TableOf(machine)?.Descriptors.Keys.Select(descriptor => ProcessFiles.NumberText(descriptor)) ?? [];

    public override SyntheticEntry? Find(LinuxMachine machine, string name) =>
        ProcessFiles.NumberOf(name) is { } descriptor && FileOf(machine, descriptor) is not null
            ? new SyntheticLink(asked => FileOf(asked, descriptor) is { } file ? file.Operations.Describe(asked, file.Object) : "")
            {
                Destination = asked => FileOf(asked, descriptor) is { } file ? file.Object.Location ?? new VfsLocation(new ObjectNode(file.Object)) : null,
                Owner = TaskIdentity.Uid,
            }
            : null;

    private DescriptorTable? TableOf(LinuxMachine machine) =>
        machine.Tasks.Find(Task) is { } task ? machine.State.FileTables.GetValueOrDefault(task.FileTable) : null;

    private OpenFile? FileOf(LinuxMachine machine, int descriptor) =>
        TableOf(machine)?.Descriptors.TryGetValue(descriptor, out FileDescriptor? found) == true ? machine.State.OpenFiles[found.File] : null;
}
