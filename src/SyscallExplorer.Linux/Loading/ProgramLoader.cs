using System.Collections.Immutable;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>
/// Makes the address space of a program and the frame by which the kernel returns to its first instruction, as execve leaves them.
/// </summary>
internal sealed class ProgramLoader(LinuxMachine machine)
{
    private const ulong InitialStackSize = 132 << 10;
    private const ulong PageMask = KernelLayout.PageSize - 1;

    private AddressSpace _memory = machine.Memory;

    /// <summary>Loads a run of machine code, with a data area and a stack.</summary>
    public void Load(UserProgram program, ReadOnlySpan<byte> input)
    {
        bool is64 = program.Bitness == 64;
        ulong dataStart = is64 ? UserSpace.Data64 : UserSpace.Data32;
        ulong dataEnd = dataStart + UserSpace.DataSize;
        ulong stackTop = is64 ? UserSpace.StackTop64 : UserSpace.StackTop32;
        const ulong stackMargin = 16;
        Begin(FileContent.Of(input));
        BeginMap(program.Bitness, dataEnd, "/program");
        var code = new VmArea(program.EntryPoint, KernelLayout.PageUp(program.EntryPoint + (ulong)program.Code.Count), true, false, true, "program");
        _memory.Add(code);
        _memory.Add(new VmArea(dataStart, dataEnd, true, true, false, "data"));
        _memory.Add(Stack(stackTop, executable: false));
        WritePages(program.EntryPoint, [.. program.Code]);
        Name("/program");
        StartInUserMode(program.Bitness, program.EntryPoint, stackTop - stackMargin);
        Enter();
    }

    /// <summary>Loads an ELF program. Standard input is asked for when the program does.</summary>
    public void Load(ElfProgram program, FileContent? input)
    {
        string path = PathNames.Normalise(program.Path);
        Begin(input);
        (ulong entry, ulong stackPointer) = MapProgram(program, path);
        Name(path);
        StartInUserMode(program.File.Bitness, entry, stackPointer);
        Enter();
    }

    /// <summary>Replaces the program of the current task, which is alone in its process.</summary>
    /// <returns>0, or an error when nothing was changed yet. RDX is what CR3 has to be loaded with.</returns>
    public long Execute(FoundProgram program)
    {
        TaskState task = machine.Task;
        if (AddressSpace.Create(machine, program.File.Bitness) is not { } map)
            return -Errno.ENOMEM;
        _memory = new AddressSpace(machine, map);
        (ulong Entry, ulong StackPointer) start;
        try
        {
            start = MapProgram(program.ToElfProgram(), program.Path);
        }
        catch (ElfFormatException)
        {
            _memory.Leave();
            return -Errno.ENOMEM;
        }

        // From here on there is no way back to the old program.
        new AddressSpace(machine, task.Map).Leave();
        new TaskExit(machine).WakeVforkParent(task);
        machine.Task = machine.Task with
        {
            Map = map,
            FileTable = machine.Files.Unshare(task.FileTable),
            Handlers = OwnHandlers(task.Handlers),
            Thread = ThreadState.Initial,
            Signals = machine.Task.Signals.ForProgram(),
            ExitSignal = SignalNumbers.SIGCHLD,
        };
        machine.Process = machine.Process with { HasExecuted = true };
        Name(program.Path);
        GuestTask guest = machine.Tasks.Current;
        guest[TaskLayout.Mm] = KernelLayout.DirectMapped(_memory.Map.Frame);
        guest[TaskLayout.Files] = KernelLayout.DirectMapped(machine.State.FileTables[machine.Task.FileTable].Frame);
        machine.Files.CloseOnExecute();
        ResetFpu(guest);
        StartInUserMode(program.File.Bitness, start.Entry, start.StackPointer);
        machine.Processor.Registers[Gpr.Rdx] = machine.Scheduler.Load(map);
        return 0;
    }

    /// <summary>The registers of FPU, SSE and AVX begin as XRSTOR makes them of a header without components.</summary>
    private void ResetFpu(GuestTask guest)
    {
        const int mxcsr = 0x18, initialControl = 0x37F;
        const uint initialMxcsr = 0x1F80;
        Span<byte> area = stackalloc byte[KernelLayout.FpuArea];
        area.Clear();
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16LittleEndian(area, initialControl);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(area[mxcsr..], initialMxcsr);
        machine.Processor.Bus.Ram.Write(guest.Address + TaskLayout.Fpu, area);
        guest.SetFlag(ThreadFlags.NeedFpuLoad, true);
    }

    private int OwnHandlers(int table)
    {
        HandlerTableState old = machine.State.HandlerTables[table];
        HandlerTableState own = old.WithoutHandlers() with { Users = 1 };
        if (old.Users == 1)
        {
            machine.State = machine.State with { HandlerTables = machine.State.HandlerTables.SetItem(table, own) };
            return table;
        }

        int id = machine.State.NextObject;
        machine.State = machine.State with
        {
            NextObject = id + 1,
            HandlerTables = machine.State.HandlerTables.SetItem(table, old with { Users = old.Users - 1 }).Add(id, own),
        };
        return id;
    }

    private (ulong Entry, ulong StackPointer) MapProgram(ElfProgram program, string path)
    {
        ElfFile file = program.File;
        bool is64 = file.Bitness == 64;
        ulong stackTop = is64 ? UserSpace.StackTop64 : UserSpace.StackTop32;
        ulong bias = BiasOf(file);
        ulong heap = !file.IsPositionIndependent ? file.Segments[^1].PagesEnd : is64 ? UserSpace.PieHeap64 : UserSpace.PieHeap32;
        BeginMap(file.Bitness, heap, path);

        // What a file does not say about its stack meant everything once, and 32-bit programs are still taken at that word.
        bool readImpliesExecute = !is64 && file.ExecutableStack is null;
        _memory.Map = _memory.Map with { ReadImpliesExecute = readImpliesExecute };
        _memory.Add(Stack(stackTop, readImpliesExecute || file.ExecutableStack == true));
        foreach (ElfSegment segment in file.Segments)
            MapSegment(file, segment, bias, readImpliesExecute, program.Path);

        InitialStack content = InitialStack.Build(program, stackTop, bias, machine);
        WritePages(content.Pointer, content.Content);
        return (file.EntryPoint + bias, content.Pointer);
    }

    /// <summary>A stack begins small and grows when it is touched.</summary>
    private static VmArea Stack(ulong top, bool executable) => new(top - InitialStackSize, top, true, true, executable, "[stack]") { GrowsDown = true };

    private void Begin(FileContent? input)
    {
        machine.State = machine.State with { HasProgram = true, Input = input, StartClock = machine.Processor.Clock };
        machine.Files.Open(new OpenFile(new StandardStream(StandardStreamKind.Input), 0, OpenFlags.ReadOnly), closeOnExec: false);
        machine.Files.Open(new OpenFile(new StandardStream(StandardStreamKind.Output), 0, OpenFlags.WriteOnly), closeOnExec: false);
        machine.Files.Open(new OpenFile(new StandardStream(StandardStreamKind.Error), 0, OpenFlags.WriteOnly), closeOnExec: false);
        machine.Task = machine.Task with { Times = machine.Task.Times with { Started = new EmulatedTime(machine).SinceBoot } };
    }

    private void BeginMap(int bitness, ulong heap, string path)
    {
        _memory.Map = _memory.Map with
        {
            Bitness = bitness,
            BreakStart = heap,
            Break = heap,
            MmapTop = bitness == 64 ? UserSpace.MmapTop64 : UserSpace.MmapTop32,
            StackStart = bitness == 64 ? UserSpace.StackTop64 : UserSpace.StackTop32,
            Executable = path,
        };
        if (bitness == 32)
            MapKernelVsyscall();
    }

    /// <summary>The program runs from now on, and with it the tick.</summary>
    private void Enter()
    {
        machine.State = machine.State with { SwitchClock = machine.Processor.Clock };
        machine.Timers.StartTick();
        ProcessorRegisters registers = machine.Processor.Registers;
        registers[Gpr.Rsp] = machine.Tasks.Current.Registers;
        registers.Rip = machine.AddressOf(ReturnByIret.ToUser.Symbol);
    }

    private void Name(string path)
    {
        const int shownBytes = 15;
        byte[] name = System.Text.Encoding.UTF8.GetBytes(path[(path.LastIndexOf('/') + 1)..]);
        machine.Task = machine.Task with { CommandName = System.Text.Encoding.Latin1.GetString(name.AsSpan(0, Math.Min(shownBytes, name.Length))) };
    }

    /// <summary>Without a dynamic linker a position-independent program is mapped like anything else: as high as there is room.</summary>
    private static ulong BiasOf(ElfFile file)
    {
        if (!file.IsPositionIndependent)
            return 0;
        ulong first = file.Segments[0].FirstPage;
        ulong top = file.Bitness == 64 ? UserSpace.MmapTop64 : UserSpace.MmapTop32;
        return top - (file.Segments[^1].PagesEnd - first) - first;
    }

    /// <summary>
    /// Whole pages of the file where it gives any, so that what stands around the segment is there too; behind the file's bytes a segment
    /// that is longer in memory has zeroes.
    /// </summary>
    private void MapSegment(ElfFile file, ElfSegment segment, ulong bias, bool readImpliesExecute, string name)
    {
        ulong start = segment.FirstPage + bias, end = segment.PagesEnd + bias;
        if (start < AddressSpace.LowestAddress || end > _memory.Limit || Overlapped(start, end) is { })
        {
            string where = Overlapped(start, end) is { } taken ? $", where the kernel has {taken.Name}" : "";
            throw new ElfFormatException($"{name}: a segment for {start:x}h to {end:x}h cannot be mapped{where}: "
                + $"a program's addresses go from {AddressSpace.LowestAddress:x}h to {_memory.Limit:x}h.");
        }

        bool executable = segment.Executable || (readImpliesExecute && segment.Readable);
        bool readable = segment.Readable || segment.Writable || segment.Executable;
        var area = new VmArea(start, end, readable, segment.Writable, executable, name);
        if (_memory.AreaOf(start) is { } before && before.End < end && before.Name == name)
            _memory.Unmap(start, before.End);
        _memory.Add(area);
        if (segment.FileSize == 0)
            return;
        ulong fileStart = segment.Offset & ~PageMask;
        ulong fileEnd = segment.MemorySize > segment.FileSize ? segment.Offset + segment.FileSize : KernelLayout.PageUp(segment.Offset + segment.FileSize);
        WritePages(start, file.Bytes[(int)fileStart..(int)Math.Min(fileEnd, (ulong)file.Bytes.Length)]);
    }

    private VmArea? Overlapped(ulong start, ulong end) =>
        _memory.Map.Areas.FirstOrDefault(area => area.Name is "[stack]" or "[vdso]" && area.Start < end && area.End > start);

    /// <summary>Fills pages, whatever their rights.</summary>
    private void WritePages(ulong address, ReadOnlySpan<byte> bytes)
    {
        if (!_memory.TryForce(address, bytes))
            throw new ElfFormatException($"The program needs more than the {machine.Limits.MemoryBytes >> 20} MiB of memory that it may use.");
    }

    private void MapKernelVsyscall()
    {
        var area = new VmArea(UserSpace.KernelVsyscallPage, UserSpace.KernelVsyscallPage + KernelLayout.PageSize, true, false, true, "[vdso]");
        _memory.Add(area);
        (byte[] code, int landingPad) = KernelVsyscall.Build(machine.Features);
        WritePages(UserSpace.KernelVsyscall, code);
        ulong mm = _memory.Map.Frame;
        machine.Processor.Bus.Ram.WriteUInt64(mm + TaskLayout.MmVdso, UserSpace.KernelVsyscallPage);
        machine.Processor.Bus.Ram.WriteUInt64(mm + TaskLayout.MmLandingPad, UserSpace.KernelVsyscall + (ulong)landingPad);
    }

    /// <summary>The way to the first instruction goes through the kernel's own code: registers on the task's stack, then IRET.</summary>
    private void StartInUserMode(int bitness, ulong entryPoint, ulong stackPointer)
    {
        ulong frame = machine.Tasks.Current.Registers;
        Span<byte> cleared = stackalloc byte[PtRegsOffsets.Size];
        cleared.Clear();
        machine.WriteKernel(frame, cleared);
        machine.WriteKernel(frame + PtRegsOffsets.OrigAx, ulong.MaxValue);
        machine.WriteKernel(frame + PtRegsOffsets.Ip, entryPoint);
        machine.WriteKernel(frame + PtRegsOffsets.Cs, bitness == 64 ? Selectors.UserCs : Selectors.User32Cs);
        machine.WriteKernel(frame + PtRegsOffsets.Flags, Rflags.Fixed | Rflags.IF);
        machine.WriteKernel(frame + PtRegsOffsets.Sp, stackPointer);
        machine.WriteKernel(frame + PtRegsOffsets.Ss, Selectors.UserDs);
        SetSegments(bitness);
    }

    private void SetSegments(int bitness)
    {
        ProcessorRegisters registers = machine.Processor.Registers;
        PhysicalMemory ram = machine.Processor.Bus.Ram;
        Segment data = bitness == 64 ? default
            : new Descriptor(ram.ReadUInt64(KernelLayout.GdtPhysical + (Selectors.UserDs & ~7ul))).ToSegment(Selectors.UserDs);
        registers[SegmentName.DS] = data;
        registers[SegmentName.ES] = data;
        registers[SegmentName.FS] = default;
        registers[SegmentName.GS] = registers[SegmentName.GS] with { Selector = 0 };
        registers.WriteMsr(Msr.KernelGsBase, 0);
        for (int entry = 0; entry < Selectors.TlsEntries; entry++)
            ram.WriteUInt64(KernelLayout.GdtPhysical + (ulong)(Selectors.FirstTls + entry) * 8, 0);
        GuestTask guest = machine.Tasks.Current;
        for (int entry = 0; entry < Selectors.TlsEntries; entry++)
            guest[TaskLayout.TlsArray + entry * 8] = 0;
    }
}
