using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>
/// Single steps of tracees: TF in their flags, which they do not see where the debugger has set it, and a trap by software at the exit of
/// calls, since the entry has cleared TF meanwhile.
/// </summary>
internal sealed class SingleStep(LinuxMachine machine)
{
    /// <summary>A task that is not the current one steps.</summary>
    public void Enable(int id)
    {
        TaskState task = machine.State.Tasks[id];
        PtRegs registers = RegistersOf(task);
        bool isOwn = (registers[PtRegsOffsets.Flags] & Rflags.TF) != 0 && !task.Stepping.ForcesTrapFlag;
        machine.WritePtRegs(registers.With((PtRegsOffsets.Flags, registers[PtRegsOffsets.Flags] | Rflags.TF)));
        Set(task, new SteppingState(IsStepping: true, ForcesTrapFlag: !isOwn));
    }

    /// <summary>A task no longer steps.</summary>
    public void Disable(int id)
    {
        TaskState task = machine.State.Tasks[id];
        if (!task.Stepping.IsStepping)
            return;
        if (task.Stepping.ForcesTrapFlag)
        {
            PtRegs registers = RegistersOf(task);
            machine.WritePtRegs(registers.With((PtRegsOffsets.Flags, registers[PtRegsOffsets.Flags] & ~Rflags.TF)));
        }

        Set(task, default);
    }

    /// <summary>The frame of a handler shows the current task's flags without the debugger's TF.</summary>
    public void HideFromFrame()
    {
        TaskState task = machine.Task;
        if (!task.Stepping.ForcesTrapFlag)
            return;
        PtRegs registers = RegistersOf(task);
        machine.WritePtRegs(registers.With((PtRegsOffsets.Flags, registers[PtRegsOffsets.Flags] & ~Rflags.TF)));
    }

    private PtRegs RegistersOf(TaskState task) => machine.ReadPtRegs(machine.Tasks.Guest(task).Registers);

    private void Set(TaskState task, SteppingState stepping)
    {
        machine.Tasks.Set(task with { Stepping = stepping });
        GuestTask guest = machine.Tasks.Guest(task);
        guest.SetWork(SyscallWork.ExitTrap, stepping.IsStepping);
    }
}

/// <summary>Whether a task is stepped.</summary>
/// <param name="IsStepping">Whether it is.</param>
/// <param name="ForcesTrapFlag">Whether TF is there only for that.</param>
internal readonly record struct SteppingState(bool IsStepping, bool ForcesTrapFlag);
