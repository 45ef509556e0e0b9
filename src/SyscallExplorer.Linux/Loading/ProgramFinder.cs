using System.Text;

namespace SyscallExplorer.Linux;

/// <summary>A program that execve found, with what it is given.</summary>
/// <param name="File">The program.</param>
/// <param name="Path">Its absolute name, as /proc shows it.</param>
/// <param name="Name">Its name as execve was given it.</param>
/// <param name="Arguments">argv.</param>
internal sealed record FoundProgram(ElfFile File, string Path, string Name, IReadOnlyList<byte[]> Arguments)
{
    public IReadOnlyList<byte[]> Environment { get; init; } = [];

    public ElfProgram ToElfProgram() => new(File, Name, [.. Arguments.Select(Encoding.UTF8.GetString)], [.. Environment.Select(Encoding.UTF8.GetString)]);
}

/// <summary>Finds the program of an execve: the file itself, or the interpreter that its first line names.</summary>
internal sealed class ProgramFinder(LinuxMachine machine)
{
    private const int ExecuteByAnyone = 0x49;
    private const int MaxInterpreters = 4;

    /// <summary>Reads a program that may be executed.</summary>
    /// <returns>Null with an error of execve.</returns>
    public FoundProgram? Find(FileNode node, IReadOnlyList<byte[]> arguments, out long error)
    {
        string name = node.Path;
        error = 0;
        for (int depth = 0; depth <= MaxInterpreters; depth++)
        {
            if (Read(node, out error) is not { } bytes)
                return null;
            if (!bytes.AsSpan().StartsWith("#!"u8))
                return Parse(bytes, node.Path, name, arguments, out error);
            if (FirstLine(bytes) is not (string interpreter, string argument))
            {
                error = -Errno.ENOEXEC;
                return null;
            }

            byte[] script = Encoding.UTF8.GetBytes(name);
            arguments = [Encoding.UTF8.GetBytes(interpreter), .. argument.Length > 0 ? [Encoding.UTF8.GetBytes(argument)] : Array.Empty<byte[]>(), script, .. arguments.Skip(1)];
            name = interpreter;
            node = FileNode.At(machine, PathNames.Normalise(interpreter));
        }

        error = -Errno.ELOOP;
        return null;
    }

    private static FoundProgram? Parse(byte[] bytes, string path, string name, IReadOnlyList<byte[]> arguments, out long error)
    {
        error = 0;
        try
        {
            return new FoundProgram(ElfFile.Parse(bytes, path), path, name, arguments);
        }
        catch (ElfFormatException)
        {
            error = -Errno.ENOEXEC;
            return null;
        }
    }

    private byte[]? Read(FileNode node, out long error)
    {
        error = node.Kind switch
        {
            FileNodeKind.Missing => -Errno.ENOENT,
            FileNodeKind.NotInDirectory => -Errno.ENOTDIR,
            FileNodeKind.Directory or FileNodeKind.Device => -Errno.EACCES,
            _ => (FileStatus.Of(machine, node).Mode & ExecuteByAnyone) == 0 ? -Errno.EACCES : 0,
        };
        return error != 0 ? null : machine.State.Files[node.Path].ToArray();
    }

    private static (string Interpreter, string Argument)? FirstLine(byte[] bytes)
    {
        const int shown = 256;
        ReadOnlySpan<byte> start = bytes.AsSpan(2, Math.Min(bytes.Length, shown) - 2);
        int end = start.IndexOf((byte)'\n');
        string line = Encoding.UTF8.GetString(end < 0 ? start : start[..end]).Trim(' ', '\t', '\0');
        int space = line.IndexOfAny([' ', '\t']);
        return line.Length == 0 ? null : space < 0 ? (line, "") : (line[..space], line[space..].Trim(' ', '\t'));
    }
}
