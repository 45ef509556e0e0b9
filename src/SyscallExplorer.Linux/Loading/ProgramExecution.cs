using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>Replaces the program of the current task, which is alone in its process: the second half of execve.</summary>
internal sealed class ProgramExecution(LinuxMachine machine)
{
    /// <summary>Does it. RDX becomes what CR3 has to be loaded with.</summary>
    /// <returns>0, or an error when the old program goes on.</returns>
    public long Execute(FoundProgram program)
    {
        TaskState task = machine.Task;
        if (AddressSpace.Create(machine, program.File.Bitness) is not { } map)
            return -Errno.ENOMEM;
        ProgramImage image;
        try
        {
            image = new ProgramImageBuilder(machine, new AddressSpace(machine, map)).Build(program);
        }
        catch (ElfFormatException problem)
        {
            new AddressSpace(machine, map).Leave();
            if (!problem.EndsProcess)
                return -problem.Errno;
            new TaskExit(machine).BeginGroupExit(machine.Process, WaitStatus.Killed(SignalNumbers.SIGSEGV));
            return -problem.Errno;
        }

        // From here on there is no way back to the old program.
        machine.Futexes.ThreadEnds(machine.Task);
        machine.PosixTimers.DeleteAll(task.Process);
        machine.Process = machine.Process with { Signals = machine.Process.Signals.WithoutTimers() };
        machine.Task = machine.Task with { Signals = machine.Task.Signals with { Queue = machine.Task.Signals.Queue.WithoutTimers() } };
        new AddressSpace(machine, task.Map).Leave();
        new TaskExit(machine).WakeVforkParent(machine.Task);
        machine.Task = machine.Task with
        {
            Map = map,
            FileTable = machine.Files.Unshare(task.FileTable),
            Handlers = OwnHandlers(task.Handlers),
            Thread = ThreadState.Initial,
            Signals = machine.Task.Signals.ForProgram(),
            KeepsCapabilities = false,
            UserDispatch = null,
            DebugRegisters = TaskDebugRegisters.None,
            ExitSignal = SignalNumbers.SIGCHLD,
        };
        machine.Process = machine.Process with { HasExecuted = true, Personality = machine.Process.Personality.Under(program.File) };
        GuestTask guest = machine.Tasks.Current;
        guest.SetWork(SyscallWork.UserDispatch, false);
        machine.Scheduler.LoadDebugRegisters(machine.Task);
        guest[TaskLayout.Mm] = machine.Architecture.DirectMapped(machine.State.Maps[map].Frame);
        guest[TaskLayout.Files] = machine.Architecture.DirectMapped(machine.State.FileTables[machine.Task.FileTable].Structure);
        machine.Files.CloseOnExecute();
        var start = new ThreadStart(machine);
        start.Name(System.Text.Encoding.UTF8.GetString(program.Strings.FileName.Span));
        start.ResetFpu();
        start.SetRegisters(program.File.Bitness, image.EntryPoint, image.StackPointer, program.File.IsX32);
        machine.Processor.Registers[Gpr.Rdx] = machine.Scheduler.Load(map);
        return 0;
    }

    private int OwnHandlers(int table)
    {
        HandlerTableState old = machine.State.HandlerTables[table];
        HandlerTableState own = old.WithoutHandlers() with { Users = 1 };
        if (old.Users == 1)
        {
            machine.State = machine.State with { HandlerTables = machine.State.HandlerTables.SetItem(table, own) };
            return table;
        }

        int id = machine.State.NextObject;
        machine.State = machine.State with
        {
            NextObject = id + 1,
            HandlerTables = machine.State.HandlerTables.SetItem(table, old with { Users = old.Users - 1 }).Add(id, own),
        };
        return id;
    }
}
