namespace SyscallExplorer.Linux;

/// <summary>The machine's files, as its owner sees them.</summary>
public sealed partial class LinuxMachine
{
    /// <summary>Bytes that files in memory may take.</summary>
    internal long FileLimit => Limits.FileBytes;

    /// <summary>
    /// Whether the standard streams are a terminal of 24 lines and 80 columns, /dev/pts/0, for the program. Bytes go through as they are:
    /// the settings that a program makes are kept and change nothing.
    /// </summary>
    public bool Terminal
    {
        get => State.Terminal is not null;
        set => State = State with { Terminal = value ? TerminalState.Initial : null };
    }

    /// <summary>What a reader of the result should know of the run, such as a limit that it met.</summary>
    public IReadOnlyCollection<string> Notes => State.Notes;

    /// <summary>Names of the files inside the machine; those of host views are not among them.</summary>
    public IEnumerable<string> FileNames => AllNames().Order(StringComparer.Ordinal).Select(PathNames.ToText);

    /// <summary>What of the host reached the machine through its views, in the order of names.</summary>
    public IReadOnlyList<HostInput> HostInputs =>
        [.. State.HostInputs.Journal.Select(entry => new HostInput(entry.Key.Path, entry.Key.Kind, entry.Value))];

    /// <summary>The files by their names.</summary>
    internal VirtualFileSystem Vfs { get; }

    /// <summary>What the current task's names are resolved against.</summary>
    internal FileSystemContext CurrentFileSystem
    {
        get => State.FileSystems[Task.FileSystem].Context;
        set => State = State with { FileSystems = State.FileSystems.SetItem(Task.FileSystem, State.FileSystems[Task.FileSystem] with { Context = value }) };
    }

    /// <summary>Puts a file into the machine, and the directories above it; what was there before is replaced.</summary>
    /// <param name="path">An absolute name.</param>
    /// <param name="content">Its bytes.</param>
    /// <exception cref="IOException">The name is a directory's, or lies in a host view.</exception>
    public void WriteFile(string path, ReadOnlySpan<byte> content)
    {
        (VfsNode directory, string name) = PlaceFor(path);
        VfsNode node = Vfs.FindAsOwner(PathNames.OfText(path))?.Node
            ?? Add(directory, name, path, FileType.Regular | Octal.ReadWriteByOwner, new RegularBody(FileContent.Empty));
        if (Vfs.SystemOf(node)?.SetContent(node, FileContent.Of(content)) is var error and not 0)
            throw Refused(path, error ?? -Errno.EINVAL);
    }

    /// <summary>The bytes of a file of the machine.</summary>
    /// <exception cref="FileNotFoundException">There is no such file; the message names those there are.</exception>
    /// <exception cref="IOException">It is larger than 2 GiB, or the host does not give it.</exception>
    public byte[] ReadFile(string path)
    {
        FileContent content = ContentOf(path);
        return content.Length <= Array.MaxLength
            ? content.ToArray()
            : throw new IOException($"The file '{path}' has {content.Length} bytes, more than an array can hold: export it with ExportFiles.");
    }

    /// <summary>Makes a directory, and those above it.</summary>
    /// <exception cref="IOException">A file has the name, or it lies in a host view.</exception>
    public void MakeDirectory(string path) => DirectoryAt(PathNames.Normalise(PathNames.OfText(path)), path);

    /// <summary>Makes a symbolic link, and the directories above it.</summary>
    /// <param name="path">The name of the link.</param>
    /// <param name="target">What it says; nothing needs to be there.</param>
    /// <exception cref="IOException">The name is taken, or lies in a host view.</exception>
    public void MakeSymbolicLink(string path, string target)
    {
        (VfsNode directory, string name) = PlaceFor(path);
        Add(directory, name, path, Octal.SymbolicLink777, new SymbolicLinkBody(PathNames.OfText(target)));
    }

    /// <summary>
    /// Shows a folder of the host inside the machine, for reading. Its files are read when the program asks for them; what was read once stays
    /// as it was, and stands in <see cref="HostInputs"/>. Links and <c>..</c> in it lead to names of the machine, never out of the folder. Under
    /// <c>/</c> it stands below everything, but /dev, /proc, /run, /sys and /tmp stay the machine's own.
    /// </summary>
    /// <param name="guestPath">Where, an absolute name. Directories above it are made.</param>
    /// <param name="hostFolder">Which folder.</param>
    /// <exception cref="DirectoryNotFoundException">The host has no such folder.</exception>
    /// <exception cref="InvalidOperationException">A program is loaded, whose working directory the root is.</exception>
    /// <exception cref="IOException">The name is a file's.</exception>
    public void MountHost(string guestPath, string hostFolder)
    {
        string folder = Path.GetFullPath(hostFolder);
        if (!Directory.Exists(folder))
            throw new DirectoryNotFoundException($"The host has no folder '{folder}' that the machine could show at '{guestPath}'.");
        string path = PathNames.Normalise(PathNames.OfText(guestPath));
        if (path is "/" or "")
        {
            CheckNoProgram();
            State = State with { Mounts = InitialFiles.UnderHostRoot(State.Mounts, State.Tree, folder) };
            CurrentFileSystem = CurrentFileSystem with { WorkingDirectory = Vfs.Root };
            return;
        }

        (string parent, string name) = PathNames.Split(path);
        VfsNode directory = DirectoryAt(parent, guestPath);

        // A view within a view needs no directory of the host's to stand on.
        if (!Vfs.IsReadOnly(directory) || Vfs.FindAsOwner(path) is not null)
            DirectoryAt(path, guestPath);
        State = State with { Mounts = State.Mounts.Add(directory, name, new HostSource(folder), "hostview") };
    }

    /// <summary>
    /// Copies a directory of the machine, with all below it, into a folder of the host: regular files and directories. Links, devices and
    /// pipes are left out, and so are names that the host cannot have.
    /// </summary>
    /// <param name="guestFolder">An absolute name.</param>
    /// <param name="hostFolder">The folder, which is made when it is missing. Nothing outside of it is written.</param>
    /// <returns>The host's files that were written.</returns>
    /// <exception cref="DirectoryNotFoundException">The machine has no such directory.</exception>
    public IReadOnlyList<string> ExportFiles(string guestFolder, string hostFolder)
    {
        if (Vfs.FindAsOwner(PathNames.OfText(guestFolder)) is not { } place || Vfs.StatusOf(place.Node) is not { IsDirectory: true })
            throw new DirectoryNotFoundException($"The machine has no directory '{guestFolder}'.");
        return new FileExport(this).Copy(place.Node, hostFolder);
    }

    /// <summary>Notes something for the end of the run, once.</summary>
    internal void Note(string sentence)
    {
        if (!State.Notes.Contains(sentence))
            State = State with { Notes = State.Notes.Add(sentence) };
    }

    /// <summary>The next of the machine's random bytes.</summary>
    internal void TakeRandom(Span<byte> destination)
    {
        SeededBytes.Fill(Seed, SeededBytes.GetRandom, State.RandomPosition, destination);
        State = State with { RandomPosition = State.RandomPosition + destination.Length };
    }

    /// <summary>The content of a file of the machine, as it is now.</summary>
    private FileContent ContentOf(string path)
    {
        int error = -Errno.ENOENT;
        if (Vfs.FindAsOwner(PathNames.OfText(path))?.Node is { } node && Vfs.SystemOf(node)?.ContentOf(node, out error) is { } content)
            return content;
        if (error is not (-Errno.ENOENT or -Errno.EINVAL))
            throw Refused(path, error);
        string names = string.Join(", ", FileNames);
        throw new FileNotFoundException($"The machine has no file '{path}'. Its files: {(names.Length == 0 ? "none" : names)}.");
    }

    private (VfsNode Directory, string Name) PlaceFor(string path)
    {
        (string directory, string name) = PathNames.Split(PathNames.Normalise(PathNames.OfText(path)));
        if (name.Length == 0)
            throw new IOException($"'{path}' names no file: give an absolute name such as /data/input.txt.");
        return (DirectoryAt(directory, path), name);
    }

    /// <summary>A directory of a normalised path, made with all above it where it is missing.</summary>
    private VfsNode DirectoryAt(string path, string wanted)
    {
        VfsNode current = Vfs.Root;
        string walked = "";
        foreach (string name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            walked += "/" + name;
            VfsNode next = Vfs.FindAsOwner(walked)?.Node ?? Add(current, name, wanted, FileType.Directory | Octal.AllByOwner, DirectoryBody.Empty(0));
            if (Vfs.StatusOf(next) is not { IsDirectory: true })
                throw new IOException($"'{wanted}' cannot be made in the machine, for {PathNames.ToText(walked)} is a file there.");
            current = next;
        }

        return current;
    }

    private VfsNode Add(VfsNode directory, string name, string wanted, int mode, InodeBody body)
    {
        int error = name.Length > PathNames.NameMax ? -Errno.ENAMETOOLONG : -Errno.ENOTDIR;
        var attributes = new Inode(0, mode, Credentials.Owner.Uid, Credentials.Owner.Gid, 0, default, body);
        return name.Length <= PathNames.NameMax && Vfs.SystemOf(directory)?.Add(directory, name, attributes, out error) is { } added
            ? added
            : throw Refused(wanted, error);
    }

    private static IOException Refused(string path, int error) => new(error switch
    {
        -Errno.EROFS => $"'{path}' lies in a view of a host folder, which is for reading only: choose a name below /tmp, or one outside of the view.",
        -Errno.ENOSPC => $"There is no room for '{path}' in the machine's memory for files: raise ProgramLimits.FileBytes.",
        -Errno.EEXIST => $"The machine has a file '{path}' already.",
        -Errno.ENAMETOOLONG => $"A part of the name '{path}' is longer than {PathNames.NameMax} bytes.",
        -Errno.EACCES => $"The host does not let '{path}' be read.",
        -Errno.EFBIG => $"The host's file behind '{path}' is larger than 1 GiB, which is more than the machine keeps.",
        _ => $"'{path}' is no file that the machine's owner could use so: it is a directory, a device or a made file (error {-error}).",
    });

    /// <summary>Names longer than any path are left out: nothing could be opened by them.</summary>
    private List<string> AllNames()
    {
        var names = new List<string>();
        var open = new Stack<(long Directory, string Path)>([(FileTree.RootNumber, "")]);
        while (open.TryPop(out (long Directory, string Path) next))
        {
            if (next.Path.Length > PathNames.PathMax || State.Tree.Find(next.Directory)?.Body is not DirectoryBody body)
                continue;
            foreach ((string name, long number) in body.Entries)
            {
                if (State.Tree.Find(number)?.Body is RegularBody)
                    names.Add($"{next.Path}/{name}");
                else
                    open.Push((number, $"{next.Path}/{name}"));
            }
        }

        return names;
    }
}
