namespace SyscallExplorer.Machine;

/// <content>#DB: traps at instruction boundaries, and what the exception does to DR6, DR7 and IA32_DEBUGCTL. SDM vol. 3A, 17.2.3 and 17.3.1.</content>
public sealed partial class Processor
{
    /// <summary>Bits of IA32_DEBUGCTL. SDM vol. 3A, 17.4.1; APM vol. 2, 13.1.1.</summary>
    private const ulong LastBranchRecord = 1;
    private const ulong BranchTrap = 2;

    /// <summary>Whether a single-step trap follows the instruction in progress.</summary>
    internal bool SingleStepTrap
    {
        get => (S.DebugTraps & DebugStatus.BS) != 0;
        set => S.DebugTraps = (S.DebugTraps & ~DebugStatus.BS) | (value ? DebugStatus.BS : 0);
    }

    /// <summary>Ends an instruction that completed: its traps, and those that a load of SS held back, are one #DB. A load of SS holds its own back.</summary>
    /// <returns>The vector that was delivered, or -1.</returns>
    private int EndWithTraps(Outcome outcome)
    {
        // With IA32_DEBUGCTL.BTF only branches that are taken are steps. SDM vol. 3A, 17.4.3.
        if (SingleStepTrap && outcome != Outcome.Branch && (_storedMsrs[MsrTable.DebugControlSlot] & BranchTrap) != 0)
            SingleStepTrap = false;
        return S.DebugTraps == 0 || S.Shadow == EventShadow.InterruptsAndDebug ? -1 : DeliverDebugTraps();
    }

    private int DeliverDebugTraps()
    {
        ulong status = S.DebugTraps;

        // The delivery may meet breakpoints itself, on the handler's stack for one: those are traps before its first instruction.
        S.DebugTraps = 0;
        Deliver(new PendingException(Vector.Debug, 0, status, EventSource.Trap), S.Rip);
        return (int)Vector.Debug;
    }

    /// <summary>
    /// INT1. Breakpoints that a load of SS held back join its #DB, as they do on real processors: a second one would destroy the frame that the first has
    /// just written to the same interrupt stack.
    /// </summary>
    internal Outcome DeliverDebugInstruction(Operation op)
    {
        ulong held = S.DebugTraps & DebugStatus.Breakpoints;
        S.DebugTraps &= ~held;
        Outcome outcome = DeliverSoftware((byte)Vector.Debug, EventSource.PrivilegedSoftwareException, op);
        if (held != 0 && outcome == Outcome.Branch)
            S.Dr[6] = (S.Dr[6] & ~DebugStatus.Breakpoints) | held;
        return outcome;
    }

    /// <summary>
    /// What a debug exception tells in DR6, and what it switches off so that its handler can work: general detection, stepping by branches and the
    /// recording of branches. Bits of DR6 other than B0 to B3 stay set until software clears them.
    /// </summary>
    private void NoteDebugException(in PendingException pending)
    {
        if (pending.Vector != Vector.Debug || pending.Source is not (EventSource.Fault or EventSource.Trap or EventSource.InstructionBreakpoint))
            return;
        S.Dr[6] = (S.Dr[6] & ~DebugStatus.Breakpoints) | pending.FaultAddress;
        S.Dr[7] &= ~DebugControl.GD;
        _storedMsrs[MsrTable.DebugControlSlot] &= ~(LastBranchRecord | BranchTrap);
    }
}
