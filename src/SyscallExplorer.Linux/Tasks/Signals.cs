using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>Signals on their way: sending, and what happens to them on the way to user mode.</summary>
internal sealed class Signals(LinuxMachine machine)
{
    private KernelState State => machine.State;

    /// <summary>Whether a signal ends the sleep of a task.</summary>
    public bool Interrupts(TaskState task)
    {
        ProcessState process = State.Processes[task.Process];
        if (process.Dooms(task.Id))
            return true;
        ulong pending = (task.Signals.Pending | process.Signals.Pending) & ~task.Signals.Blocked;
        return task.Wait is { IsKillable: true } ? (pending & SignalState.Bit(SignalNumbers.SIGKILL)) != 0 : pending != 0;
    }

    /// <summary>Sends a process a signal.</summary>
    public void Send(ProcessState process, int signal)
    {
        TaskState leader = machine.Tasks.Leader(process);
        if (IsIgnored(leader, signal))
            return;
        machine.Tasks.Set(process with { Signals = process.Signals with { Pending = process.Signals.Pending | SignalState.Bit(signal) } });
        TaskState? taker = machine.Tasks.Threads(process).FirstOrDefault(thread => (thread.Signals.Blocked & SignalState.Bit(signal)) == 0);
        if (taker is not null)
            Notify(taker);
    }

    /// <summary>Sends one thread a signal.</summary>
    public void Send(TaskState task, int signal)
    {
        if (IsIgnored(task, signal))
            return;
        task = task with { Signals = task.Signals with { Pending = task.Signals.Pending | SignalState.Bit(signal) } };
        machine.Tasks.Set(task);
        if ((task.Signals.Blocked & SignalState.Bit(signal)) == 0)
            Notify(task);
    }

    /// <summary>An exception of the current task: its signal can be neither ignored nor blocked.</summary>
    public void Force(int signal, int code, Trap trap, PtRegs frame)
    {
        TaskState task = machine.Task;
        SignalAction action = State.HandlerTables[task.Handlers].ActionOf(signal);
        if (action.Handler > SignalAction.Ignore && (task.Signals.Blocked & SignalState.Bit(signal)) == 0)
        {
            machine.State = State with { Refusal = HandlerSentence(signal, action) };
            return;
        }

        if (task.Process == TaskIdentity.Pid)
            machine.State = State with { Fatal = FatalReports.Make(machine, signal, trap, frame) };
        new TaskExit(machine).BeginGroupExit(machine.Process, WaitStatus.Killed(signal));
    }

    /// <summary>Tells a parent of the end of a child.</summary>
    /// <returns>False when it ignores its children, which are then gone at once.</returns>
    public bool TellOfEnd(ProcessState parent, ProcessState child, TaskState leader)
    {
        const ulong noChildWait = 2;
        if (leader.ExitSignal == 0)
            return true;
        SignalAction action = State.HandlerTables[machine.Tasks.Leader(parent).Handlers].ActionOf(leader.ExitSignal);
        Send(parent, leader.ExitSignal);
        return leader.ExitSignal != SignalNumbers.SIGCHLD || (action.Handler != SignalAction.Ignore && (action.Flags & noChildWait) == 0);
    }

    /// <summary>What waits for the current task takes its effect. It is called on the way to user mode.</summary>
    /// <param name="registers">Linear address of the task's registers.</param>
    /// <returns>0, or <see cref="HostedCalls.Blocked"/> when the task has ended.</returns>
    public long Deliver(ulong registers)
    {
        while (true)
        {
            TaskState task = machine.Task;
            ProcessState process = machine.Process;
            if (process.Dooms(task.Id))
            {
                new TaskExit(machine).ExitThread(process.GroupExit ?? 0);
                return HostedCalls.Blocked;
            }

            ulong ready = (task.Signals.Pending | process.Signals.Pending) & ~task.Signals.Blocked;
            if (ready == 0)
            {
                machine.Tasks.Current.SetFlag(ThreadFlags.SigPending | ThreadFlags.NotifySignal, false);
                return 0;
            }

            int signal = System.Numerics.BitOperations.TrailingZeroCount(ready) + 1;
            ulong rest = ~SignalState.Bit(signal);
            machine.Task = task with { Signals = task.Signals with { Pending = task.Signals.Pending & rest } };
            machine.Process = process with { Signals = process.Signals with { Pending = process.Signals.Pending & rest } };
            TakeEffect(signal, State.HandlerTables[task.Handlers].ActionOf(signal));
            if (State.Refusal is not null)
                return 0;
        }
    }

    private void TakeEffect(int signal, SignalAction action)
    {
        SignalEffect effect = SignalNumbers.DefaultEffect(signal);
        if (action.Handler == SignalAction.Ignore || (action.Handler == SignalAction.Default && effect == SignalEffect.Ignore))
            return;
        if (action.Handler != SignalAction.Default)
            machine.State = State with { Refusal = HandlerSentence(signal, action) };
        else if (effect == SignalEffect.Stop)
            machine.State = State with { Refusal = $"The program was stopped by {SignalNumbers.Name(signal)}, and there is nobody who would let it go on." };
        else
            new TaskExit(machine).BeginGroupExit(machine.Process, WaitStatus.Killed(signal));
    }

    private static string HandlerSentence(int signal, SignalAction action) =>
        $"{SignalNumbers.Name(signal)} arrived, for which the program has a handler at {action.Handler:x}h; the kit does not run signal handlers yet.";

    private void Notify(TaskState task)
    {
        machine.Tasks.Guest(task).SetFlag(ThreadFlags.SigPending, true);
        if (Interrupts(task))
            machine.Tasks.Wake(task, WakeReason.Interrupted);
    }

    private bool IsIgnored(TaskState task, int signal)
    {
        if ((task.Signals.Blocked & SignalState.Bit(signal)) != 0)
            return false;
        SignalAction action = State.HandlerTables[task.Handlers].ActionOf(signal);
        return action.Handler == SignalAction.Ignore || (action.Handler == SignalAction.Default && SignalNumbers.DefaultEffect(signal) == SignalEffect.Ignore);
    }
}
