namespace SyscallExplorer.Machine;

/// <content>The two ways to the registers: a page of memory in xAPIC mode, MSRs in x2APIC mode. SDM vol. 3A, 10.4.1 and 10.12.1.</content>
public sealed partial class LocalApic
{
    internal const uint FirstMsr = 0x800;
    internal const uint LastMsr = 0x8FF;

    /// <summary>
    /// Reads a part of the page. A register has the first four of its 16 bytes; the manual leaves open what the others are, and here they are zero.
    /// </summary>
    internal ulong ReadMemory(int offset, int size)
    {
        ulong value = 0;
        if (!TryRead(RegisterAt(offset), out uint word))
            NoteIllegalAddress();
        int within = offset % RegisterStep;
        if (within < sizeof(uint))
            value = (ulong)word >> (within * 8);
        return size == sizeof(ulong) ? value : value & ((1ul << (size * 8)) - 1);
    }

    /// <summary>Writes a register. Only 32 bits at its own offset do; the manual leaves open what other writes do, and here they are lost.</summary>
    internal void WriteMemory(int offset, int size, ulong value)
    {
        if (offset % RegisterStep != 0 || size != sizeof(uint))
            return;
        ApicRegister register = RegisterAt(offset);
        if (WritableBits(register) is { } writable)
            Store(register, (uint)value & writable);
        else if (!TryRead(register, out _))
            NoteIllegalAddress();
    }

    /// <summary>RDMSR of 800h to 8FFh.</summary>
    /// <returns>False for #GP.</returns>
    internal bool TryReadMsr(uint address, out ulong value)
    {
        value = 0;
        ApicRegister register = RegisterOf(address);
        if (Mode != ApicMode.X2Apic || !TryRead(register, out uint low))
            return false;
        value = register == ApicRegister.InterruptCommand ? State.InterruptCommand : low;
        return true;
    }

    /// <summary>WRMSR to 800h to 8FFh.</summary>
    /// <returns>False for #GP: no such register, one that is read only, or reserved bits.</returns>
    internal bool TryWriteMsr(uint address, ulong value)
    {
        if (Mode != ApicMode.X2Apic)
            return false;
        ApicRegister register = RegisterOf(address);
        if (register == ApicRegister.InterruptCommand)
            return TryWriteCommand(value);
        if (WritableBits(register) is not { } writable || (value & ~(ulong)(writable | ReadOnlyBits(register))) != 0)
            return false;
        if (register == ApicRegister.LocalTimer && ((uint)value & TimerModes) == TimerModes)
            return false;
        Store(register, (uint)value & writable);
        return true;
    }

    private bool TryWriteCommand(ulong value)
    {
        if (((uint)value & ~CommandBits) != 0)
            return false;
        Advance();
        State.InterruptCommand = value;
        Send(value);
        Refresh();
        return true;
    }

    /// <summary>Bits that a write may set without effect: the delivery status of local vectors, and the remote IRR of pins.</summary>
    private static uint ReadOnlyBits(ApicRegister register) => register switch
    {
        ApicRegister.LocalLint0 or ApicRegister.LocalLint1 => 0x5000,
        >= ApicRegister.LocalTimer and <= ApicRegister.LocalError => 0x1000,
        _ => 0,
    };

    private void NoteIllegalAddress()
    {
        NoteError(ApicBits.IllegalRegisterAddress);
        Refresh();
    }

    private static ApicRegister RegisterAt(int offset) => (ApicRegister)(offset / RegisterStep * RegisterStep);

    private static ApicRegister RegisterOf(uint msr) => (ApicRegister)((msr - FirstMsr) * RegisterStep);
}
