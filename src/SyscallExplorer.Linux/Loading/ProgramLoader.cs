using System.Collections.Immutable;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>
/// Makes the address space of a program and the frame by which the kernel returns to its first instruction, as execve leaves them.
/// </summary>
internal sealed class ProgramLoader(LinuxMachine machine)
{
    private const ulong PageMask = KernelLayout.PageSize - 1;

    /// <summary>Loads a run of machine code, with a data area and a stack.</summary>
    public void Load(UserProgram program, ReadOnlySpan<byte> input)
    {
        bool is64 = program.Bitness == 64;
        ulong dataStart = is64 ? UserSpace.Data64 : UserSpace.Data32;
        ulong dataEnd = dataStart + UserSpace.DataSize;
        ulong stackTop = is64 ? UserSpace.StackTop64 : UserSpace.StackTop32;
        const ulong stackMargin = 16;
        Begin(program.Bitness, dataEnd, FileContent.Of(input), "/program");
        var code = new VmArea(program.EntryPoint, KernelLayout.PageUp(program.EntryPoint + (ulong)program.Code.Count), true, false, true, "program");
        machine.Memory.Add(code);
        machine.Memory.Add(new VmArea(dataStart, dataEnd, true, true, false, "data"));
        machine.Memory.Add(new VmArea(stackTop - UserSpace.StackSize, stackTop, true, true, false, "[stack]"));
        WritePages(code, program.EntryPoint, [.. program.Code]);
        StartInUserMode(program.Bitness, program.EntryPoint, stackTop - stackMargin);
    }

    /// <summary>Loads an ELF program. Standard input is asked for when the program does.</summary>
    public void Load(ElfProgram program, FileContent? input)
    {
        ElfFile file = program.File;
        bool is64 = file.Bitness == 64;
        ulong stackTop = is64 ? UserSpace.StackTop64 : UserSpace.StackTop32;
        ulong bias = BiasOf(file);
        ulong heap = !file.IsPositionIndependent ? file.Segments[^1].PagesEnd : is64 ? UserSpace.PieHeap64 : UserSpace.PieHeap32;
        Begin(file.Bitness, heap, input, PathNames.Normalise(program.Path));

        // What a file does not say about its stack meant everything once, and 32-bit programs are still taken at that word.
        bool readImpliesExecute = !is64 && file.ExecutableStack is null;
        machine.State = machine.State with { ReadImpliesExecute = readImpliesExecute };
        var stack = new VmArea(stackTop - UserSpace.StackSize, stackTop, true, true, readImpliesExecute || file.ExecutableStack == true, "[stack]");
        machine.Memory.Add(stack);
        foreach (ElfSegment segment in file.Segments)
            MapSegment(file, segment, bias, readImpliesExecute, program.Path);

        InitialStack content = InitialStack.Build(program, stackTop, bias, machine);
        WritePages(stack, content.Pointer, content.Content);
        StartInUserMode(file.Bitness, file.EntryPoint + bias, content.Pointer);
    }

    private void Begin(int bitness, ulong heap, FileContent? input, string path)
    {
        const int shownBytes = 15;
        string name = path[(path.LastIndexOf('/') + 1)..];
        machine.State = machine.State with
        {
            ProgramBitness = bitness,
            BreakStart = heap,
            Break = heap,
            MmapTop = bitness == 64 ? UserSpace.MmapTop64 : UserSpace.MmapTop32,
            Input = input,
            Executable = path,
            CommandName = System.Text.Encoding.Latin1.GetString(System.Text.Encoding.UTF8.GetBytes(name).AsSpan()[..Math.Min(shownBytes, System.Text.Encoding.UTF8.GetByteCount(name))]),
            StartClock = machine.Processor.Clock,
        };
        machine.Files.Open(new OpenFile(new StandardStream(StandardStreamKind.Input), 0, OpenFlags.ReadOnly), closeOnExec: false);
        machine.Files.Open(new OpenFile(new StandardStream(StandardStreamKind.Output), 0, OpenFlags.WriteOnly), closeOnExec: false);
        machine.Files.Open(new OpenFile(new StandardStream(StandardStreamKind.Error), 0, OpenFlags.WriteOnly), closeOnExec: false);
        if (bitness == 32)
            MapKernelVsyscall();
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
        if (start < AddressSpace.LowestAddress || end > machine.Memory.Limit || Overlapped(start, end) is { })
        {
            string where = Overlapped(start, end) is { } taken ? $", where the kernel has {taken.Name}" : "";
            throw new ElfFormatException($"{name}: a segment for {start:x}h to {end:x}h cannot be mapped{where}: "
                + $"a program's addresses go from {AddressSpace.LowestAddress:x}h to {machine.Memory.Limit:x}h.");
        }

        bool executable = segment.Executable || (readImpliesExecute && segment.Readable);
        bool readable = segment.Readable || segment.Writable || segment.Executable;
        var area = new VmArea(start, end, readable, segment.Writable, executable, name);
        if (machine.Memory.AreaOf(start) is { } before && before.End < end && before.Name == name)
            machine.Memory.Unmap(start, before.End);
        machine.Memory.Add(area);
        if (segment.FileSize == 0)
            return;
        ulong fileStart = segment.Offset & ~PageMask;
        ulong fileEnd = segment.MemorySize > segment.FileSize ? segment.Offset + segment.FileSize : KernelLayout.PageUp(segment.Offset + segment.FileSize);
        WritePages(area, start, file.Bytes[(int)fileStart..(int)Math.Min(fileEnd, (ulong)file.Bytes.Length)]);
    }

    private VmArea? Overlapped(ulong start, ulong end) =>
        machine.State.Areas.FirstOrDefault(area => area.Name is "[stack]" or "[vdso]" && area.Start < end && area.End > start);

    /// <summary>Fills pages of an area, whatever its rights.</summary>
    private void WritePages(VmArea area, ulong address, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (!machine.Memory.TryPopulate(area, address))
                throw new InvalidOperationException($"The guest's RAM of {KernelLayout.RamSize >> 20} MiB has no room for the program.");
            int count = (int)Math.Min((ulong)bytes.Length, KernelLayout.PageSize - address % KernelLayout.PageSize);
            machine.Processor.TryTranslate(address, out ulong physical);
            machine.Processor.Bus.Ram.Write(physical, bytes[..count]);
            bytes = bytes[count..];
            address += (ulong)count;
        }
    }

    private void MapKernelVsyscall()
    {
        var area = new VmArea(UserSpace.KernelVsyscallPage, UserSpace.KernelVsyscallPage + KernelLayout.PageSize, true, false, true, "[vdso]");
        machine.Memory.Add(area);
        (byte[] code, int landingPad) = KernelVsyscall.Build(machine.Features);
        WritePages(area, UserSpace.KernelVsyscall, code);
        ulong mm = KernelLayout.TaskPhysical + TaskLayout.MmBlock;
        machine.Processor.Bus.Ram.WriteUInt64(mm + TaskLayout.MmVdso, UserSpace.KernelVsyscallPage);
        machine.Processor.Bus.Ram.WriteUInt64(mm + TaskLayout.MmLandingPad, UserSpace.KernelVsyscall + (ulong)landingPad);
    }

    /// <summary>The first return to user mode goes through the kernel's own code: registers on the thread stack, then IRET.</summary>
    private void StartInUserMode(int bitness, ulong entryPoint, ulong stackPointer)
    {
        ulong frame = KernelLayout.ThreadStackPhysical + KernelLayout.ThreadStackSize - PtRegsOffsets.Size;
        PhysicalMemory ram = machine.Processor.Bus.Ram;
        ram.WriteUInt64(frame + PtRegsOffsets.OrigAx, ulong.MaxValue);
        ram.WriteUInt64(frame + PtRegsOffsets.Ip, entryPoint);
        ram.WriteUInt64(frame + PtRegsOffsets.Cs, bitness == 64 ? Selectors.UserCs : Selectors.User32Cs);
        ram.WriteUInt64(frame + PtRegsOffsets.Flags, Rflags.Fixed | Rflags.IF);
        ram.WriteUInt64(frame + PtRegsOffsets.Sp, stackPointer);
        ram.WriteUInt64(frame + PtRegsOffsets.Ss, Selectors.UserDs);

        ProcessorRegisters registers = machine.Processor.Registers;
        if (bitness == 32)
        {
            var userData = new Descriptor(ram.ReadUInt64(KernelLayout.GdtPhysical + (Selectors.UserDs & ~7ul))).ToSegment(Selectors.UserDs);
            registers[SegmentName.DS] = userData;
            registers[SegmentName.ES] = userData;
        }

        registers[Gpr.Rsp] = KernelLayout.ThreadStackTop - PtRegsOffsets.Size;
        registers.Rip = machine.AddressOf(ReturnByIret.ToUser.Symbol);
    }
}
