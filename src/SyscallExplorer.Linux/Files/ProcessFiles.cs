using System.Globalization;

namespace SyscallExplorer.Linux;

/// <summary>/proc: what a process can learn of its own files.</summary>
internal static class ProcessFiles
{
    public static SyntheticDirectory Root { get; } = new ProcessList();

    /// <summary>The processes by their numbers, and a link to the one that asks.</summary>
    private sealed record ProcessList : SyntheticDirectory
    {
        private static readonly SyntheticLink s_self = new(_ => ProcessName);
        private static readonly FixedDirectory s_settings = new(new Dictionary<string, SyntheticEntry>
        {
            ["kernel"] = new FixedDirectory(new Dictionary<string, SyntheticEntry>()),
            ["vm"] = new FixedDirectory(new Dictionary<string, SyntheticEntry>()),
        });

        private static readonly FixedDirectory s_process = new(new Dictionary<string, SyntheticEntry>
        {
            ["exe"] = new SyntheticLink(machine => machine.Memory.Map.Executable)
            {
                Destination = machine => machine.Memory.Map.ExecutableFile,
            },
            ["cwd"] = new SyntheticLink(machine => machine.Vfs.PathOf(machine.CurrentFileSystem.WorkingDirectory))
            {
                Destination = machine => new VfsLocation(machine.CurrentFileSystem.WorkingDirectory),
            },
            ["root"] = new SyntheticLink(_ => "/") { Destination = machine => new VfsLocation(machine.Vfs.Root) },
            ["fd"] = new DescriptorList(),
        })
        {
            Owner = TaskIdentity.Uid,
        };

        private static string ProcessName => TaskIdentity.Pid.ToString(CultureInfo.InvariantCulture);

        public override IEnumerable<string> Names(LinuxMachine machine) => [ProcessName, "self", "sys"];

        public override SyntheticEntry? Find(LinuxMachine machine, string name) => name switch
        {
            "self" => s_self,
            "sys" => s_settings,
            _ => name == ProcessName ? s_process : null,
        };
    }

    /// <summary>The open descriptors as links: opening one opens its file anew.</summary>
    private sealed record DescriptorList() : SyntheticDirectory(Octal.OwnerReadExecute)
    {
        public override IEnumerable<string> Names(LinuxMachine machine) =>
            machine.Files.Descriptors.Keys.Select(descriptor => descriptor.ToString(CultureInfo.InvariantCulture));

        public override SyntheticEntry? Find(LinuxMachine machine, string name) =>
            int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int descriptor) && machine.Files.Find(descriptor) is not null
                ? new SyntheticLink(asked => DescribeFile(asked, descriptor)) { Destination = asked => PlaceOf(asked, descriptor), Owner = TaskIdentity.Uid }
                : null;

        private static string DescribeFile(LinuxMachine machine, int descriptor) =>
            machine.Files.Find(descriptor) is { } file ? file.Operations.Describe(machine, file.Object) : "";

        private static VfsLocation? PlaceOf(LinuxMachine machine, int descriptor) =>
            machine.Files.Find(descriptor) is { } file ? file.Object.Location ?? new VfsLocation(new ObjectNode(file.Object)) : null;
    }
}
