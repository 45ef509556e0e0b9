namespace SyscallExplorer.Linux;

/// <summary>What a tracer hears of an execve that succeeded: the event, where it asked for it, else SIGTRAP, as it was before there were events.</summary>
internal sealed class ExecutionStop(LinuxMachine machine)
{
    /// <summary>Tells the tracer of the current task.</summary>
    /// <returns>Whether the task has stopped.</returns>
    public bool Tell()
    {
        if (machine.TraceStops.TakeStop() is not null || machine.Task.Trace is not { } trace)
            return false;
        if (trace.Wants(PtraceEvents.Execute))
            return machine.TraceStops.StopForEvent(PtraceEvents.Execute, trace.Message);
        if (!trace.IsSeized)
            machine.Signals.Send(machine.Task, SignalNumbers.SIGTRAP);
        return false;
    }
}
