using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>A program that execve found, with what it is given.</summary>
/// <param name="File">The program.</param>
/// <param name="Place">Its file.</param>
/// <param name="Strings">argv, envp and the name that execve was given.</param>
internal sealed record FoundProgram(ElfFile File, VfsLocation Place, StartStrings Strings)
{
    /// <summary>The program that loads it, if it asks for one.</summary>
    public ElfFile? Interpreter { get; init; }

    /// <summary>The file of that one.</summary>
    public VfsLocation? InterpreterPlace { get; init; }
}

/// <summary>Finds the program of an execve: the file itself or the interpreter that its first line names, and the one that an ELF file asks for.</summary>
internal sealed class ProgramFinder(LinuxMachine machine)
{
    private VirtualFileSystem Vfs => machine.Vfs;

    /// <summary>Reads a program that may be executed.</summary>
    /// <param name="place">The file that execve names.</param>
    /// <param name="name">Its name, as execve was given it.</param>
    /// <param name="arguments">argv.</param>
    /// <param name="environment">envp.</param>
    /// <param name="error">0, or a negative error number with a result of null.</param>
    public FoundProgram? Find(
        VfsLocation place, ReadOnlyMemory<byte> name, ImmutableArray<ReadOnlyMemory<byte>> arguments, ImmutableArray<ReadOnlyMemory<byte>> environment, out long error)
    {
        VfsLocation program = place;
        bool isFirst = true;
        int Open(ReadOnlyMemory<byte> wanted, out ReadOnlyMemory<byte> head)
        {
            head = default;
            int problem = 0;
            VfsLocation? found = isFirst ? place : Locate(PathNames.OfBytes(wanted.Span), out problem);
            isFirst = false;
            if (found is null)
                return -problem;
            problem = Check(found);
            if (problem != 0)
                return -problem;
            program = found;
            byte[] start = new byte[ScriptInterpreter.HeadSize];
            int count = Math.Max(0, Read(found, 0, start));
            head = start.AsMemory(0, count);
            return 0;
        }

        ScriptChain chain = ScriptChain.Follow(name, arguments, Open);
        error = -chain.Error;
        return error != 0 ? null : Complete(program, new StartStrings(name, chain.Arguments, environment), out error);
    }

    private FoundProgram? Complete(VfsLocation place, StartStrings strings, out long error)
    {
        try
        {
            ElfFile file = ElfFile.Parse((offset, bytes) => Read(place, offset, bytes), Vfs.SizeOf(place.Node), PathNames.ToText(Vfs.PathOf(place)));
            if (!machine.Runs(file.Bitness, file.IsX32))
            {
                error = -Errno.ENOEXEC;
                return null;
            }

            return WithInterpreter(new FoundProgram(file, place, strings), out error);
        }
        catch (ElfFormatException problem)
        {
            error = -problem.Errno;
            return null;
        }
    }

    /// <summary>Adds the interpreter that a program asks for.</summary>
    /// <exception cref="ElfFormatException">It is no interpreter.</exception>
    public FoundProgram? WithInterpreter(FoundProgram program, out long error)
    {
        error = 0;
        if (program.File.IsX32 && machine.Kernel.Traits.X32NrSyscalls == 0)
            throw new ElfFormatException($"{program.File.Name} is an x32 program, which {machine.Kernel} does not run: take Linux 4.4 or a later one.", Errno.ENOEXEC);
        if (program.File.Interpreter is not { } name)
            return program;
        VfsLocation? place = Locate(PathNames.OfText(name), out int problem);
        error = place is null ? problem : Check(place);
        if (error != 0 || place is null)
            return null;
        ElfFile interpreter = ElfFile.ParseInterpreter(
            (offset, bytes) => Read(place, offset, bytes), Vfs.SizeOf(place.Node), name, program.File.Bitness);
        return program with { Interpreter = interpreter, InterpreterPlace = place };
    }

    private VfsLocation? Locate(string path, out int error)
    {
        PathLookup? found = Vfs.Find(machine.CurrentFileSystem.WorkingDirectory, path, LastPart.Followed, out error);
        if (found is not null && found.Location is null)
            error = -Errno.ENOENT;
        return found?.Location;
    }

    private int Read(VfsLocation place, long offset, Span<byte> destination) => Vfs.SystemOf(place.Node)?.Read(place.Node, offset, destination) ?? -Errno.EACCES;

    private int Check(VfsLocation place) =>
        Vfs.StatusOf(place.Node) is not { } status ? -Errno.ENOENT
        : !status.IsRegular || !Credentials.Program.May(status, Octal.Execute) ? -Errno.EACCES
        : 0;
}
