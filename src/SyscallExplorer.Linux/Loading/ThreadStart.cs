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
        Span<byte> cleared = stackalloc byte[PtRegsOffsets.Size];
        cleared.Clear();
        machine.WriteKernel(frame, cleared);
        machine.WriteKernel(frame + PtRegsOffsets.OrigAx, ulong.MaxValue);
        machine.WriteKernel(frame + PtRegsOffsets.Ip, entryPoint);
        machine.WriteKernel(frame + PtRegsOffsets.Cs, bitness == 64 || isX32 ? Selectors.UserCs : Selectors.User32Cs);
        machine.WriteKernel(frame + PtRegsOffsets.Flags, Rflags.Fixed | Rflags.IF);
        machine.WriteKernel(frame + PtRegsOffsets.Sp, stackPointer);
        machine.WriteKernel(frame + PtRegsOffsets.Ss, Selectors.UserDs);
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
        machine.Processor.Bus.Ram.Write(guest.Address + TaskLayout.Fpu, area);
        guest.SetFlag(ThreadFlags.NeedFpuLoad, true);
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
        GuestTask guest = machine.Tasks.Current;
        for (int entry = 0; entry < Selectors.TlsEntries; entry++)
        {
            ram.WriteUInt64(KernelLayout.GdtPhysical + (ulong)(Selectors.FirstTls + entry) * 8, 0);
            guest[TaskLayout.TlsArray + entry * 8] = 0;
        }
    }
}
