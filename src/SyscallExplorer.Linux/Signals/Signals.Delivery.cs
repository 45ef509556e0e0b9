namespace SyscallExplorer.Linux;

/// <content>What happens to signals on the way to user mode.</content>
internal sealed partial class Signals
{
    private SignalFrameRules Rules => SignalFrameRules.Linux_5_13.On(machine.Architecture);

    /// <summary>What waits for the current task takes its effect. It is called on the way to user mode, with the registers of the FPU in memory.</summary>
    /// <param name="registers">Linear address of the task's registers.</param>
    /// <returns>0 when a handler is entered or nothing is left, or <see cref="HostedCalls.Blocked"/> when the task has stopped or ended.</returns>
    public long Deliver(ulong registers)
    {
        SignalInfo? granted = machine.TraceStops.TakeStop() is { } ended ? machine.TraceStops.SignalAfter(ended) : null;
        if (machine.Task.Wait is not null)
            machine.Task = machine.Task with { Wait = null, Reason = WakeReason.Start };
        Tasks.Current.SetFlag(ThreadFlags.NotifySignal, false);
        while (true)
        {
            TaskState task = machine.Task;
            ProcessState process = machine.Process;
            if (process.Dooms(task.Id))
            {
                if (!machine.TraceStops.StopBeforeExit(process.GroupExit ?? 0))
                    new TaskExit(machine).ExitThread(process.GroupExit ?? 0);
                return HostedCalls.Blocked;
            }

            if (process.ChangeToTell != 0)
            {
                machine.Process = process with { ChangeToTell = 0 };
                bool isContinued = process.ChangeToTell == SignalCodes.ChildContinued;
                TellOfChange(process, process.ChangeToTell, isContinued ? SignalNumbers.SIGCONT : SignalNumbers.SIGSTOP);
                continue;
            }

            if (granted is null && task is { Trace: { } trace } && (task.Signals.MustStop || trace.MustTrap))
            {
                StopWithGroup(trace);
                return HostedCalls.Blocked;
            }

            if (granted is null && task.Signals.MustStop)
                return StopNow();
            if ((granted ?? Dequeue(task.Signals.Blocked, faultsFirst: true)) is not { } info)
                return GoOn(registers);
            bool isSeen = granted is not null;
            granted = null;
            if (!isSeen && info.Signal != SignalNumbers.SIGKILL && machine.TraceStops.Stop(TraceStop.OfSignal(info)))
                return HostedCalls.Blocked;
            machine.Tracer.Signal(info);
            SignalAction action = ActionOf(machine.Task, info.Signal);
            if (action.Handler > SignalAction.Ignore)
                return Handle(registers, info, action) ? HostedCalls.Blocked : 0;

            if (!action.Drops(info.Signal))
                TakeDefault(info, registers);
        }
    }

    /// <summary>Takes the next signal for the current task: its own before those of its process.</summary>
    /// <param name="blocked">What is passed over.</param>
    /// <param name="faultsFirst">Whether faults of the thread go before everything.</param>
    public SignalInfo? Dequeue(ulong blocked, bool faultsFirst = false)
    {
        TaskState task = machine.Task;
        (SignalQueue own, SignalInfo? taken) = faultsFirst ? task.Signals.Queue.TakeFault(blocked) : (task.Signals.Queue, null);
        if (taken is null)
            (own, taken) = task.Signals.Queue.Take(blocked);
        if (taken is not null)
        {
            machine.Task = task with { Signals = task.Signals with { Queue = own } };
        }
        else
        {
            (SignalQueue shared, taken) = machine.Process.Signals.Take(blocked);
            machine.Process = machine.Process with { Signals = shared };
            if (taken?.Signal == SignalNumbers.SIGALRM)
                machine.IntervalTimers.AlarmTaken();
        }

        if (taken?.Code == SignalCodes.Timer)
            taken = machine.PosixTimers.Taken(taken);

        Recalculate(machine.Task);
        return taken;
    }

    private void TakeDefault(SignalInfo info, ulong registers)
    {
        ProcessState process = machine.Process;
        if (!SignalSets.Stop.Has(info.Signal))
        {
            Report(info, registers);
            new TaskExit(machine).BeginGroupExit(process, WaitStatus.Killed(info.Signal));
        }
        else if (info.Signal == SignalNumbers.SIGSTOP || !IsOrphaned(process.Group))
        {
            BeginStop(info.Signal);
        }
    }

    /// <summary>What a core file would tell, of the program that was loaded.</summary>
    public void Report(SignalInfo info, ulong registers)
    {
        if (machine.Process.Id != TaskIdentity.Pid || !SignalSets.CoreDump.Has(info.Signal))
            return;
        Trap? trap = info.Code > SignalCodes.User ? machine.Task.Signals.Trap : null;
        PtRegs frame = machine.ReadPtRegs(registers);
        State = State with
        {
            Fatal = trap is null ? FatalReports.Make(machine, info, frame) : FatalReports.Make(machine, info.Signal, trap, frame),
        };
    }

    /// <summary>No handler runs: an interrupted call starts again, and a mask that it had lifted comes back.</summary>
    private long GoOn(ulong registers)
    {
        PtRegs frame = machine.ReadPtRegs(registers);
        SignalState signals = machine.Task.Signals;
        PtRegs after = RestartRules.WithoutHandler(frame, RestartsAsCompat, signals.Restart?.IsCompat ?? machine.IsInCompatCall);
        if (!ReferenceEquals(frame, after))
            machine.WritePtRegs(after);
        EndTemporaryMask(isInterrupted: false);
        Recalculate(machine.Task);
        return 0;
    }

    /// <returns>Whether the task has stopped: a handler that is entered in a single step is a stop of its own.</returns>
    private bool Handle(ulong registers, SignalInfo info, SignalAction action)
    {
        int signal = info.Signal;
        if (machine.Task.Stepping.IsStepping)
            new SingleStep(machine).HideFromFrame();
        if ((action.Flags & SignalActionFlags.ResetHandler) != 0)
            SetAction(signal, action with { Handler = SignalAction.Default });
        PtRegs interrupted = RestartRules.BeforeHandler(
            machine.ReadPtRegs(registers), RestartsAsCompat, (action.Flags & SignalActionFlags.Restart) != 0);
        interrupted = machine.RestartableSequences.BeforeHandler(interrupted, signal);
        if (!new HandlerEntry(machine).TryEnter(interrupted, info, action, Rules))
        {
            machine.WritePtRegs(interrupted);
            ForceFailedFrame(signal);
            return false;
        }

        SignalState signals = machine.Task.Signals;
        ulong blocked = signals.Blocked | action.Mask | ((action.Flags & SignalActionFlags.NoDefer) != 0 ? 0 : SignalSets.Bit(signal));
        machine.Task = machine.Task with { Signals = signals with { SavedMask = null, Stack = signals.Stack.AfterDelivery, Trap = null } };
        SetBlocked(blocked);
        bool isStepped = machine.Task.Stepping.IsStepping;
        if (!isStepped)
            return false;
        new SingleStep(machine).Disable(machine.Task.Id);
        return machine.TraceStops.Stop(TraceStop.Of(TraceStopKind.HandlerStep, SignalNumbers.SIGTRAP, machine.Task.Id));
    }

    /// <summary>Whether the interrupted call was a 32-bit one, or a 32-bit tracer has made it one.</summary>
    private bool RestartsAsCompat
    {
        get
        {
            const ulong regsPoked = 4;
            return Tasks.Current.IsInCompatCall || (Tasks.Current[TaskLayout.ThreadStatus] & regsPoked) != 0;
        }
    }

    /// <summary>A frame has no room or is damaged: SIGSEGV, and if that was the signal, the end.</summary>
    public void ForceFailedFrame(int signal)
    {
        if (signal == SignalNumbers.SIGSEGV)
            SetAction(signal, ActionOf(machine.Task, signal) with { Handler = SignalAction.Default });
        Force(SignalInfo.FromKernel(SignalNumbers.SIGSEGV));
    }
}
