namespace SyscallExplorer.Linux;

/// <summary>The files of a machine that has booted: an empty root with /dev, /proc, /tmp and two empty directories for what others mount there.</summary>
internal static class InitialFiles
{
    private const int TerminalGroup = 5;
    private static readonly string[] s_always = ["dev", "tmp", "run", "sys"];

    /// <summary>The tree. What the program may change belongs to it; the rest is root's.</summary>
    public static FileTree Tree(long now)
    {
        FileTree tree = FileTree.Create(Octal.AllByOwner, TaskIdentity.Uid, TaskIdentity.Gid, now);
        long Add(long parent, string name, int mode, InodeBody body, int uid = 0, int gid = 0)
        {
            tree = tree.Add(parent, name, new Inode(0, mode, uid, gid, 0, default, body), now, out _) ?? tree;
            return tree.Find(parent, name)?.Number ?? 0;
        }

        long Folder(long parent, string name, int permissions) => Add(parent, name, FileType.Directory | permissions, DirectoryBody.Empty(parent));
        void Device(long parent, string name, DeviceNumber number, int permissions = Octal.ReadWriteByAnyone) =>
            Add(parent, name, FileType.CharacterDevice | permissions, new DeviceBody(number));
        void Link(long parent, string name, string target) => Add(parent, name, Octal.SymbolicLink777, new SymbolicLinkBody(target));

        long dev = Folder(FileTree.RootNumber, "dev", Octal.AllByOwner);
        Folder(FileTree.RootNumber, "proc", Octal.ReadExecute);
        Folder(FileTree.RootNumber, "run", Octal.AllByOwner);
        Folder(FileTree.RootNumber, "sys", Octal.ReadExecute);
        Folder(FileTree.RootNumber, "tmp", Octal.Permissions | Octal.Sticky);
        Device(dev, "null", DeviceNumber.Null);
        Device(dev, "zero", DeviceNumber.Zero);
        Device(dev, "full", DeviceNumber.Full);
        Device(dev, "random", DeviceNumber.Random);
        Device(dev, "urandom", DeviceNumber.UnseededRandom);
        Device(dev, "tty", DeviceNumber.ControllingTerminal);
        Link(dev, "fd", "/proc/self/fd");
        Link(dev, "stdin", "/proc/self/fd/0");
        Link(dev, "stdout", "/proc/self/fd/1");
        Link(dev, "stderr", "/proc/self/fd/2");
        Folder(dev, "shm", Octal.Permissions | Octal.Sticky);
        long terminals = Folder(dev, "pts", Octal.AllByOwner);
        Add(terminals, "0", Octal.Terminal620, new DeviceBody(DeviceNumber.FirstPseudoTerminal), TaskIdentity.Uid, TerminalGroup);
        return tree;
    }

    /// <summary>The mounts: the tree, and /proc over it.</summary>
    public static MountTable Mounts() => MountTable.Empty.Add(null, "", new MemorySource(FileTree.RootNumber), "tmpfs")
        .Add(new MemoryNode(0, FileTree.RootNumber), "proc", new SyntheticSource(ProcessFiles.Root), "proc");

    /// <summary>The mounts with a host view under all names; the machine's own directories stay over it.</summary>
    public static MountTable UnderHostRoot(MountTable mounts, FileTree tree, string folder)
    {
        mounts = mounts.ReplaceRoot(new HostSource(folder), "hostview");
        foreach (string name in s_always)
        {
            if (tree.Find(FileTree.RootNumber, name) is { } directory && mounts.Find(mounts.Root, name) is null)
                mounts = mounts.Add(mounts.Root, name, new MemorySource(directory.Number), "tmpfs");
        }

        return mounts;
    }
}
