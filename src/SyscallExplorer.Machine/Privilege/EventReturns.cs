using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>ERETU and ERETS, the returns of FRED. SDM vol. 2A, each under its name; vol. 3A, 8.4.</summary>
/// <remarks>The processor has no NMIs of its own, so that there are none to unblock.</remarks>
internal static unsafe class EventReturns
{
    private const int Word = sizeof(ulong);

    /// <summary>What must be zero in the popped words, beside what must be equal.</summary>
    private const ulong UserCodeReserved = 0xFFFF_FFFF_FFFF_0000;
    private const ulong UserStackReserved = 0xFFF8_0000;
    private const ulong UserFlagsReserved = 0xFFFF_FFFF_FFC2_B028;
    private const ulong SupervisorCodeReserved = 0xFFFF_FFFF_FFF8_0000;
    private const ulong SupervisorFlagsReserved = 0xFFFF_FFFF_FFC2_8028;

    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Eretu, &ReturnToUser);
        table.One(Code.Erets, &ReturnToSupervisor);
    }

    /// <summary>
    /// Returns to ring 3 from stack level 0. The selectors of STAR mean flat segments without a look at descriptors; others are loaded as IRET does. All is
    /// checked before anything changes, so that a fault leaves the handler where it was.
    /// </summary>
    private static Outcome ReturnToUser(Processor cpu, Operation op)
    {
        if (!IsAllowed(cpu))
            return cpu.Raise(Vector.InvalidOpcode);
        if (cpu.S.Fred.Level != 0)
            return cpu.GeneralProtection();
        if (!Pop(cpu, out PoppedState popped))
            return Outcome.Fault;
        if ((popped.Code & (UserCodeReserved | 3)) != 3 || (popped.Stack & (UserStackReserved | 3)) != 3 || !AreFlagsLegal(popped.Flags, UserFlagsReserved))
            return cpu.GeneralProtection();
        if (!SelectUserSegments(cpu, (ushort)popped.Code, (ushort)popped.Stack, out Segment code, out Segment stack))
            return Outcome.Fault;

        ulong target = code.IsLong ? popped.Rip : (uint)popped.Rip;
        if (!FarTransfers.IsValidTarget(cpu, target, code))
            return cpu.GeneralProtection();

        cpu.S.Rflags = popped.Flags;
        cpu.S.Gpr[(int)Gpr.Rsp] = code.IsLong ? popped.Rsp : (uint)popped.Rsp;
        cpu.S.Segments[(int)SegmentName.SS] = stack;
        cpu.SetCs(code);
        cpu.S.Rip = target;
        cpu.ExchangeGsBase();
        PendStep(cpu, popped);
        return Outcome.Branch;
    }

    /// <summary>Returns within ring 0, to the stack level that the event left or to a lower one. CS and SS are compared and not loaded.</summary>
    private static Outcome ReturnToSupervisor(Processor cpu, Operation op)
    {
        if (!IsAllowed(cpu))
            return cpu.Raise(Vector.InvalidOpcode);
        if (!Pop(cpu, out PoppedState popped))
            return Outcome.Fault;
        bool sameSegments = (popped.Code & (SupervisorCodeReserved | ushort.MaxValue)) == cpu.S.Segments[(int)SegmentName.CS].Selector
            && (popped.Stack & (UserStackReserved | ushort.MaxValue)) == cpu.S.Segments[(int)SegmentName.SS].Selector;
        if (!sameSegments || !cpu.IsCanonical(popped.Rip) || !AreFlagsLegal(popped.Flags, SupervisorFlagsReserved))
            return cpu.GeneralProtection();

        cpu.S.Fred.Level = Math.Min(cpu.S.Fred.Level, (int)(popped.Code >> FredFrame.LevelShift) & 3);
        cpu.S.Rflags = popped.Flags;
        cpu.S.Gpr[(int)Gpr.Rsp] = popped.Rsp;
        cpu.S.Rip = popped.Rip;
        cpu.RefreshAccessClass();
        if ((popped.Stack & FredFrame.StiBlocking) != 0 && (popped.Flags & Rflags.IF) != 0)
            cpu.S.Shadow = EventShadow.Interrupts;
        PendStep(cpu, popped);
        return Outcome.Branch;
    }

    private static bool IsAllowed(Processor cpu) => cpu.IsFredEnabled && cpu.Is64Bit && cpu.Cpl == 0;

    private static bool AreFlagsLegal(ulong flags, ulong reserved) => (flags & (reserved | Rflags.Fixed)) == Rflags.Fixed;

    private static bool Pop(Processor cpu, out PoppedState popped)
    {
        popped = default;
        if (!cpu.Peek(Word, out ulong rip) || !cpu.Peek(2 * Word, out ulong code) || !cpu.Peek(3 * Word, out ulong flags)
            || !cpu.Peek(4 * Word, out ulong rsp) || !cpu.Peek(5 * Word, out ulong stack))
        {
            return false;
        }

        popped = new PoppedState(rip, code, flags, rsp, stack);
        return true;
    }

    private static bool SelectUserSegments(Processor cpu, ushort codeSelector, ushort stackSelector, out Segment code, out Segment stack)
    {
        // The addition of 16 and 8 counts with all bits: RPL 3 must stand in STAR.
        ushort star = (ushort)(cpu.S.Star >> 48);
        bool is64Bit = codeSelector == star + 16;
        stack = Segment.FlatStack(stackSelector, 3);
        if (stackSelector == star + 8 && (is64Bit || codeSelector == star))
        {
            code = Segment.FlatCode(codeSelector, 3, longMode: is64Bit);
            return true;
        }

        return FarTransfers.CheckReturnCode(cpu, codeSelector, out code) && FarTransfers.CheckReturnStack(cpu, stackSelector, 3, code, out stack);
    }

    /// <summary>With TF, a return from what an instruction asked for traps at once, as if that instruction had been stepped over.</summary>
    private static void PendStep(Processor cpu, in PoppedState popped)
    {
        if ((popped.Stack & FredFrame.SoftwareEvent) != 0 && (popped.Flags & Rflags.TF) != 0)
            cpu.SingleStepTrap = true;
    }

    private readonly record struct PoppedState(ulong Rip, ulong Code, ulong Flags, ulong Rsp, ulong Stack);
}
