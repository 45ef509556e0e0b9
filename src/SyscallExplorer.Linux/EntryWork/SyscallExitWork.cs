namespace SyscallExplorer.Linux;

/// <summary><c>syscall_exit_work</c>: all that looks at a call after it was done: audit, the tracepoint, then the tracer.</summary>
internal sealed class SyscallExitWork(LinuxMachine machine)
{
    private long _cost;

    /// <summary>Does the work.</summary>
    /// <param name="address">Linear address of the registers.</param>
    /// <param name="cost">What it took, in 1/256 cycles.</param>
    /// <returns>False when the task has stopped.</returns>
    public bool TryFinish(ulong address, out long cost)
    {
        _cost = 0;
        bool isDone = Run(address);
        cost = _cost;
        return isDone;
    }

    private bool Run(ulong address)
    {
        if (machine.TraceStops.TakeStop() is { } ended)
        {
            machine.TraceStops.Inject(ended);
            return true;
        }

        int work = (int)machine.Tasks.Current.Work;
        if (machine.Task.UserDispatch is { IsBlocking: true } dispatch)
        {
            machine.Task = machine.Task with { UserDispatch = dispatch with { IsBlocking = false } };
            return true;
        }

        if (machine.Task.AuditedCall is { } call)
        {
            Charge("audit_syscall_exit");
            machine.Task = machine.Task with { AuditedCall = null };
            machine.Audit(call, machine.ReadPtRegs(address));
        }

        if ((work & SyscallWork.Tracepoint) != 0)
        {
            Charge("trace_sys_exit");
            if (machine.Tracer.IsOn)
                machine.Tracer.Leave(machine.ReadPtRegs(address));
            machine.TellProbes(isEntry: false, address);
        }

        return !TellTracer(work, address);
    }

    /// <summary>A single step's trap goes instead of the stop at the call's exit, and is a signal.</summary>
    private bool TellTracer(int work, ulong address)
    {
        if ((work & (SyscallWork.Trace | SyscallWork.ExitTrap)) == 0)
            return false;
        Charge("ptrace_report_syscall");
        machine.TellHostTracer(isEntry: false, address);
        if ((work & SyscallWork.ExitTrap) == 0)
            return machine.Task.Trace is { StopsAtCalls: true } && machine.TraceStops.StopAtCall(TraceStopKind.CallExit);
        if ((work & SyscallWork.Emu) == 0)
            machine.Signals.Force(SignalInfo.FromFault(SignalNumbers.SIGTRAP, SignalCodes.TrapBreakpoint, machine.ReadPtRegs(address)[PtRegsOffsets.Ip]));
        return false;
    }

    private void Charge(string figure)
    {
        machine.HypercallLedger?.AddOrUpdate(figure);
        _cost += machine.Costs[figure].Cost;
    }
}
