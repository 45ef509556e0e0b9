namespace SyscallExplorer.Machine;

/// <summary>
/// Far jumps and calls through the call gates of legacy mode. SDM vol. 2A, CALL and JMP, CALL-GATE; vol. 3A, 5.8.3 to 5.8.5. A call to an
/// inner level takes its stack from the TSS and copies as many words as the gate says.
/// </summary>
internal static class LegacyCallGates
{
    private const int ParameterCountBit = 32;
    private const int MaxParameters = 31;
    private const int LinkWords = 4;

    /// <summary>Goes through the gate of a selector.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="selector">Names the gate.</param>
    /// <param name="gate">The gate, which is a 16- or 32-bit call gate.</param>
    /// <param name="isCall">CALL, which pushes and may change the level; JMP does neither.</param>
    public static Outcome Transfer(Processor cpu, Operation op, ushort selector, in Descriptor gate, bool isCall)
    {
        uint error = Processor.SelectorError(selector);
        if (gate.Dpl < cpu.Cpl || (selector & 3) > gate.Dpl)
            return cpu.GeneralProtection(error);
        if (!gate.IsPresent)
            return cpu.Raise(Vector.SegmentNotPresent, error);
        if (!cpu.CheckGateCode(gate.GateSelector, ext: 0, out Segment code, out int newLevel))
            return Outcome.Fault;
        bool inner = newLevel != cpu.Cpl;
        if (!isCall && inner)
            return cpu.GeneralProtection(Processor.SelectorError(gate.GateSelector));

        bool pushed = !isCall || (inner ? PushToInnerStack(cpu, op, gate, newLevel, code) : PushToSameStack(cpu, op, gate, code));
        if (!pushed)
            return Outcome.Fault;
        if (gate.LegacyTarget > code.Limit)
            return cpu.GeneralProtection();
        cpu.SetCs(code with { Selector = (ushort)((gate.GateSelector & ~3) | newLevel) });
        cpu.S.Rip = gate.LegacyTarget;
        return Outcome.Branch;
    }

    private static bool PushToSameStack(Processor cpu, Operation op, in Descriptor gate, in Segment code)
    {
        ReadOnlySpan<ulong> frame = [cpu.S.Segments[(int)SegmentName.CS].Selector, cpu.NextRip(op)];
        return Push(cpu, gate, code, cpu.S.Segments[(int)SegmentName.SS], cpu.S.Gpr[(int)Gpr.Rsp], frame, stackError: 0, user: cpu.Cpl == 3, isCurrent: true);
    }

    private static bool PushToInnerStack(Processor cpu, Operation op, in Descriptor gate, int level, in Segment code)
    {
        if (!cpu.SelectInnerStack(level, ext: 0, out Segment stack, out ulong top))
            return false;
        int count = (int)(gate.Raw >> ParameterCountBit) & MaxParameters;
        int wordSize = WordSizeOf(gate);
        Span<ulong> frame = stackalloc ulong[LinkWords + MaxParameters];
        frame[0] = cpu.S.Segments[(int)SegmentName.SS].Selector;
        frame[1] = cpu.S.Gpr[(int)Gpr.Rsp];

        // The last parameter pushed by the caller is nearest to the top of either stack.
        for (int i = 0; i < count; i++)
        {
            if (!PeekWord(cpu, (count - 1 - i) * wordSize, wordSize, out frame[2 + i]))
                return false;
        }

        frame[2 + count] = cpu.S.Segments[(int)SegmentName.CS].Selector;
        frame[3 + count] = cpu.NextRip(op);
        uint stackError = Processor.SelectorError(stack.Selector);
        return Push(cpu, gate, code, stack, top, frame[..(LinkWords + count)], stackError, user: level == 3, isCurrent: false);
    }

    /// <summary>Pushes a frame and, when nothing can fail any more, makes its stack the current one.</summary>
    private static bool Push(
        Processor cpu, in Descriptor gate, in Segment code, in Segment stack, ulong top, ReadOnlySpan<ulong> frame, uint stackError, bool user, bool isCurrent)
    {
        int wordSize = WordSizeOf(gate);
        Span<ulong> places = stackalloc ulong[LinkWords + MaxParameters];
        places = places[..frame.Length];
        if (!cpu.PlaceFrame(stack, top, wordSize, stackError, places))
            return false;
        if (gate.LegacyTarget > code.Limit)
        {
            cpu.GeneralProtection();
            return false;
        }

        if (!cpu.WriteFrame(places, frame, wordSize, user, explicitAccess: isCurrent))
            return false;
        cpu.S.Gpr[(int)Gpr.Rsp] = Processor.MovedStackPointer(stack, top, -frame.Length * wordSize);
        if (!isCurrent)
            cpu.S.Segments[(int)SegmentName.SS] = stack;
        return true;
    }

    private static int WordSizeOf(in Descriptor gate) => gate.IsWideGate ? sizeof(uint) : sizeof(ushort);

    private static bool PeekWord(Processor cpu, int distance, int wordSize, out ulong value)
    {
        bool read;
        if (wordSize == sizeof(uint))
        {
            read = cpu.Peek(distance, out uint wide);
            value = wide;
        }
        else
        {
            read = cpu.Peek(distance, out ushort narrow);
            value = narrow;
        }

        return read;
    }
}
