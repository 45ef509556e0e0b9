namespace SyscallExplorer.Machine;

/// <summary>
/// Far jumps and calls through 64-bit call gates. SDM vol. 2A, CALL and JMP, CALL-GATE; vol. 3A, 5.8.3.1. A call may go to an inner
/// level, whose stack then comes from the TSS with a NULL SS; nothing is copied from the old stack.
/// </summary>
internal static class CallGates
{
    private const int GateSize = 16;
    private const int Word = 8;

    /// <summary>The type bits of the upper half, which must be zero so that it cannot be taken for a descriptor.</summary>
    private const ulong UpperType = 0x1Ful << 40;

    /// <summary>Goes through the gate of a selector.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="selector">Names a call gate.</param>
    /// <param name="isCall">CALL, which pushes and may change the level; JMP does neither.</param>
    public static Outcome Transfer(Processor cpu, Operation op, ushort selector, bool isCall)
    {
        uint error = Processor.SelectorError(selector);
        if (!cpu.TryDescriptorAddress(selector, GateSize, out ulong address))
            return cpu.GeneralProtection(error);
        if (!cpu.ReadSystem(address, out ulong low) || !cpu.ReadSystem(address + Word, out ulong high))
            return Outcome.Fault;
        var gate = new Descriptor(low);
        if (gate.Dpl < cpu.Cpl || (selector & 3) > gate.Dpl || (high & UpperType) != 0)
            return cpu.GeneralProtection(error);
        if (!gate.IsPresent)
            return cpu.Raise(Vector.SegmentNotPresent, error);

        ushort codeSelector = (ushort)(low >> 16);
        ulong target = (low & 0xFFFF) | ((low >> 32) & 0xFFFF_0000) | (high << 32);
        if (!cpu.CheckGateCode(codeSelector, ext: 0, out Segment code, out int newLevel))
            return Outcome.Fault;
        if (FarTransfers.IsForbiddenByFred(cpu, code, newLevel))
            return cpu.GeneralProtection(Processor.SelectorError(codeSelector));
        if (!isCall && newLevel != cpu.Cpl)
            return cpu.GeneralProtection(Processor.SelectorError(codeSelector));
        if (!cpu.IsCanonical(target))
            return cpu.GeneralProtection();
        if (isCall && !PushReturn(cpu, op, newLevel))
            return Outcome.Fault;

        cpu.SetCs(code with { Selector = (ushort)((codeSelector & ~3) | newLevel) });
        cpu.S.Rip = target;
        return Outcome.Branch;
    }

    private static bool PushReturn(Processor cpu, Operation op, int newLevel)
    {
        bool inner = newLevel != cpu.Cpl;
        if (!cpu.SelectHandlerStack(ist: 0, newLevel, ext: 0, out ulong stack))
            return false;
        ReadOnlySpan<ulong> frame =
        [
            cpu.S.Segments[(int)SegmentName.SS].Selector, cpu.S.Gpr[(int)Gpr.Rsp],
            cpu.S.Segments[(int)SegmentName.CS].Selector, cpu.NextRip(op),
        ];
        ReadOnlySpan<ulong> pushed = inner ? frame : frame[2..];
        ulong newStack = stack - (ulong)(pushed.Length * Word);
        if (!cpu.IsCanonical(newStack) || !cpu.IsCanonical(stack - 1))
        {
            cpu.Raise(Vector.StackFault);
            return false;
        }

        if (!cpu.WriteFrame(stack, pushed, user: newLevel == 3, explicitAccess: !inner))
            return false;
        cpu.S.Gpr[(int)Gpr.Rsp] = newStack;
        if (inner)
            cpu.S.Segments[(int)SegmentName.SS] = Segment.Null((ushort)newLevel);
        return true;
    }
}
