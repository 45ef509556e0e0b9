using System.Collections.Immutable;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>
/// Makes the address space of a program and the frame by which the kernel returns to its first instruction, as execve leaves them.
/// </summary>
internal sealed class ProgramLoader(LinuxMachine machine)
{
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
        if (file.Interpreter is not null)
            throw file.InterpreterIsMissing();
        bool is64 = file.Bitness == 64;
        var layout = AddressSpaceLayout.Of(new AddressSpaceRequest { Bitness = file.Bitness, Personality = Personality.NoRandomization.Under(file) });
        var random = new ExecRandomness(machine.Seed, 0);
        ulong bias = layout.BiasOf(file) ?? PlaceBelow(is64 ? UserSpace.MmapTop64 : UserSpace.MmapTop32, file);
        ImagePlan plan = ImagePlan.OfProgram(file, bias, layout);
        ulong heap = !file.IsPositionIndependent ? plan.End : is64 ? UserSpace.PieHeap64 : UserSpace.PieHeap32;
        Begin(file.Bitness, heap, input, PathNames.Normalise(program.Path));

        machine.State = machine.State with { ReadImpliesExecute = layout.ReadImpliesExecute };
        bool executableStack = layout.ReadImpliesExecute || file.ExecutableStack == true;
        var stack = new VmArea(layout.StackTop - UserSpace.StackSize, layout.StackTop, true, true, executableStack, "[stack]");
        machine.Memory.Add(stack);
        foreach (ImageStep step in plan.Steps)
            Take(step, file, program.Path);

        const ulong userMayUseFsGsBase = 1 << 1;
        const uint features = 1;
        ulong capabilities = machine.Processor.Model.Cpuid(features, 0).Edx;
        ulong moreCapabilities = machine.Features.Contains(KernelFeature.Fsgsbase) ? userMayUseFsGsBase : 0;
        var identity = new StartIdentity(TaskIdentity.Uid, TaskIdentity.Uid, TaskIdentity.Gid, TaskIdentity.Gid);
        InitialStack content = InitialStack.Build(
            StartOfProcess.Of(file, plan, layout, program.Strings, identity, random, (capabilities, moreCapabilities)));
        WritePages(stack, content.Pointer, content.Content);
        StartInUserMode(file.Bitness, plan.EntryPoint, content.Pointer);
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
        machine.Files.Open(new OpenFile(OpenFile.StandardInput, 0, OpenFlags.ReadOnly), closeOnExec: false);
        machine.Files.Open(new OpenFile(OpenFile.StandardOutput, 0, OpenFlags.WriteOnly), closeOnExec: false);
        machine.Files.Open(new OpenFile(OpenFile.StandardError, 0, OpenFlags.WriteOnly), closeOnExec: false);
        if (bitness == 32)
            MapKernelVsyscall();
    }

    /// <summary>Without a dynamic linker a position-independent program is mapped like anything else: as high as there is room.</summary>
    private static ulong PlaceBelow(ulong top, ElfFile file)
    {
        ulong size = ImagePlan.MappingSize(file);
        return size < top ? ImagePlan.BiasAt(file, top - size) : throw ImagePlan.NoRoom(file);
    }

    private void Take(ImageStep step, ElfFile file, string name)
    {
        if (step is ZeroBytes)
        {
            machine.Memory.TryWrite(step.Start, new byte[step.End - step.Start]);
            return;
        }

        if (Overlapped(step.Start, step.End) is { } taken)
        {
            throw new ElfFormatException($"{name}: a segment for {step.Start:x}h to {step.End:x}h cannot be mapped, where the kernel has {taken.Name}: "
                + $"a program's addresses go from {AddressSpace.LowestAddress:x}h to {machine.Memory.Limit:x}h.");
        }

        machine.Memory.Unmap(step.Start, step.End);
        if (step is FilePages pages)
        {
            bool readable = pages.Readable || pages.Writable || pages.Executable;
            var area = new VmArea(step.Start, step.End, readable, pages.Writable, pages.Executable, name);
            machine.Memory.Add(area);
            byte[] bytes = new byte[pages.Offset < (ulong)file.Length ? Math.Min(step.End - step.Start, (ulong)file.Length - pages.Offset) : 0];
            file.Read(pages.Offset, bytes);
            WritePages(area, step.Start, bytes);
        }
        else if (step is ZeroPages zeroes)
        {
            machine.Memory.Add(new VmArea(step.Start, step.End, true, true, zeroes.Executable, ""));
        }
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
