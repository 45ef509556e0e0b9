namespace SyscallExplorer.Linux;

/// <summary>
/// Futexes whose word is the number of the thread that owns them. The kernel hands them from owner to owner, and an owner has at least the
/// priority of those who wait for it. man 2 futex, Priority-inheritance futexes.
/// </summary>
internal sealed class PiFutexes(LinuxMachine machine)
{
    private TaskTable Tasks => machine.Tasks;

    /// <summary>FUTEX_LOCK_PI and FUTEX_TRYLOCK_PI.</summary>
    /// <param name="key">The futex.</param>
    /// <param name="address">Where it is.</param>
    /// <param name="deadline">Nanoseconds since boot, or null.</param>
    /// <param name="onlyTries">Whether the caller does not want to wait.</param>
    public long Lock(WaitKey key, ulong address, long? deadline, bool onlyTries)
    {
        TaskState task = machine.Task;
        long owner = OwnerFor(key, address, task.Id, mark: 0);
        if (owner <= 0)
            return owner;
        if (onlyTries)
            return -Errno.EAGAIN;
        if (LeadsTo((int)owner, task.Id))
            return -Errno.EDEADLK;
        long result = Tasks.Block(new Wait([key], Futexes.Name(address))
        {
            Deadline = deadline,
            Progress = new PiWaiter(address, (int)owner, -Errno.ERESTARTNOINTR, Futexes.PriorityOf(task)),
            TellsOfSignals = true,
        });
        PassPriorities();
        return result;
    }

    /// <summary>FUTEX_UNLOCK_PI: the next owner is who waits with the highest priority.</summary>
    public long Unlock(WaitKey key, ulong address)
    {
        int self = machine.Task.Id;
        if (!FutexWord.TryRead(machine.Memory, address, out uint word))
            return -Errno.EFAULT;
        if ((word & FutexWord.Owner) != (uint)self)
            return -Errno.EPERM;
        List<TaskState> sleepers = machine.Futexes.Sleepers(key);
        if (sleepers.Count == 0)
            return FutexWord.TryWrite(machine.Memory, address, 0) ? 0 : -Errno.EFAULT;
        if (sleepers[0].Wait?.Progress is not PiWaiter waiter || waiter.Owner != self)
            return -Errno.EINVAL;
        return HandOver(sleepers, waiter, FutexWord.Waiters);
    }

    /// <summary>FUTEX_CMP_REQUEUE_PI: who waits for a condition comes to wait for the lock, the first to own it where it is free.</summary>
    /// <returns>How many got the lock or wait for it now, or an error.</returns>
    public long Requeue(WaitKey from, WaitKey to, ulong address, int move)
    {
        int done = 0;
        long owner = 0;
        foreach (TaskState task in machine.Futexes.Sleepers(from))
        {
            if (done > move)
                break;
            if (task.Wait is not { Progress: RequeueWaiter waiter } wait || waiter.Lock != to)
                return -Errno.EINVAL;
            if (owner == 0)
            {
                owner = OwnerFor(to, address, task.Id, move > 0 ? FutexWord.Waiters : 0);
                if (owner < 0)
                    return owner;
                if (owner == 0)
                {
                    var granted = new PiWaiter(waiter.LockAddress, task.Id, -Errno.EAGAIN, waiter.Priority);
                    Tasks.Wake(task with { Wait = wait with { Progress = granted } }, WakeReason.Woken);
                    owner = task.Id;
                    done++;
                    continue;
                }
            }

            if (LeadsTo((int)owner, task.Id))
                return -Errno.EDEADLK;
            machine.Futexes.Move(task, wait with
            {
                Keys = [to],
                What = Futexes.Name(address),
                Progress = new PiWaiter(waiter.LockAddress, (int)owner, -Errno.EAGAIN, waiter.Priority),
            });
            done++;
        }

        PassPriorities();
        return done;
    }

    /// <summary>A thread ends with futexes that others wait for: each gets a new owner, who learns that the last one died.</summary>
    public void OwnerEnds(int owner)
    {
        while (FirstKeyOf(owner) is { } key)
        {
            List<TaskState> sleepers = machine.Futexes.Sleepers(key);
            if (sleepers[0].Wait?.Progress is not PiWaiter waiter)
                return;
            if (HandOver(sleepers, waiter, FutexWord.Waiters | FutexWord.OwnerDied) != 0)
                Tasks.Wake(sleepers[0], WakeReason.Woken);
        }
    }

    /// <summary>Makes a task the owner of a free futex, or marks the futex as one that somebody waits for.</summary>
    /// <param name="key">The futex.</param>
    /// <param name="address">Where it is.</param>
    /// <param name="task">Who wants it.</param>
    /// <param name="mark">What is added to the word of a futex that was free.</param>
    /// <returns>0 when the task owns it now, the number of its owner, or an error.</returns>
    private long OwnerFor(WaitKey key, ulong address, int task, uint mark)
    {
        if (!FutexWord.TryRead(machine.Memory, address, out uint word))
            return -Errno.EFAULT;
        uint owner = word & FutexWord.Owner;
        if (owner == (uint)task)
            return -Errno.EDEADLK;
        List<TaskState> sleepers = machine.Futexes.Sleepers(key);
        if (sleepers.Count > 0)
        {
            if (sleepers[0].Wait?.Progress is not PiWaiter first || (owner != (uint)first.Owner && (owner != 0 || (word & FutexWord.OwnerDied) == 0)))
                return -Errno.EINVAL;
            owner = (uint)first.Owner;
        }
        else if (owner == 0)
        {
            return FutexWord.TryWrite(machine.Memory, address, (word & FutexWord.OwnerDied) | mark | (uint)task) ? 0 : -Errno.EFAULT;
        }

        if (!FutexWord.TryWrite(machine.Memory, address, word | FutexWord.Waiters))
            return -Errno.EFAULT;
        return Tasks.Find((int)owner) is { IsAlive: true } ? owner : -Errno.ESRCH;
    }

    private long HandOver(List<TaskState> sleepers, PiWaiter waiter, uint marks)
    {
        TaskState next = sleepers[0];
        var memory = new AddressSpace(machine, next.Map);
        if (!FutexWord.TryRead(memory, waiter.Address, out uint word)
            || !FutexWord.TryWrite(memory, waiter.Address, (word & FutexWord.OwnerDied) | marks | (uint)next.Id))
        {
            return -Errno.EFAULT;
        }

        foreach (TaskState task in sleepers.Skip(1))
        {
            if (task.Wait is { Progress: PiWaiter other } wait)
                Tasks.Set(task with { Wait = wait with { Progress = other with { Owner = next.Id } } });
        }

        Tasks.Wake(next, WakeReason.Woken);
        PassPriorities();
        return 0;
    }

    private WaitKey? FirstKeyOf(int owner)
    {
        foreach (TaskState task in machine.State.Tasks.Values)
        {
            if (WaiterOf(task) is { } waiter && waiter.Owner == owner && task.Wait is { Keys: [WaitKey key, ..] })
                return key;
        }

        return null;
    }

    /// <summary>Whether an owner waits, itself or by those whom it waits for, for a task.</summary>
    private bool LeadsTo(int owner, int task)
    {
        while (owner != task)
        {
            if (Tasks.Find(owner) is not { } next || WaiterOf(next) is not { } waiter)
                return false;
            owner = waiter.Owner;
        }

        return true;
    }

    private static PiWaiter? WaiterOf(TaskState task) => task is { State: RunState.Sleeping, Wait.Progress: PiWaiter waiter } ? waiter : null;

    /// <summary>Gives every owner the highest priority of those who wait for it, along chains of owners who wait themselves.</summary>
    public void PassPriorities()
    {
        var inherited = new Dictionary<int, int>();
        List<(TaskState Task, PiWaiter Waiter)> sleepers = [];
        foreach (TaskState task in machine.State.Tasks.Values)
        {
            if (WaiterOf(task) is { } waiter)
                sleepers.Add((task, waiter));
        }

        bool changed = true;
        while (changed)
        {
            changed = false;
            foreach ((TaskState task, PiWaiter waiter) in sleepers)
            {
                int priority = Math.Max(task.Scheduling.OwnRealTimePriority, inherited.GetValueOrDefault(task.Id));
                if (priority <= inherited.GetValueOrDefault(waiter.Owner))
                    continue;
                inherited[waiter.Owner] = priority;
                changed = true;
            }
        }

        machine.Scheduler.Inherit(inherited);
    }
}
