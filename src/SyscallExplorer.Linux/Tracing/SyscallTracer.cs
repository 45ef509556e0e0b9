using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>
/// Writes down the calls of all tasks at the kernel's own tracepoints, sys_enter and sys_exit: the work bit of each task sends its calls by the
/// way of the tracers, and what they cost there is part of what the guest sees.
/// </summary>
internal sealed class SyscallTracer(LinuxMachine machine)
{
    private ulong Cycles => (ulong)(machine.Processor.Clock >> 8);

    /// <summary>Whether the kernel's tracepoints write calls down: what the guest does then is not quite what it does unseen.</summary>
    public bool IsOn => machine.State.Trace is not null && !machine.State.TraceIsPassive;

    /// <summary>Begins; tasks to come inherit the work bit.</summary>
    public void Start(StraceOptions options)
    {
        machine.State = machine.State with { Trace = new StraceLog(options), TraceIsPassive = false };
        machine.UpdateTracepoints();
    }

    /// <summary>Begins without the tracepoints: somebody who follows the instructions tells of each call.</summary>
    public void StartPassively(StraceOptions options)
    {
        if (machine.State.Trace is null)
            machine.State = machine.State with { Trace = new StraceLog(options), TraceIsPassive = true };
    }

    /// <summary>sys_enter of the current task.</summary>
    public void Enter(PtRegs registers)
    {
        if (machine.State.Trace is not { } log)
            return;
        bool compat = machine.IsInCompatCall;
        int number = (int)registers[PtRegsOffsets.OrigAx];
        var arguments = new SyscallArguments(registers, compat);
        string? name = machine.NameOfCall(number, compat);
        ImmutableArray<ulong> values = [.. Enumerable.Range(0, 6).Select(index => arguments[index])];
        var call = new SyscallInvocation(machine.Task.Id, compat, number, name, values, registers[PtRegsOffsets.Sp], Cycles);
        machine.State = machine.State with { Trace = log.Enter(call, new TracedMemory(machine, compat)) };
    }

    /// <summary>sys_exit of the current task. Who is killed is not heard of again: its call stays open until its end is told.</summary>
    public void Leave(PtRegs registers)
    {
        if (machine.State.Trace is not { } log || machine.Process.Dooms(machine.Task.Id) || machine.Signals.Ready(machine.Task).Has(SignalNumbers.SIGKILL))
            return;
        bool compat = machine.IsInCompatCall;
        long result = compat ? (int)registers[PtRegsOffsets.Ax] : (long)registers[PtRegsOffsets.Ax];
        machine.State = machine.State with { Trace = log.Leave(machine.Task.Id, result, new TracedMemory(machine, compat), Cycles) };
    }

    /// <summary>A signal is about to take its effect on the current task.</summary>
    public void Signal(SignalInfo info)
    {
        if (machine.State.Trace is not { } log)
            return;
        byte[] bytes = SignalInfoBytes.Write(info, compat: false);
        machine.State = machine.State with { Trace = log.Signal(machine.Task.Id, SignalInformation.Parse(bytes, isCompat: false)) };
    }

    /// <summary>A task has ended.</summary>
    public void End(int task, int status)
    {
        if (machine.State.Trace is not { } log)
            return;
        machine.State = machine.State with
        {
            Trace = WaitStatus.SignalOf(status) is var signal and not 0
                ? log.Killed(task, signal, coreDumped: false)
                : log.Exited(task, WaitStatus.StatusOf(status)),
        };
    }

    /// <summary>The memory of the current task, looked at without bringing anything in.</summary>
    private sealed class TracedMemory(LinuxMachine machine, bool compat) : ISyscallMemory
    {
        public int WordSize => compat ? 4 : 8;

        public bool TryRead(ulong address, Span<byte> destination) => machine.Memory.TryPeek(address, destination);
    }
}
