namespace SyscallExplorer.Linux;

/// <summary>How far the work on entry of a call has come; a tracee that stops in it keeps this.</summary>
/// <param name="Step">The step that comes next.</param>
/// <param name="Work">The task's work bits as they were read.</param>
/// <param name="Number">The call's number as it was read; -1 leaves the call out.</param>
/// <param name="IsSkipped">Whether a step has decided that the call is not done.</param>
internal sealed record EntryProgress(int Step, int Work, ulong Number, bool IsSkipped);

/// <summary>
/// <c>syscall_trace_enter</c>: all that looks at a call before it is done, in the order of the kernel's generation. man 2 ptrace, seccomp, prctl.
/// </summary>
internal sealed class SyscallEntryWork(LinuxMachine machine)
{
    private enum StepResult
    {
        GoOn,
        Skip,

        /// <summary>The task has stopped or ended.</summary>
        Blocked,
    }

    private const ulong NoCall = ulong.MaxValue;

    private EntryProgress _progress = new(0, 0, 0, false);
    private TraceStop? _ended;
    private NotificationWait? _asked;
    private long _cost;

    /// <summary>Does the work, or as much of it as there is before the task stops.</summary>
    /// <param name="address">Linear address of the registers.</param>
    /// <param name="number">The number to look up; -1 for none.</param>
    /// <param name="cost">What it took, in 1/256 cycles.</param>
    /// <returns>False when the task has stopped or ended.</returns>
    public bool TryFinish(ulong address, out ulong number, out long cost)
    {
        _cost = 0;
        _ended = machine.TraceStops.TakeStop();
        _asked = Listeners.TakeWait();
        _progress = _ended?.Context as EntryProgress ?? _asked?.Entry ?? new EntryProgress(0, Work, Registers(address)[PtRegsOffsets.OrigAx], false);
        bool isDone = RunSteps(address);
        number = _progress.IsSkipped ? NoCall : _progress.Number;
        cost = _cost;
        return isDone;
    }

    /// <summary>
    /// A vsyscall is no system call to tracers, but filters see it as one. They may not make another call of it, nor send the program elsewhere.
    /// </summary>
    /// <param name="registers">Linear address of the registers.</param>
    /// <param name="entry">The call's address in the vsyscall page.</param>
    /// <param name="isSkipped">Whether the call is not done.</param>
    /// <param name="cost">What it took, in 1/256 cycles.</param>
    /// <returns>False when the task has stopped or ended.</returns>
    public bool TryFilterVsyscall(ulong registers, ulong entry, out bool isSkipped, out long cost)
    {
        _cost = 0;
        _ended = machine.TraceStops.TakeStop();
        _asked = Listeners.TakeWait();
        _progress = _ended?.Context as EntryProgress ?? _asked?.Entry ?? new EntryProgress(0, Work, Registers(registers)[PtRegsOffsets.OrigAx], false);
        StepResult result = Filter(registers);
        PtRegs after = Registers(registers);
        isSkipped = result == StepResult.Skip;
        if (result != StepResult.Blocked && ((!isSkipped && after[PtRegsOffsets.OrigAx] != _progress.Number) || after[PtRegsOffsets.Ip] != entry))
            result = EndThread(SignalNumbers.SIGSYS);
        cost = _cost;
        return result != StepResult.Blocked;
    }

    private SeccompListeners Listeners => new(machine);

    private int Work => (int)machine.Tasks.Current.Work;

    private PtRegs Registers(ulong address) => machine.ReadPtRegs(address);

    private bool RunSteps(ulong address)
    {
        EntryWorkOrder order = machine.Kernel.EntryWork;
        for (; _progress.Step < order.Steps.Length; _progress = _progress with { Step = _progress.Step + 1 })
        {
            EntryWorkStep step = order.Steps[_progress.Step];
            if (step.Work != 0 && (_progress.Work & step.Work) == 0)
                continue;
            StepResult result = Do(step.Kind, address);
            (_ended, _asked) = (null, null);
            if (result == StepResult.Blocked)
                return false;
            if (result != StepResult.Skip)
                continue;
            if (step.OnSkip == SkipEffect.ErasesNumber)
            {
                machine.WritePtRegs(Registers(address).With((PtRegsOffsets.OrigAx, NoCall)));
                _progress = _progress with { Number = NoCall };
                continue;
            }

            _progress = _progress with { IsSkipped = true };
            if (step.OnSkip == SkipEffect.Returns)
                return true;
        }

        return true;
    }

    private StepResult Do(EntryWorkKind kind, ulong address)
    {
        switch (kind)
        {
            case EntryWorkKind.UserDispatch:
                return DispatchToUser(address);
            case EntryWorkKind.Trace:
                return LetTracerLook(address);
            case EntryWorkKind.Seccomp:
                return Filter(address);
            case EntryWorkKind.ReadNumber:
                _progress = _progress with { Number = Registers(address)[PtRegsOffsets.OrigAx] };
                return StepResult.GoOn;
            case EntryWorkKind.ReadWork:
                _progress = _progress with { Work = Work };
                return StepResult.GoOn;
            case EntryWorkKind.Tracepoint:
                Charge("trace_sys_enter");
                if (machine.Tracer.IsOn)
                    machine.Tracer.Enter(Registers(address));
                machine.TellProbes(isEntry: true, address);
                return StepResult.GoOn;
            default:
                Charge("audit_syscall_entry");
                machine.Task = machine.Task with { AuditedCall = AuditedCall.Of(machine, Registers(address), _progress.Number) };
                return StepResult.GoOn;
        }
    }

    private StepResult DispatchToUser(ulong address)
    {
        Charge("syscall_user_dispatch");
        if (machine.Task.UserDispatch is not { } state)
            return StepResult.GoOn;
        PtRegs registers = Registers(address);
        ulong ip = registers[PtRegsOffsets.Ip];
        switch (UserDispatch.Decide(state, ip, IsSigreturn(ip), machine.Memory.TryRead))
        {
            case UserDispatchVerdict.Allow:
                return StepResult.GoOn;
            case UserDispatchVerdict.Block:
                machine.Task = machine.Task with { UserDispatch = state with { IsBlocking = true } };
                machine.Signals.Force(RollBack(registers, SignalCodes.UserDispatch, 0));
                return StepResult.Skip;
            case UserDispatchVerdict.BadSelector:
                return EndThread(SignalNumbers.SIGSYS);
            default:
                return EndThread(SignalNumbers.SIGSEGV);
        }
    }

    /// <summary>Behind the <c>int $0x80</c> of the kernel's own stubs a handler ends, which is never blocked.</summary>
    private bool IsSigreturn(ulong ip)
    {
        if (!machine.IsInCompatCall)
            return false;
        ulong vdso = machine.Processor.Bus.Ram.ReadUInt64(machine.Memory.Map.Frame + TaskLayout.MmVdso);
        SignalTrampolines stubs = machine.Vdso.Trampolines(vdso);
        return stubs.Sigreturn != 0
            && (ip == stubs.Sigreturn + (ulong)SignalFrame32.OldReturnCode.Length || ip == stubs.RtSigreturn + (ulong)SignalFrame32.ReturnCode.Length - 1);
    }

    private StepResult LetTracerLook(ulong address)
    {
        bool emulates = (_progress.Work & SyscallWork.Emu) != 0;
        if (_ended is null)
        {
            Charge("ptrace_report_syscall");
            machine.TellHostTracer(isEntry: true, address);
            if (machine.Task.Trace is { } trace && (trace.StopsAtCalls || trace.Emulates)
                && machine.TraceStops.StopAtCall(TraceStopKind.CallEntry, _progress))
            {
                return StepResult.Blocked;
            }
        }
        else
        {
            machine.TraceStops.Inject(_ended);
        }

        return emulates || machine.Process.Dooms(machine.Task.Id) ? StepResult.Skip : StepResult.GoOn;
    }

    private StepResult Filter(ulong address)
    {
        PtRegs registers = Registers(address);
        SeccompState state = machine.Task.Seccomp;
        bool compat = machine.IsInCompatCall;
        if (state.Mode == SeccompState.Strict)
        {
            Charge("seccomp_filter");
            return SeccompStrictCalls.Has((int)registers[PtRegsOffsets.OrigAx], compat) ? StepResult.GoOn : EndThread(SignalNumbers.SIGKILL);
        }

        if (state.Filter is not { } filter)
            return StepResult.GoOn;
        if (_asked is not null)
            return TakeAnswer(registers, _asked);
        bool isRecheck = _ended is not null;
        if (isRecheck && (machine.Process.Dooms(machine.Task.Id) || (int)registers[PtRegsOffsets.OrigAx] < 0))
            return StepResult.Skip;
        uint result = filter.Run(SeccompData.Of(registers, compat), out int steps, out SeccompFilter deciding);
        Charge("seccomp_filter");
        _cost += steps * machine.Costs["seccomp_instruction"].Cost;
        int data = SeccompAction.DataOf(result);
        switch (SeccompAction.Of(result))
        {
            case SeccompAction.Allow or SeccompAction.Log:
                return StepResult.GoOn;
            case SeccompAction.Trace:
                return isRecheck ? StepResult.GoOn : AskTracer(registers, data);
            case SeccompAction.Error:
                SetResult(registers, -Math.Min(data, Errno.MAX_ERRNO));
                return StepResult.Skip;
            case SeccompAction.Notify when Listeners.Find(deciding.Listener) is { } listener:
                Listeners.Ask(listener, SeccompData.Of(registers, compat), _progress);
                return StepResult.Blocked;
            case SeccompAction.Notify:
                SetResult(registers, -Errno.ENOSYS);
                return StepResult.Skip;
            case SeccompAction.Trap:
                machine.Signals.Force(RollBack(registers, SignalCodes.Seccomp, data));
                return StepResult.Skip;
            case SeccompAction.KillThread:
                return Kill(registers, data, isThreadOnly: true);
            default:
                return Kill(registers, data, isThreadOnly: false);
        }
    }

    /// <summary>A listener has answered, or nobody will: a signal has come, or the listener is closed.</summary>
    private StepResult TakeAnswer(PtRegs registers, NotificationWait asked)
    {
        SeccompNotification answer = Listeners.TakeAnswer(asked);
        if (answer.GoesOn)
            return StepResult.GoOn;
        SetResult(registers, answer.Result);
        return StepResult.Skip;
    }

    private StepResult AskTracer(PtRegs registers, int data)
    {
        if (machine.TraceStops.StopForEvent(PtraceEvents.Seccomp, (ulong)data, TraceStopKind.Seccomp, _progress))
            return StepResult.Blocked;
        SetResult(registers, -Errno.ENOSYS);
        return StepResult.Skip;
    }

    private void SetResult(PtRegs registers, long result) =>
        machine.WritePtRegs(registers.With((PtRegsOffsets.Ax, unchecked((ulong)result))));

    /// <summary>The registers become those before the call, but for the instruction pointer, and SIGSYS tells of it.</summary>
    private SignalInfo RollBack(PtRegs registers, int code, int error)
    {
        machine.WritePtRegs(registers.With((PtRegsOffsets.Ax, registers[PtRegsOffsets.OrigAx])));
        uint architecture = machine.IsInCompatCall ? AuditArchitecture.I386 : AuditArchitecture.X86_64;
        return SignalInfo.FromFilter(error, registers[PtRegsOffsets.Ip], (int)registers[PtRegsOffsets.OrigAx], architecture) with { Code = code };
    }

    private StepResult Kill(PtRegs registers, int data, bool isThreadOnly)
    {
        bool isAlone = machine.Process.Threads.Count == 1;
        if (!isThreadOnly || isAlone)
            machine.Signals.Report(RollBack(registers, SignalCodes.Seccomp, data), registers.Address);
        if (isThreadOnly)
            return EndThread(SignalNumbers.SIGSYS);
        new TaskExit(machine).BeginGroupExit(machine.Process, WaitStatus.Killed(SignalNumbers.SIGSYS));
        return EndThread(SignalNumbers.SIGSYS);
    }

    /// <summary>The thread ends as if by a signal, without one being sent.</summary>
    private StepResult EndThread(int signal)
    {
        if (!machine.TraceStops.StopBeforeExit(WaitStatus.Killed(signal)))
            new TaskExit(machine).ExitThread(WaitStatus.Killed(signal));
        return StepResult.Blocked;
    }

    private void Charge(string figure)
    {
        machine.HypercallLedger?.AddOrUpdate(figure);
        _cost += machine.Costs[figure].Cost;
    }
}
