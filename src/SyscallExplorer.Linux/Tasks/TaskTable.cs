using System.Collections.Immutable;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>The tasks of a machine: who runs, who there is, kernel stacks, waking.</summary>
internal sealed class TaskTable(LinuxMachine machine)
{
    private const ulong StackRights = PageEntry.P | PageEntry.RW | PageEntry.A | PageEntry.D | PageEntry.NX;

    private KernelState State
    {
        get => machine.State;
        set => machine.State = value;
    }

    private PhysicalMemory Ram => machine.Processor.Bus.Ram;

    /// <summary>The task that guest code calls current.</summary>
    public GuestTask Current => GuestTask.At(machine, Ram.ReadUInt64(KernelLayout.PerCpuPhysical + PerCpuOffsets.CurrentTask));

    /// <summary>Its number; 0 for the idle task.</summary>
    public int CurrentId => Current.Id;

    public TaskState? Find(int id) => State.Tasks.GetValueOrDefault(id);

    public ProcessState? FindProcess(int id) => State.Processes.GetValueOrDefault(id);

    /// <summary>What guest code reads of a task.</summary>
    public GuestTask Guest(TaskState task) => new(machine, State.SlotFrames[task.Slot]);

    public void Set(TaskState task) => State = State with { Tasks = State.Tasks.SetItem(task.Id, task) };

    public void Set(ProcessState process) => State = State with { Processes = State.Processes.SetItem(process.Id, process) };

    /// <summary>Changes a task.</summary>
    public void Update(int id, Func<TaskState, TaskState> change) => Set(change(State.Tasks[id]));

    /// <summary>Tasks of a process that are alive, by number.</summary>
    public IEnumerable<TaskState> Threads(ProcessState process) => process.Threads.Select(id => State.Tasks[id]).Where(task => task.IsAlive);

    /// <summary>What the threads of a process have used, those that are gone included.</summary>
    public TaskTimes TimesOf(ProcessState process) =>
        process.Threads.Aggregate(process.EndedThreads, (sum, id) => Find(id) is { } task ? sum.Add(task.Times) : sum);

    /// <summary>Processes whose parent this is.</summary>
    public IEnumerable<ProcessState> Children(int process) => State.Processes.Values.Where(child => child.Parent == process);

    /// <summary>The first thread of a process, which stands for it.</summary>
    public TaskState Leader(ProcessState process) => State.Tasks[process.Id];

    /// <summary>Physical address of the structure that stands for a process, of one outside too.</summary>
    public ulong FrameOf(int process) => FindProcess(process) is { } inside ? State.SlotFrames[Leader(inside).Slot]
        : process == TaskIdentity.ParentPid ? KernelLayout.ParentPhysical : KernelLayout.InitPhysical;

    /// <summary>The first task: boot has written its structures, and a program can be loaded into it.</summary>
    public void AddFirst(int map)
    {
        int table = State.NextObject, handlers = table + 1, fileSystem = table + 2;
        var task = new TaskState
        {
            Id = TaskIdentity.Pid,
            Process = TaskIdentity.Pid,
            Slot = KernelLayout.FirstSlot,
            Map = map,
            FileTable = table,
            Handlers = handlers,
            FileSystem = fileSystem,
            ExitSignal = SignalNumbers.SIGCHLD,
        };
        var process = new ProcessState
        {
            Id = task.Id,
            Parent = TaskIdentity.ParentPid,
            Group = task.Id,
            Session = TaskIdentity.ParentPid,
            Frame = KernelLayout.ProcessPhysical,
            Threads = [task.Id],
        };
        State = State with
        {
            NextObject = fileSystem + 1,
            SlotFrames = [machine.Architecture.FirstTask, machine.Architecture.IdleTask],
            FileTables = State.FileTables.Add(table, new DescriptorTable(KernelLayout.FilesPhysical, KernelLayout.FilesStructPhysical, 1, ImmutableSortedDictionary<int, FileDescriptor>.Empty)),
            HandlerTables = State.HandlerTables.Add(handlers, HandlerTableState.Initial),
            FileSystems = State.FileSystems.Add(fileSystem, FileSystemState.Initial),
            Tasks = State.Tasks.Add(task.Id, task),
            Processes = State.Processes.Add(process.Id, process),
            LoadedMap = map,
        };
    }

    /// <summary>The current thread, the last of its process, takes the place and the number of the first one, which has ended.</summary>
    public void TakeLead()
    {
        TaskState own = State.Tasks[CurrentId];
        TaskState first = State.Tasks[own.Process];
        GuestTask guest = Guest(own);
        TaskState lead = own with { Id = first.Id, ExitSignal = first.ExitSignal };
        ProcessState process = State.Processes[own.Process];
        State = State with
        {
            Tasks = State.Tasks.Remove(own.Id).SetItem(lead.Id, lead),
            DeadSlots = State.DeadSlots.Add(first.Slot),
            Processes = State.Processes.SetItem(process.Id, process with { Threads = process.Threads.Remove(own.Id), EndedThreads = process.EndedThreads.Add(first.Times) }),
        };
        guest[TaskLayout.PidBlock + TaskLayout.PidNumbers] = (ulong)lead.Id;
        foreach (TaskState tracee in State.Tasks.Values.Where(task => task.Trace?.Tracer == own.Id).ToList())
            Set(tracee with { Trace = tracee.Trace! with { Tracer = lead.Id } });
        machine.InheritHostTracer(own.Id, lead.Id);
        foreach (ProcessState child in Children(process.Id))
        {
            foreach (int thread in child.Threads)
                Guest(State.Tasks[thread]).SetParent(guest.Address);
        }
    }

    /// <summary>The next number that no task, group or session has.</summary>
    public int TakeNumber()
    {
        const int last = 32767, firstAgain = 300;
        int id = State.NextTask;
        while (State.Tasks.ContainsKey(id) || State.Processes.Values.Any(process => process.Id == id || process.Group == id || process.Session == id)
            || id is TaskIdentity.ParentPid)
        {
            id = id >= last ? firstAgain : id + 1;
        }

        State = State with { NextTask = id >= last ? firstAgain : id + 1 };
        return id;
    }

    /// <summary>A kernel stack and a frame for a task structure: one that was used before, or a new one.</summary>
    /// <returns>The slot, or null when RAM is used up.</returns>
    public int? TakeSlot()
    {
        if (!State.FreeSlots.IsEmpty)
        {
            int free = State.FreeSlots.Min;
            State = State with { FreeSlots = State.FreeSlots.Remove(free) };
            return free;
        }

        int slot = State.SlotFrames.Length;
        if (machine.Architecture.IsNative32)
            return TakeDirectMappedSlot();
        if (machine.Frames.TryTake() is not { } structure)
            return null;
        PageTables tables = machine.PageTables;
        ulong global = machine.Features.Contains(KernelFeature.Pti) ? 0 : PageEntry.G;
        for (ulong offset = 0; offset < KernelLayout.ThreadStackSize; offset += KernelLayout.PageSize)
        {
            // Where thread_info lies on the stack, its page is the task structure's own, seen from there.
            if ((offset == machine.Kernel.Traits.ThreadInfoPage ? structure : machine.Frames.TryTake()) is not { } frame
                || !tables.TryMap(machine.KernelRoots.Kernel, KernelLayout.StackOf(slot) + offset, frame, StackRights | global))
            {
                return null;
            }
        }

        State = State with { SlotFrames = State.SlotFrames.Add(structure) };
        return slot;
    }

    /// <summary>In a 32-bit kernel the structure and the stack are neighbours in the direct map, aligned so that the one is found from the other.</summary>
    private int? TakeDirectMappedSlot()
    {
        if (machine.Frames.TryTakeAdjoining((int)(I386Layout.ThreadSize / KernelLayout.PageSize)) is not { } structure)
            return null;
        State = State with { SlotFrames = State.SlotFrames.Add(structure) };
        return State.SlotFrames.Length - 1;
    }

    /// <summary>The address behind the registers that a task comes into the kernel with.</summary>
    public ulong TopOfStack(int slot) => machine.Architecture.IsNative32
        ? machine.Architecture.DirectMapped(State.SlotFrames[slot]) + I386Layout.ThreadSize - I386Layout.StackPadding
        : KernelLayout.StackOf(slot) + KernelLayout.ThreadStackSize - machine.Kernel.Traits.StackPadding;

    /// <summary>Puts the current task to sleep; what it is in is asked again when one of the keys, the deadline or a signal wakes it.</summary>
    /// <returns><see cref="HostedCalls.Blocked"/>.</returns>
    public long Block(Wait wait)
    {
        TaskState task = State.Tasks[CurrentId];
        long sequence = task.Wait?.Sequence ?? State.NextWait;
        if (task.Wait is null)
            State = State with { NextWait = State.NextWait + 1 };
        ImmutableArray<HeldFile> held = task.Wait?.Files ?? [];
        foreach (HeldFile file in wait.Files.Where(file => !held.Contains(file)))
        {
            machine.Files.Hold(file.Number);
            held = held.Add(file);
        }

        Set(task with { State = RunState.Sleeping, Wait = wait with { Sequence = sequence, Files = held } });
        machine.Timers.Program();
        return HostedCalls.Blocked;
    }

    /// <summary>Lets a task run that waits.</summary>
    public void Wake(TaskState task, WakeReason reason)
    {
        if (task.State != RunState.Sleeping)
            return;
        Set(task with { State = RunState.Runnable, Reason = reason });
        machine.Scheduler.Enqueue(task.Id);
    }

    /// <summary>Wakes those who wait for something, who waited longest first.</summary>
    /// <returns>How many were woken.</returns>
    public int Wake(WaitKey key, int most = int.MaxValue)
    {
        int woken = 0;
        foreach (TaskState task in Waiting(key).Take(most))
        {
            Wake(task, WakeReason.Woken);
            woken++;
        }

        machine.Epolls.Hear(key);
        return woken;
    }

    /// <summary>Those who sleep and wait for something, who waited longest first.</summary>
    public List<TaskState> Waiting(WaitKey key) => [.. State.Tasks.Values
        .Where(task => task is { State: RunState.Sleeping, Wait: { } wait } && wait.Keys.Contains(key))
        .OrderBy(task => task.Wait?.Sequence)];

    /// <summary>
    /// The kernel's page tables of the address space that the processor has loaded, in whichever ring it is. Only with isolation do they stand in
    /// pairs, of which one bit of the address chooses.
    /// </summary>
    public ulong LoadedRoot
    {
        get
        {
            ulong root = machine.Processor.Registers.ControlRegister3 & PageEntry.Address;
            return machine.Features.Contains(KernelFeature.Pti) ? root & ~PageTableSwitch.UserTable : root;
        }
    }

    /// <summary>Takes back what ended tasks and address spaces could not give while the processor still used it.</summary>
    public void ReleaseDead()
    {
        if (!State.DeadSlots.IsEmpty)
        {
            ulong current = Current.Address;
            ImmutableArray<int> ready = [.. State.DeadSlots.Where(slot => State.SlotFrames[slot] != current)];
            State = State with { DeadSlots = State.DeadSlots.RemoveRange(ready), FreeSlots = State.FreeSlots.Union(ready) };
        }

        if (State.DeadRoots.IsEmpty)
            return;
        ulong loaded = LoadedRoot;
        foreach (ulong root in State.DeadRoots.Where(root => root != loaded && root != machine.KernelRoots.Kernel))
        {
            machine.Frames.Release(root);
            if (machine.Features.Contains(KernelFeature.Pti))
                machine.Frames.Release(root + PageTableSwitch.UserTable);
            State = State with { DeadRoots = State.DeadRoots.Remove(root) };
        }
    }
}
