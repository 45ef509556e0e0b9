using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>What a mount shows.</summary>
internal abstract record MountSource;

/// <summary>A directory of the tree in memory.</summary>
internal sealed record MemorySource(long Root) : MountSource;

/// <summary>A folder of the host, for reading.</summary>
internal sealed record HostSource(string Folder) : MountSource;

/// <summary>Files whose content is made when it is asked for.</summary>
internal sealed record SyntheticSource(SyntheticDirectory Root) : MountSource;

/// <summary>A file system at a place of the machine's names.</summary>
/// <param name="Number">Its index in the table.</param>
/// <param name="Parent">The directory that it is in; null for the root of all names.</param>
/// <param name="Name">Its name there. The directory need not have such an entry of its own.</param>
/// <param name="Source">What it shows.</param>
/// <param name="Type">As /proc/mounts names it.</param>
internal sealed record Mount(int Number, VfsNode? Parent, string Name, MountSource Source, string Type)
{
    private const int FirstDevice = 25;

    public VfsNode Root => Source switch
    {
        MemorySource memory => new MemoryNode(Number, memory.Root),
        HostSource => new HostNode(Number, ""),
        _ => new SyntheticNode(Number, ""),
    };

    /// <summary>st_dev: file systems without a disk have major number 0.</summary>
    public DeviceNumber Device => new(0, FirstDevice + Number);
}

/// <summary>All mounts, immutable.</summary>
internal sealed record MountTable(ImmutableArray<Mount> Mounts)
{
    public static MountTable Empty { get; } = new([]);

    /// <summary>The directory that all names start at.</summary>
    public VfsNode Root => Mounts.Last(mount => mount.Parent is null).Root;

    public Mount this[int number] => Mounts[number];

    /// <summary>The mount that stands at a name of a directory.</summary>
    public Mount? Find(VfsNode directory, string name) => Mounts.LastOrDefault(mount => mount.Parent == directory && mount.Name == name);

    /// <summary>The mounts at names of a directory.</summary>
    public IEnumerable<Mount> In(VfsNode directory) => Mounts.Where(mount => mount.Parent == directory);

    public MountTable Add(VfsNode? parent, string name, MountSource source, string type) =>
        new(Mounts.Add(new Mount(Mounts.Length, parent, name, source, type)));

    /// <summary>Puts another file system under all names; what is mounted in the old root's directories moves over to the new one.</summary>
    public MountTable ReplaceRoot(MountSource source, string type)
    {
        VfsNode old = Root;
        MountTable table = Add(null, "", source, type);
        return new MountTable([.. table.Mounts.Select(mount => mount.Parent == old ? mount with { Parent = table.Root } : mount)]);
    }
}
