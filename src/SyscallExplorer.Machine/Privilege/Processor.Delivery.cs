namespace SyscallExplorer.Machine;

/// <content>Events through the IDT: priorities, double faults, and the gates of long mode. SDM vol. 3A, 6.14 and 6.15; vol. 2A, INT n.</content>
public sealed partial class Processor
{
    private const int GateSize = 16;
    private const int InterruptGate = 14;
    private const int TrapGate = 15;
    private const uint ExternalEvent = 1;
    private const uint InIdt = 2;
    private readonly List<string> _tripleFaultHistory = [];

    /// <summary>Delivers an event; faults on the way become other events by the double-fault rules. SDM vol. 3A, 6.15, table 6-5.</summary>
    /// <param name="first">The event.</param>
    /// <param name="returnRip">What is saved as RIP: the instruction for a fault, the next one for a trap.</param>
    internal void Deliver(PendingException first, ulong returnRip)
    {
        PendingException current = first;
        List<string>? history = null;
        NotePageFault(first);
        NoteDebugException(first);
        while (true)
        {
            if (current.Source is EventSource.Fault or EventSource.InstructionBreakpoint or EventSource.Trap or EventSource.ExternalInterrupt)
                Charge(IsFredEnabled ? TimingEvent.FredDelivery : TimingEvent.ExceptionDelivery);
            if (TryDeliver(current, returnRip))
            {
                S.Halted = false;
                S.Shadow = EventShadow.None;
                return;
            }

            if (_notEmulated is not null)
            {
                _notEmulatedEvent = $"{Name(current)} at {Where} {_notEmulated}, which the kit does not emulate.";
                _notEmulated = null;
                return;
            }

            PendingException second = _pending with { IsNested = true };
            NotePageFault(second);
            history ??= [Name(current)];
            history.Add(Name(second));
            if (current.Vector == Vector.DoubleFault && current.Source == EventSource.Fault && (second.IsContributory || second.Vector == Vector.PageFault))
            {
                _tripleFaultHistory.Clear();
                _tripleFaultHistory.AddRange(history);
                S.Shutdown = true;
                return;
            }

            bool doubleFault = current.Source == EventSource.Fault
                && ((current.IsContributory && second.IsContributory)
                    || (current.Vector == Vector.PageFault && (second.IsContributory || second.Vector == Vector.PageFault)));
            current = doubleFault ? new PendingException(Vector.DoubleFault, 0, 0, EventSource.Fault) : second;
            if (doubleFault)
                history.Add(Name(current));

            // A task gate may have switched before it failed: then the fault is one of the new task.
            returnRip = S.Rip;
        }
    }

    /// <summary>CR2 takes the address of every page fault, one that ends in a double fault too. SDM vol. 3A, 6.15, interrupt 14.</summary>
    private void NotePageFault(in PendingException pending)
    {
        if (pending.Vector == Vector.PageFault && pending.Source == EventSource.Fault)
            S.Cr2 = pending.FaultAddress;
    }

    /// <summary>INT n, INT3, INTO and INT1: an event whose own faults are faults of the instruction.</summary>
    internal Outcome DeliverSoftware(byte vector, EventSource source, Operation op)
    {
        if (!TryDeliver(new PendingException((Vector)vector, 0, 0, source) { InstructionLength = op.Length }, NextRip(op)))
        {
            _pending = _pending with { IsNested = true };
            return FaultUnlessNotEmulated;
        }

        SingleStepTrap = false;
        return Outcome.Branch;
    }

    private bool TryDeliver(in PendingException pending, ulong returnRip) =>
        IsFredEnabled ? TryDeliverByFred(pending, returnRip) : IsLongModeActive ? TryDeliverInLongMode(pending, returnRip) : TryDeliverInLegacyMode(pending, returnRip);

    private bool TryDeliverInLongMode(in PendingException pending, ulong returnRip)
    {
        byte vector = (byte)pending.Vector;
        bool software = pending.IsSoftware;
        uint ext = software ? 0 : ExternalEvent;
        uint gateError = (uint)vector * 8 + InIdt + ext;

        if (vector * GateSize + GateSize - 1 > S.Idtr.Limit)
            return Fail(Vector.GeneralProtection, gateError);
        ulong gateAddress = S.Idtr.Base + (ulong)(vector * GateSize);
        if (!ReadSystem(gateAddress, out ulong low) || !ReadSystem(gateAddress + 8, out ulong high))
            return false;

        int type = (int)((low >> 40) & 0x1F);
        if (type is not (InterruptGate or TrapGate))
            return Fail(Vector.GeneralProtection, gateError);
        if (software && (int)((low >> 45) & 3) < Cpl)
            return Fail(Vector.GeneralProtection, gateError);
        if ((low & (1ul << 47)) == 0)
            return Fail(Vector.SegmentNotPresent, gateError);

        ushort selector = (ushort)(low >> 16);
        ulong target = (low & 0xFFFF) | ((low >> 32) & 0xFFFF_0000) | (high << 32);
        if (!CheckGateCode(selector, ext, out Segment code, out int newLevel))
            return false;
        if (!SelectHandlerStack((int)((low >> 32) & 7), newLevel, ext, out ulong stack))
            return false;
        if (!IsCanonical(target))
            return Fail(Vector.GeneralProtection, ext);

        if (!PushFrame(pending, returnRip, stack, newLevel, ext, out ulong newStack))
            return false;

        if (newLevel != Cpl)
            S.Segments[(int)SegmentName.SS] = Segment.Null((ushort)newLevel);
        SetCs(code with { Selector = (ushort)((selector & ~3) | newLevel) });
        S.Rip = target;
        S.Gpr[(int)Gpr.Rsp] = newStack;
        S.Rflags &= ~(Rflags.TF | Rflags.NT | Rflags.RF | Rflags.VM | (type == InterruptGate ? Rflags.IF : 0));
        RefreshAccessClass();
        return true;
    }

    /// <summary>The code segment that a gate names, and the level that it leads to. On failure an exception is pending.</summary>
    internal bool CheckGateCode(ushort selector, uint ext, out Segment code, out int newLevel)
    {
        code = default;
        newLevel = 0;
        if (IsNull(selector))
            return Fail(Vector.GeneralProtection, ext);
        uint error = SelectorError(selector) + ext;
        if (!ReadDescriptor(selector, Vector.GeneralProtection, error, out Descriptor descriptor))
            return false;
        code = descriptor.ToSegment(selector);
        if (descriptor.IsSystem || !code.IsCode || code.Dpl > Cpl || (IsLongModeActive && (!code.IsLong || code.IsBig)))
            return Fail(Vector.GeneralProtection, error);
        if (!descriptor.IsPresent)
            return Fail(Vector.SegmentNotPresent, error);
        newLevel = code.IsConforming ? Cpl : code.Dpl;
        if (!MarkAccessed(selector, ref descriptor))
            return false;
        code = descriptor.ToSegment(selector);
        return true;
    }

    /// <summary>The stack that the handler starts with: an IST entry, RSP0 to RSP2 on a change of level, or the current one.</summary>
    internal bool SelectHandlerStack(int ist, int newLevel, uint ext, out ulong stack)
    {
        stack = S.Gpr[(int)Gpr.Rsp];
        if (ist == 0 && newLevel == Cpl)
            return true;
        uint offset = ist != 0 ? TaskStateSegment.Ist1 + (uint)(ist - 1) * 8 : TaskStateSegment.Rsp0 + (uint)newLevel * 8;
        if (offset + 7 > S.Tr.Limit)
            return Fail(Vector.InvalidTss, SelectorError(S.Tr.Selector) + ext);
        if (!ReadSystem(S.Tr.Base + offset, out stack))
            return false;
        return IsCanonical(stack) || Fail(Vector.StackFault, ext);
    }

    /// <summary>
    /// Pushes words below an address, all of them or none. A fault names the first word that could not be pushed, as if they went one
    /// after the other.
    /// </summary>
    internal bool WriteFrame(ulong top, ReadOnlySpan<ulong> words, bool user, bool explicitAccess)
    {
        const ulong pageMask = ~0xFFFul;
        ulong probed = ulong.MaxValue;
        for (int i = 1; i <= words.Length; i++)
        {
            ulong word = top - (ulong)(i * sizeof(ulong));
            bool covered = (word & pageMask) == probed && ((word + sizeof(ulong) - 1) & pageMask) == probed;
            if (!covered && !ProbeWrite(word, sizeof(ulong), user, explicitAccess))
                return false;
            probed = word & pageMask;
        }

        for (int i = 0; i < words.Length; i++)
        {
            if (!WriteSlow(top - (ulong)((i + 1) * sizeof(ulong)), words[i], user, explicitAccess))
                return false;
        }

        return true;
    }

    private bool PushFrame(in PendingException pending, ulong returnRip, ulong stack, int newLevel, uint ext, out ulong newStack)
    {
        int words = pending.PushesErrorCode ? 6 : 5;
        ulong aligned = stack & ~15ul;
        newStack = aligned - (ulong)(words * 8);
        if (!IsCanonical(newStack) || !IsCanonical(aligned - 1))
            return Fail(Vector.StackFault, ext);

        ReadOnlySpan<ulong> frame =
        [
            S.Segments[(int)SegmentName.SS].Selector, S.Gpr[(int)Gpr.Rsp], SavedFlags(pending),
            S.Segments[(int)SegmentName.CS].Selector, returnRip, pending.ErrorCode,
        ];
        return WriteFrame(aligned, frame[..words], user: newLevel == 3, explicitAccess: false);
    }

    /// <summary>RFLAGS as an event saves them: a fault that restarts its instruction sets RF. SDM vol. 3A, 17.3.1.1.</summary>
    private ulong SavedFlags(in PendingException pending)
    {
        return pending.Source == EventSource.Fault ? S.Rflags | Rflags.RF : S.Rflags;
    }

    private static string Name(in PendingException pending) =>
        pending.Source is EventSource.ExternalInterrupt or EventSource.SoftwareInterrupt
            ? $"interrupt {(byte)pending.Vector:x}h"
            : $"#{ExceptionNames.Mnemonic(pending.Vector)}" + (pending.HasErrorCode ? $"({pending.ErrorCode:x}h)" : "")
                + (pending.Vector == Vector.PageFault ? $" at {pending.FaultAddress:x}h" : "");
}
