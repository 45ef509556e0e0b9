using System.Text;

namespace SyscallExplorer.Linux;

/// <summary>What a name leads to.</summary>
internal enum FileNodeKind
{
    Missing,

    /// <summary>Part of the name leads through a file.</summary>
    NotInDirectory,
    File,
    Directory,
    Device,
    SymbolicLink,
}

/// <summary>A name inside the machine, looked up: files live in one flat tree, whose directories are what lies above a file.</summary>
/// <param name="Kind">What is there.</param>
/// <param name="Path">The absolute name.</param>
internal sealed record FileNode(FileNodeKind Kind, string Path)
{
    public const string ExecutableLink = "/proc/self/exe";
    private const int AtWorkingDirectory = -100;
    private const int PathMax = 4096;
    private const int NameMax = 255;

    /// <summary>Whether there is something to open, but no directory.</summary>
    public bool IsFile => Kind is FileNodeKind.File or FileNodeKind.Device;

    /// <summary>Reads a name from the program's memory and looks it up.</summary>
    /// <param name="machine">Where.</param>
    /// <param name="directory">The descriptor that a relative name starts at.</param>
    /// <param name="address">The name.</param>
    /// <param name="error">-EFAULT, -ENAMETOOLONG, -ENOENT for the empty name, -EBADF or -ENOTDIR for a descriptor that is no directory; else 0.</param>
    /// <param name="follow">Whether a symbolic link at the end is followed.</param>
    public static FileNode? Find(LinuxMachine machine, int directory, ulong address, out long error, bool follow = true)
    {
        byte[]? raw = machine.Memory.TryReadString(address, PathMax);
        error = raw is null ? -Errno.EFAULT
            : raw.Length == PathMax ? -Errno.ENAMETOOLONG
            : raw.Length == 0 ? -Errno.ENOENT
            : raw[0] == '/' || directory == AtWorkingDirectory ? 0
            : machine.Files.Find(directory) is null ? -Errno.EBADF : -Errno.ENOTDIR;
        if (error != 0)
            return null;
        string given = Encoding.UTF8.GetString(raw!);
        if (given.Split('/').Any(part => Encoding.UTF8.GetByteCount(part) > NameMax))
        {
            error = -Errno.ENAMETOOLONG;
            return null;
        }

        FileNode node = At(machine, PathNames.Normalise(given));
        return node.Kind == FileNodeKind.SymbolicLink && follow ? At(machine, machine.Memory.Map.Executable) : node;
    }

    /// <summary>What an absolute name leads to.</summary>
    public static FileNode At(LinuxMachine machine, string path)
    {
        IReadOnlyDictionary<string, FileContent> files = machine.State.Files;
        bool IsFile(string name) => IsDevice(name) || files.ContainsKey(name);
        FileNodeKind kind = PathNames.Parents(path).Any(IsFile) ? FileNodeKind.NotInDirectory
            : IsDevice(path) ? FileNodeKind.Device
            : files.ContainsKey(path) ? FileNodeKind.File
            : path == ExecutableLink && machine.Memory.Map.Executable.Length > 0 ? FileNodeKind.SymbolicLink
            : PathNames.IsDirectory(path, files.Keys) ? FileNodeKind.Directory
            : FileNodeKind.Missing;
        return new FileNode(kind, path);
    }

    private static bool IsDevice(string path) => path is OpenFile.NullDevice or OpenFile.ZeroDevice;
}
