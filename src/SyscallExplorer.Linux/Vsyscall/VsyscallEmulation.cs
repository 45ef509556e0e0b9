using System.Buffers.Binary;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>The host's part in the emulation of a vsyscall: what C checks before the call, and which signal a bad pointer is.</summary>
internal sealed class VsyscallEmulation(LinuxMachine machine)
{
    /// <summary>Destinations of the calls by slot: offset of the register in <c>pt_regs</c> and bytes.</summary>
    private static readonly (int Register, int Size)[][] s_destinations =
    [
        [(PtRegsOffsets.Di, 16), (PtRegsOffsets.Si, 8)],
        [(PtRegsOffsets.Di, 8)],
        [(PtRegsOffsets.Di, 4), (PtRegsOffsets.Si, 4)],
    ];

    private static readonly Version s_plainSignal = new(6, 10);

    /// <summary>Looks at the address, the stack and the pointers.</summary>
    /// <param name="registers">What the program came with.</param>
    /// <param name="address">What it wanted to fetch.</param>
    /// <param name="caller">The address that it would return to.</param>
    /// <returns>The slot, or one of the constants of <see cref="VsyscallFault"/>.</returns>
    public int Check(PtRegs registers, ulong address, out ulong caller)
    {
        caller = 0;
        if (machine.Vsyscall == VsyscallMode.None)
            return VsyscallFault.NotCall;
        int slot = VsyscallPage.Slots.IndexOf(VsyscallPage.Slots.FirstOrDefault(known => VsyscallPage.Address + (ulong)known.Offset == address)!);
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        if (slot < 0 || !machine.Memory.TryRead(registers[PtRegsOffsets.Sp], word))
        {
            machine.Signals.Force(SignalInfo.FromKernel(SignalNumbers.SIGSEGV));
            return VsyscallFault.Refused;
        }

        caller = BinaryPrimitives.ReadUInt64LittleEndian(word);
        foreach ((int register, int size) in s_destinations[slot])
        {
            ulong pointer = registers[register];
            if (pointer == 0 || (pointer < KernelLayout.UserAddressLimit && pointer + (ulong)size <= KernelLayout.UserAddressLimit))
                continue;
            Tell(SignalNumbers.SIGSEGV, FaultResult.NotMapped.Code, pointer, PageFaultError.Write | PageFaultError.User);
            return VsyscallFault.Refused;
        }

        machine.WritePtRegs(registers.With(
            (PtRegsOffsets.OrigAx, (ulong)VsyscallPage.Slots[slot].Number), (PtRegsOffsets.Ax, unchecked((ulong)-Errno.ENOSYS))));
        return slot;
    }

    /// <summary>
    /// The call has met a pointer that cannot be written. Up to Linux 6.9 the fault itself is told, as if the program had made it; then only that there
    /// was one.
    /// </summary>
    public void Refuse(PtRegs registers, int slot)
    {
        if (machine.Kernel.Traits.Version < s_plainSignal && FirstFault(registers, slot) is ({ IsServed: false } fault, ulong address, bool isThere))
            Tell(fault.Signal, fault.Code, address, PageFaultError.Write | PageFaultError.User | (isThere ? PageFaultError.Protection : 0));
        else
            machine.Signals.Force(SignalInfo.FromKernel(SignalNumbers.SIGSEGV));
    }

    /// <summary>The first word of the destinations that cannot be written.</summary>
    private (FaultResult Fault, ulong Address, bool IsThere) FirstFault(PtRegs registers, int slot)
    {
        foreach ((int register, int size) in s_destinations[slot])
        {
            int word = Math.Min(size, sizeof(ulong));
            for (ulong at = registers[register]; registers[register] != 0 && at < registers[register] + (ulong)size; at += (ulong)word)
            {
                foreach (ulong part in (ReadOnlySpan<ulong>)[at, (at + (ulong)word - 1) & ~(KernelLayout.PageSize - 1)])
                {
                    ulong touched = Math.Max(part, at);
                    FaultResult fault = machine.Memory.HandleFault(touched, write: true, execute: false);
                    if (!fault.IsServed)
                        return (fault, touched, machine.Processor.TryTranslate(touched, out _));
                }
            }
        }

        return (FaultResult.Served, 0, false);
    }

    private void Tell(int signal, int code, ulong address, uint error)
    {
        SignalState signals = machine.Task.Signals;
        machine.Task = machine.Task with
        {
            Signals = signals with
            {
                Trap = new Trap(Vector.PageFault, error, address),
                Exception = new LastException(error, (ulong)Vector.PageFault, address),
            },
        };
        machine.Signals.Force(SignalInfo.FromFault(signal, code, address));
    }
}
