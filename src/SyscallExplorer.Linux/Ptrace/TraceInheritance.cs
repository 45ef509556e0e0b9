using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>What a new task takes over of those who look at its maker, and what not: stops, steps and user dispatch are the maker's alone.</summary>
internal sealed class TraceInheritance(LinuxMachine machine)
{
    /// <summary>Does it.</summary>
    /// <param name="parent">The maker.</param>
    /// <param name="child">The new task, whose structure is a copy of the maker's.</param>
    /// <param name="isTraced">Whether the maker's tracer gets it too; it then stops before its first instruction.</param>
    public void Begin(TaskState parent, int child, bool isTraced)
    {
        TaskState task = machine.State.Tasks[child];
        GuestTask guest = machine.Tasks.Guest(task);
        guest.SetWork(SyscallWork.ExitTrap | SyscallWork.UserDispatch, false);
        if (parent.Stepping.ForcesTrapFlag)
        {
            PtRegs registers = machine.ReadPtRegs(guest.Registers);
            machine.WritePtRegs(registers.With((PtRegsOffsets.Flags, registers[PtRegsOffsets.Flags] & ~Rflags.TF)));
        }

        if (isTraced && parent.Trace is { } trace)
        {
            SignalQueue queue = task.Signals.Queue;
            machine.Tasks.Set(task with
            {
                Trace = new Tracee(trace.Tracer, trace.IsSeized, trace.Options) { MustTrap = trace.IsSeized },
                Signals = trace.IsSeized ? task.Signals
                    : task.Signals with { Queue = queue with { Pending = queue.Pending | SignalSets.Bit(SignalNumbers.SIGSTOP) } },
            });
            guest.SetFlag(ThreadFlags.SigPending, true);
        }

        machine.TraceStops.UpdateWork(child);
        machine.InheritHostTracer(parent.Id, child);
    }
}
