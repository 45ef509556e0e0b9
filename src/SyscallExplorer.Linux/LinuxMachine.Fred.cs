using System.Buffers.Binary;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <content>What is there where the kernel runs with FRED.</content>
public sealed partial class LinuxMachine
{
    /// <summary>Whether events go by FRED.</summary>
    internal bool HasFred => Features.Contains(KernelFeature.Fred);

    /// <summary>What FRED saved beside a <c>struct pt_regs</c>, or null where events do not go by FRED.</summary>
    /// <param name="address">Linear address of the registers.</param>
    public FredEvent? ReadFredEvent(ulong address)
    {
        if (!HasFred)
            return null;
        return new FredEvent(Word(PtRegsOffsets.Cs), Word(PtRegsOffsets.Ss), Word(FredEvent.DataOffset));

        ulong Word(int offset)
        {
            Span<byte> bytes = stackalloc byte[sizeof(ulong)];
            ReadKernel(address + (ulong)offset, bytes);
            return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        }
    }

    /// <summary>
    /// A return from a signal's handler is not to trap at once where the handler was not stepped itself: else the step that the handler was called for would
    /// come again, before the instruction.
    /// </summary>
    internal void ForgetSoftwareEvent(PtRegs registers)
    {
        if (ReadFredEvent(registers.Address) is { } saved && (registers[PtRegsOffsets.Flags] & Rflags.TF) == 0)
            WriteKernel(registers.Address + PtRegsOffsets.Ss, saved.StackWord & ~FredEvent.SoftwareEvent);
    }
}
