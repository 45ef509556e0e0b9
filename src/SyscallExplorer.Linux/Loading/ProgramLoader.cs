using System.Collections.Immutable;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>
/// Makes the address space of a program and the frame by which the kernel returns to its first instruction, as execve leaves them.
/// </summary>
internal sealed class ProgramLoader(LinuxMachine machine)
{
    private const int InitialDescriptors = 3;

    public void Load(UserProgram program, ReadOnlySpan<byte> input)
    {
        bool is64 = program.Bitness == 64;
        ulong codeStart = program.EntryPoint;
        ulong codeEnd = KernelLayout.PageUp(codeStart + (ulong)program.Code.Count);
        ulong dataStart = is64 ? UserSpace.Data64 : UserSpace.Data32;
        ulong dataEnd = dataStart + UserSpace.DataSize;
        ulong stackTop = is64 ? UserSpace.StackTop64 : UserSpace.StackTop32;
        ImmutableArray<VmArea> areas =
        [
            new(codeStart, codeEnd, true, false, true, "program"),
            new(dataStart, dataEnd, true, true, false, "data"),
            new(stackTop - UserSpace.StackSize, stackTop, true, true, false, "[stack]"),
        ];
        if (!is64)
            areas = areas.Add(new VmArea(UserSpace.KernelVsyscallPage, UserSpace.KernelVsyscallPage + KernelLayout.PageSize, true, false, true, "[vdso]"));

        machine.State = machine.State with
        {
            ProgramBitness = program.Bitness,
            Areas = areas,
            BreakStart = dataEnd,
            Break = dataEnd,
            MmapTop = is64 ? UserSpace.MmapTop64 : UserSpace.MmapTop32,
            Input = FileContent.Of(input),
            OpenFiles = ImmutableDictionary<int, OpenFile>.Empty
                .Add(0, new OpenFile(OpenFile.StandardInput, 0, OpenFlags.ReadOnly))
                .Add(1, new OpenFile(OpenFile.StandardOutput, 0, OpenFlags.WriteOnly))
                .Add(2, new OpenFile(OpenFile.StandardError, 0, OpenFlags.WriteOnly)),
        };
        for (int descriptor = 0; descriptor < InitialDescriptors; descriptor++)
            machine.SetFileWord(descriptor, FileKind.Hosted | machine.State.OpenFiles[descriptor].Rights);

        WriteCode(areas[0], codeStart, program.Code.ToArray());
        if (!is64)
            WriteKernelVsyscall(areas[^1]);
        StartInUserMode(program, stackTop);
    }

    private void WriteCode(VmArea area, ulong address, byte[] bytes)
    {
        for (ulong page = area.Start & ~(KernelLayout.PageSize - 1); page < area.End; page += KernelLayout.PageSize)
        {
            if (!machine.Memory.TryPopulate(area, page))
                throw new InvalidOperationException($"The guest's RAM of {KernelLayout.RamSize >> 20} MiB has no room for the program.");
        }

        for (int done = 0; done < bytes.Length;)
        {
            int count = (int)Math.Min((ulong)(bytes.Length - done), KernelLayout.PageSize - (address + (ulong)done) % KernelLayout.PageSize);
            machine.Processor.TryTranslate(address + (ulong)done, out ulong physical);
            machine.Processor.Bus.Ram.Write(physical, bytes.AsSpan(done, count));
            done += count;
        }
    }

    private void WriteKernelVsyscall(VmArea area)
    {
        (byte[] code, int landingPad) = KernelVsyscall.Build(machine.Features);
        WriteCode(area, UserSpace.KernelVsyscall, code);
        ulong mm = KernelLayout.TaskPhysical + TaskLayout.MmBlock;
        machine.Processor.Bus.Ram.WriteUInt64(mm + TaskLayout.MmVdso, UserSpace.KernelVsyscallPage);
        machine.Processor.Bus.Ram.WriteUInt64(mm + TaskLayout.MmLandingPad, UserSpace.KernelVsyscall + (ulong)landingPad);
    }

    /// <summary>The first return to user mode goes through the kernel's own code: registers on the thread stack, then IRET.</summary>
    private void StartInUserMode(UserProgram program, ulong stackTop)
    {
        const int stackMargin = 16;
        ulong frame = KernelLayout.ThreadStackPhysical + KernelLayout.ThreadStackSize - PtRegsOffsets.Size;
        PhysicalMemory ram = machine.Processor.Bus.Ram;
        ram.WriteUInt64(frame + PtRegsOffsets.OrigAx, ulong.MaxValue);
        ram.WriteUInt64(frame + PtRegsOffsets.Ip, program.EntryPoint);
        ram.WriteUInt64(frame + PtRegsOffsets.Cs, program.Bitness == 64 ? Selectors.UserCs : Selectors.User32Cs);
        ram.WriteUInt64(frame + PtRegsOffsets.Flags, Rflags.Fixed | Rflags.IF);
        ram.WriteUInt64(frame + PtRegsOffsets.Sp, stackTop - stackMargin);
        ram.WriteUInt64(frame + PtRegsOffsets.Ss, Selectors.UserDs);

        ProcessorRegisters registers = machine.Processor.Registers;
        if (program.Bitness == 32)
        {
            var userData = new Descriptor(ram.ReadUInt64(KernelLayout.GdtPhysical + (Selectors.UserDs & ~7ul))).ToSegment(Selectors.UserDs);
            registers[SegmentName.DS] = userData;
            registers[SegmentName.ES] = userData;
        }

        registers[Gpr.Rsp] = KernelLayout.ThreadStackTop - PtRegsOffsets.Size;
        registers.Rip = machine.AddressOf(ReturnByIret.ToUser.Symbol);
    }
}
