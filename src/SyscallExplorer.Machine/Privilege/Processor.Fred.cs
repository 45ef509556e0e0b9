namespace SyscallExplorer.Machine;

/// <content>Events by FRED: neither the IDT nor the TSS takes part. SDM vol. 3A, 8.3; Intel, FRED specification, no. 346446.</content>
public sealed partial class Processor
{
    private const ulong FredStackAlignment = 64;

    /// <summary>Whether events go by FRED: CR4.FRED, which only long mode takes.</summary>
    internal bool IsFredEnabled => (S.Cr4 & Cr4.FRED) != 0 && IsLongModeActive;

    private bool TryDeliverByFred(in PendingException pending, ulong returnRip)
    {
        bool fromUser = Cpl == 3;
        int oldLevel = S.Fred.Level;
        int level = Math.Max(oldLevel, FredLevelOf(pending, fromUser));
        ulong top = fromUser || level != oldLevel
            ? S.Fred.Stacks[level]
            : (S.Gpr[(int)Gpr.Rsp] - S.Fred.Redzone) & ~(FredStackAlignment - 1);
        ulong newStack = top - FredFrame.Words * sizeof(ulong);
        if (!IsCanonical(newStack) || !IsCanonical(top - 1))
            return Fail(Vector.StackFault, 0);

        ulong stackWord = S.Segments[(int)SegmentName.SS].Selector | FredFrame.Describe(pending) | (Is64Bit ? FredFrame.LongMode : 0)
            | (S.Shadow == EventShadow.Interrupts ? FredFrame.StiBlocking : 0);
        ReadOnlySpan<ulong> frame =
        [
            0, FredFrame.EventData(pending), stackWord, S.Gpr[(int)Gpr.Rsp], SavedFlags(pending),
            S.Segments[(int)SegmentName.CS].Selector | (ulong)oldLevel << FredFrame.LevelShift, returnRip, pending.PushesErrorCode ? pending.ErrorCode : 0,
        ];
        if (!WriteFrame(top, frame, user: false, explicitAccess: false))
            return false;

        S.Fred.Level = level;
        S.Gpr[(int)Gpr.Rsp] = newStack;
        S.Rip = S.Fred.Entry(fromUser);
        S.Rflags = Rflags.Fixed;
        if (fromUser)
        {
            int selector = (int)(S.Star >> 32) & 0xFFFC;
            S.Segments[(int)SegmentName.SS] = Segment.FlatStack(selector + 8, 0);
            SetCs(Segment.FlatCode(selector, 0, longMode: true));
            ExchangeGsBase();
        }

        RefreshAccessClass();
        return true;
    }

    /// <summary>
    /// The stack level of an event: from ring 3 it is 0, unless the delivery of another event failed; in ring 0 an exception has its own, external
    /// interrupts share one, and what instructions ask for stays at 0.
    /// </summary>
    private int FredLevelOf(in PendingException pending, bool fromUser)
    {
        if (fromUser && !pending.IsNested && !(pending.Vector == Vector.DoubleFault && pending.Source == EventSource.Fault))
            return 0;
        return pending.Source switch
        {
            EventSource.ExternalInterrupt => S.Fred.InterruptLevel,
            EventSource.SoftwareInterrupt or EventSource.FastSystemCall => 0,
            _ => S.Fred.LevelOf(pending.Vector),
        };
    }

    /// <summary>Exchanges the base of GS with IA32_KERNEL_GS_BASE.</summary>
    internal void ExchangeGsBase()
    {
        ref Segment gs = ref S.Segments[(int)SegmentName.GS];
        (gs, S.KernelGsBase) = (gs with { Base = S.KernelGsBase }, gs.Base);
    }
}
