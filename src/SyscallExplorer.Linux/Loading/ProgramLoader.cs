using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>
/// Makes the first program of a machine: its address space and the frame by which the kernel returns to its first instruction, as execve
/// leaves them.
/// </summary>
internal sealed class ProgramLoader(LinuxMachine machine)
{
    /// <summary>Loads a run of machine code, with a data area and a stack.</summary>
    public void Load(UserProgram program, ReadOnlySpan<byte> input)
    {
        const string path = "/program";
        const ulong stackMargin = 16;
        CheckRuns(program.Bitness, isX32: false);
        bool is64 = program.Bitness == 64;
        ulong dataStart = is64 ? UserSpace.Data64 : UserSpace.Data32;
        ulong dataEnd = dataStart + UserSpace.DataSize;
        ulong stackTop = is64 ? UserSpace.StackTop64 : machine.Architecture.StackTop32;
        Begin(FileContent.Of(input));
        AddressSpace memory = machine.Memory;
        memory.Map = memory.Map with
        {
            Bitness = program.Bitness,
            BreakStart = dataEnd,
            Break = dataEnd,
            Mmap = is64
                ? new MmapRegion(UserSpace.MmapTop64, KernelLayout.PageUp(KernelLayout.UserAddressLimit / 3), KernelLayout.UserAddressLimit, IsUpward: false)
                : new MmapRegion(machine.Architecture.MmapTop32, KernelLayout.PageUp(machine.Architecture.Limit32 / 3), machine.Architecture.Limit32, IsUpward: false),
            StackStart = stackTop,
            Executable = path,
        };
        machine.Vdso.Map(machine.Processor.Bus.Ram, memory, _ => (is64 ? UserSpace.Vdso64 : machine.Architecture.VdsoPage) - DataSize(program.Bitness));
        memory.Add(new VmArea(program.EntryPoint, KernelLayout.PageUp(program.EntryPoint + (ulong)program.Code.Count), true, false, true, "program"));
        memory.Add(new VmArea(dataStart, dataEnd, true, true, false, "data"));
        memory.Add(new VmArea(stackTop - AddressSpaceLayout.StackReserve, stackTop, true, true, false, "[stack]") { GrowsDown = true });
        memory.TryForce(program.EntryPoint, program.Code.ToArray());
        Enter(program.Bitness, path, program.EntryPoint, stackTop - stackMargin);
    }

    /// <summary>Loads an ELF program. Standard input is asked for when the program does.</summary>
    /// <exception cref="ElfFormatException">It cannot run; the message says why.</exception>
    public void Load(ElfProgram program, FileContent? input)
    {
        CheckRuns(program.File.Bitness, program.File.IsX32);
        FoundProgram found = new(program.File, Place(program), program.Strings);
        found = new ProgramFinder(machine).WithInterpreter(found, out _) ?? throw program.File.InterpreterIsMissing();
        Begin(input);
        ProgramImage image = new ProgramImageBuilder(machine, machine.Memory).Build(found);
        Enter(program.File.Bitness, PathNames.ToText(machine.Memory.Map.Executable), image.EntryPoint, image.StackPointer, program.File.IsX32);
    }

    private void CheckRuns(int bitness, bool isX32)
    {
        if (machine.Runs(bitness, isX32))
            return;
        throw new ElfFormatException(bitness == 64 || isX32
            ? $"The program is {(isX32 ? "an x32" : "a 64-bit")} one, and {machine.Kernel} runs 32-bit programs only."
            : "The program is a 32-bit one, and the kernel was booted with ia32_emulation=off: it runs 64-bit programs only.", Errno.ENOEXEC);
    }

    /// <summary>The program's file in the machine: under its name where that is free, else one that no name leads to.</summary>
    private VfsLocation Place(ElfProgram program)
    {
        string path = PathNames.Normalise(PathNames.OfText(program.Path));
        if (machine.Vfs.FindAsOwner(path) is { } there)
            return IsTheSame(program.File, there) ? there : Nameless(program.File, path);
        try
        {
            machine.WriteFile(program.Path, program.File.Bytes);
        }
        catch (IOException)
        {
            return Nameless(program.File, path);
        }

        if (machine.Vfs.FindAsOwner(path) is not { } added)
            return Nameless(program.File, path);
        machine.Vfs.SetMode(added.Node, Octal.AllByOwner);
        return added;
    }

    private bool IsTheSame(ElfFile file, VfsLocation place) =>
        machine.Vfs.SystemOf(place.Node)?.ContentOf(place.Node, out _) is { } content
        && content.Length == file.Length && content.ToArray().AsSpan().SequenceEqual(file.Bytes);

    private VfsLocation Nameless(ElfFile file, string path)
    {
        Inode attributes = machine.Vfs.NewFile(FileType.Regular, Octal.AllByOwner, new RegularBody(FileContent.Of(file.Bytes)));
        VfsNode node = InMemory()?.AddNameless(attributes, out _)
            ?? throw new ElfFormatException($"The program has {file.Length >> 20} MiB; files of the machine may have {machine.Limits.FileBytes >> 20} MiB in all.");
        int slash = path.LastIndexOf('/');
        return new VfsLocation(node, machine.Vfs.FindAsOwner(path[..Math.Max(slash, 1)])?.Node ?? machine.Vfs.Root, path[(slash + 1)..]);
    }

    /// <summary>A host view under all names leaves the machine's own directories over it.</summary>
    private MemoryFileSystem? InMemory() => new[] { "/", "/run", "/tmp", "/dev" }
        .Select(name => machine.Vfs.FindAsOwner(name) is { } place ? machine.Vfs.SystemOf(place.Node) as MemoryFileSystem : null)
        .FirstOrDefault(system => system is not null);

    private ulong DataSize(int bitness) => (ulong)(machine.Vdso.For(bitness)?.Data.Pages ?? 0) * KernelLayout.PageSize;

    private void Begin(FileContent? input)
    {
        machine.State = machine.State with { HasProgram = true, Input = input, StartClock = machine.Processor.Clock };
        machine.Files.Open(new OpenFile(new StandardStream(StandardStreamKind.Input), 0, OpenFlags.ReadOnly), closeOnExec: false);
        machine.Files.Open(new OpenFile(new StandardStream(StandardStreamKind.Output), 0, OpenFlags.WriteOnly), closeOnExec: false);
        machine.Files.Open(new OpenFile(new StandardStream(StandardStreamKind.Error), 0, OpenFlags.WriteOnly), closeOnExec: false);
        machine.Task = machine.Task with { Times = machine.Task.Times with { Started = new EmulatedTime(machine).SinceBoot } };
    }

    /// <summary>The program runs from now on, and with it the tick.</summary>
    private void Enter(int bitness, string path, ulong entryPoint, ulong stackPointer, bool isX32 = false)
    {
        var start = new ThreadStart(machine);
        start.Name(path);
        start.SetRegisters(bitness, entryPoint, stackPointer, isX32);
        machine.State = machine.State with { SwitchClock = machine.Processor.Clock };
        machine.Timers.StartTick();
        ProcessorRegisters registers = machine.Processor.Registers;
        registers[Gpr.Rsp] = machine.Tasks.Current.Registers;
        registers.Rip = machine.AddressOf(machine.HasFred ? FredEntry.UserExit : machine.Kernel.Traits.UserReturn);
    }
}
