namespace SyscallExplorer.Machine;

/// <content>Events through the 8-byte gates of legacy mode. SDM vol. 3A, 6.11 and 6.12; vol. 2A, INT n, operation.</content>
public sealed partial class Processor
{
    private const int LegacyGateSize = 8;
    private const int InterruptGate16 = 6;
    private const int TrapGate16 = 7;

    private bool TryDeliverInLegacyMode(in PendingException pending, ulong returnRip)
    {
        uint ext = pending.IsSoftware ? 0 : ExternalEvent;
        uint offset = (uint)pending.Vector * LegacyGateSize;
        uint gateError = offset + InIdt + ext;
        if (offset + LegacyGateSize - 1 > S.Idtr.Limit)
            return Fail(Vector.GeneralProtection, gateError);
        if (!ReadSystem(S.Idtr.Base + offset, out ulong raw))
            return false;

        var gate = new Descriptor(raw);
        if (!gate.IsSystem || gate.Type is not (Descriptor.TaskGate or InterruptGate16 or TrapGate16 or InterruptGate or TrapGate))
            return Fail(Vector.GeneralProtection, gateError);
        if (pending.IsSoftware && gate.Dpl < Cpl)
            return Fail(Vector.GeneralProtection, gateError);
        if (!gate.IsPresent)
            return Fail(Vector.SegmentNotPresent, gateError);
        return gate.Type == Descriptor.TaskGate
            ? SwitchTaskByGate(gate, pending, returnRip, ext)
            : EnterByLegacyGate(gate, pending, returnRip, ext);
    }

    private bool EnterByLegacyGate(in Descriptor gate, in PendingException pending, ulong returnRip, uint ext)
    {
        int wordSize = gate.IsWideGate ? sizeof(uint) : sizeof(ushort);
        ulong target = gate.LegacyTarget;
        if (!CheckGateCode(gate.GateSelector, ext, out Segment code, out int newLevel))
            return false;

        bool inner = newLevel != Cpl;
        Segment stack = S.Segments[(int)SegmentName.SS];
        ulong top = S.Gpr[(int)Gpr.Rsp];
        if (inner && !SelectInnerStack(newLevel, ext, out stack, out top))
            return false;

        ReadOnlySpan<ulong> frame =
        [
            S.Segments[(int)SegmentName.SS].Selector, S.Gpr[(int)Gpr.Rsp], SavedFlags(pending),
            S.Segments[(int)SegmentName.CS].Selector, returnRip, pending.ErrorCode,
        ];
        ReadOnlySpan<ulong> pushed = frame[(inner ? 0 : 2)..(pending.PushesErrorCode ? 6 : 5)];
        uint stackError = ext + (inner ? SelectorError(stack.Selector) : 0);
        Span<ulong> places = stackalloc ulong[frame.Length];
        if (!PlaceFrame(stack, top, wordSize, stackError, places[..pushed.Length]))
            return false;
        if (target > code.Limit)
            return Fail(Vector.GeneralProtection, ext);
        if (!WriteFrame(places[..pushed.Length], pushed, wordSize, user: newLevel == 3, explicitAccess: false))
            return false;

        if (inner)
            S.Segments[(int)SegmentName.SS] = stack;
        S.Gpr[(int)Gpr.Rsp] = MovedStackPointer(stack, top, -pushed.Length * wordSize);
        SetCs(code with { Selector = (ushort)((gate.GateSelector & ~3) | newLevel) });
        S.Rip = target;
        bool interruptGate = gate.Type is InterruptGate or InterruptGate16;
        S.Rflags &= ~(Rflags.TF | Rflags.NT | Rflags.RF | Rflags.VM | (interruptGate ? Rflags.IF : 0));
        RefreshAccessClass();
        return true;
    }

    /// <summary>The stack that the TSS holds for an inner level. SDM vol. 3A, 6.12.1; errors of the stack it names are #TS or #SS.</summary>
    internal bool SelectInnerStack(int level, uint ext, out Segment stack, out ulong pointer)
    {
        stack = default;
        pointer = 0;
        LegacyTaskState layout = LegacyTaskState.Of(S.Tr);
        uint offset = (uint)(layout.Stack0 + level * 2 * layout.WordSize);
        if (offset + (uint)layout.WordSize + 1 > S.Tr.Limit)
            return Fail(Vector.InvalidTss, SelectorError(S.Tr.Selector) + ext);
        if (!ReadSystemWord(S.Tr.Base + offset, layout.WordSize, out pointer)
            || !ReadSystem(S.Tr.Base + offset + (ulong)layout.WordSize, out ushort selector))
        {
            return false;
        }

        return IsNull(selector) ? Fail(Vector.InvalidTss, ext) : CheckStackSegment(selector, level, Vector.InvalidTss, out stack, ext);
    }
}
