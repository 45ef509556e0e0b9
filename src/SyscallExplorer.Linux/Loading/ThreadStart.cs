using System.Buffers.Binary;
using System.Text;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>What a program finds in the registers at its first instruction, and the name that its task gets.</summary>
internal sealed class ThreadStart(LinuxMachine machine)
{
    /// <summary>The last part of a path, as far as it goes.</summary>
    public void Name(string path)
    {
        const int shownBytes = 15;
        byte[] name = Encoding.UTF8.GetBytes(path[(path.LastIndexOf('/') + 1)..]);
        machine.Task = machine.Task with { CommandName = Encoding.Latin1.GetString(name.AsSpan(0, Math.Min(shownBytes, name.Length))) };
    }

    /// <summary>The way to the first instruction goes through the kernel's own code: registers on the task's stack, then IRET.</summary>
    public void SetRegisters(int bitness, ulong entryPoint, ulong stackPointer, bool isX32 = false)
    {
        ulong frame = machine.Tasks.Current.Registers;
        Span<byte> cleared = stackalloc byte[machine.Architecture.RegistersSize];
        cleared.Clear();
        machine.WriteKernel(frame, cleared);
        machine.WritePtRegs(new PtRegs(frame, new ulong[PtRegsOffsets.Size / sizeof(ulong)]).With(
            (PtRegsOffsets.OrigAx, ulong.MaxValue),
            (PtRegsOffsets.Ip, entryPoint),
            (PtRegsOffsets.Cs, bitness == 64 || isX32 ? Selectors.UserCs : machine.Architecture.User32Cs),
            (PtRegsOffsets.Flags, Rflags.Fixed | Rflags.IF),
            (PtRegsOffsets.Sp, stackPointer),
            (PtRegsOffsets.Ss, machine.Architecture.UserDs)));
        if (machine.HasFred)
            machine.WriteKernel(frame + PtRegsOffsets.Ss, machine.Architecture.UserDs | FredEvent.OfNewProgram);
        SetSegments(bitness);
    }

    /// <summary>The registers of FPU, SSE and AVX begin as XRSTOR makes them of a header without components.</summary>
    public void ResetFpu()
    {
        const int mxcsr = 0x18, initialControl = 0x37F;
        const uint initialMxcsr = 0x1F80;
        GuestTask guest = machine.Tasks.Current;
        Span<byte> area = stackalloc byte[KernelLayout.FpuArea];
        area.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(area, initialControl);
        BinaryPrimitives.WriteUInt32LittleEndian(area[mxcsr..], initialMxcsr);
        ReadOnlySpan<byte> initial = machine.Processor.Model.Has(CpuFeature.Fxsr) ? area : LegacyFloatEnvironment.FromImage(area, 0, 0);
        machine.Processor.Bus.Ram.Write(guest.Address + TaskLayout.Fpu, initial);
        guest.SetFlag(ThreadFlags.NeedFpuLoad, true);
    }

    private void SetSegments(int bitness)
    {
        PhysicalMemory ram = machine.Processor.Bus.Ram;
        GuestTask guest = machine.Tasks.Current;
        for (int entry = 0; entry < Selectors.TlsEntries; entry++)
        {
            ram.WriteUInt64(KernelLayout.GdtPhysical + (ulong)(machine.Architecture.FirstTls + entry) * 8, 0);
            guest[TaskLayout.TlsArray + entry * 8] = 0;
        }

        if (machine.Architecture.IsNative32)
        {
            var segments = new UserSegmentRegisters(machine);
            segments.Load(new UserSegments(I386Selectors.UserDs, I386Selectors.UserDs, 0, 0));
            guest[TaskLayout.SysenterReturn] = ram.ReadUInt64(machine.Memory.Map.Frame + TaskLayout.MmLandingPad);
            return;
        }

        ProcessorRegisters registers = machine.Processor.Registers;
        Segment data = bitness == 64 ? default
            : new Descriptor(ram.ReadUInt64(KernelLayout.GdtPhysical + (Selectors.UserDs & ~7ul))).ToSegment(Selectors.UserDs);
        registers[SegmentName.DS] = data;
        registers[SegmentName.ES] = data;
        registers[SegmentName.FS] = default;
        registers[SegmentName.GS] = registers[SegmentName.GS] with { Selector = 0 };
        registers.WriteMsr(Msr.KernelGsBase, 0);
    }
}
