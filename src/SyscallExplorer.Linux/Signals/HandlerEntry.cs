namespace SyscallExplorer.Linux;

/// <summary>Lets the current task enter a signal handler: gathers what its frame is made of, writes it, and changes the registers.</summary>
internal sealed class HandlerEntry(LinuxMachine machine)
{
    /// <summary>Where the program got its vDSO, or 0. It may have unmapped it since, which is its own affair.</summary>
    private ulong Vdso => machine.Processor.Bus.Ram.ReadUInt64(machine.Memory.Map.Frame + TaskLayout.MmVdso);

    /// <summary>Enters a handler.</summary>
    /// <param name="registers">The registers that the handler interrupts.</param>
    /// <param name="info">The signal.</param>
    /// <param name="action">Its handler.</param>
    /// <param name="rules">The kernel's habits.</param>
    /// <returns>False when the frame has no room; the registers are then untouched.</returns>
    public bool TryEnter(PtRegs registers, SignalInfo info, SignalAction action, SignalFrameRules rules)
    {
        GuestTask task = machine.Tasks.Current;
        var fpu = new TaskFpu(machine);
        var segments = new UserSegmentRegisters(machine);
        SignalState signals = machine.Task.Signals;
        FpuImage image = fpu.Read(task);
        var delivery = new SignalDelivery(registers, action, info, image, rules)
        {
            Mask = signals.SavedMask ?? signals.Blocked,
            Stack = signals.Stack,
            Exception = signals.Exception,
            Segments = segments.Read(),
            Trampolines = machine.Vdso.Trampolines(Vdso),
            KeepsStackSegment = segments.IsStackSegment((ushort)registers[PtRegsOffsets.Ss]),
        };
        if ((action.IsCompat ? SignalFrame32.Build(delivery) : action.IsX32 ? SignalFrameX32.Build(delivery) : SignalFrame64.Build(delivery)) is not { } frame)
            return false;
        foreach (MemoryWrite write in frame.Writes)
        {
            if (!machine.Memory.TryWrite(write.Address, write.Bytes.Span))
                return false;
        }

        machine.WritePtRegs(frame.Registers);
        if (frame.LoadsUserData)
            segments.LoadUserData();
        fpu.Write(task, FpuImage.Initial(image.Format));
        return true;
    }
}
