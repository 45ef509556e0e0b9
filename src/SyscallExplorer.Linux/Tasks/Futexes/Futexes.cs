using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>Futexes: what tells one from another, who sleeps on them, and who is woken. man 2 futex.</summary>
internal sealed class Futexes(LinuxMachine machine)
{
    /// <summary>Those whose word names their owner.</summary>
    public PiFutexes Inheriting { get; } = new(machine);

    /// <summary>What sleepers on a futex wait for, as a sentence goes on behind "waits for".</summary>
    public static string Name(ulong address) => $"the futex at {address:x}h";

    /// <summary>The priority by which a sleeper is woken.</summary>
    public static int PriorityOf(TaskState task) => task.Scheduling.RealTimePriority;

    /// <summary>
    /// What those wait for who wait on a futex. In shared memory that is the object that it lies in, so that all who map it meet; elsewhere the
    /// address space, where private futexes and others do not meet even at one address.
    /// </summary>
    public static WaitKey KeyOf(AddressSpace memory, ulong address, bool isPrivate = false)
    {
        if (!isPrivate && memory.AreaOf(address) is { Shared: true, Backing: { } backing } area)
            return new WaitKey(WaitKind.Futex, (ulong)area.OffsetOf(address), Backing: backing);
        return new WaitKey(WaitKind.Futex, address, ((ulong)memory.Map.Id << 1) | (isPrivate ? 0ul : 1));
    }

    /// <summary>The key of a futex of the current task.</summary>
    /// <param name="address">The futex.</param>
    /// <param name="isPrivate">FUTEX_PRIVATE_FLAG: then its memory is not looked at.</param>
    /// <param name="error">-EINVAL or -EFAULT where there is no key.</param>
    public WaitKey? Find(ulong address, bool isPrivate, out long error)
    {
        AddressSpace memory = machine.Memory;
        error = address % FutexWord.Size != 0 ? -Errno.EINVAL
            : address >= memory.Limit || (!isPrivate && !FutexWord.TryRead(memory, address, out _)) ? -Errno.EFAULT : 0;
        return error == 0 ? KeyOf(memory, address, isPrivate) : null;
    }

    /// <summary>Those who sleep on a futex: by priority, then who came first.</summary>
    public List<TaskState> Sleepers(WaitKey key) =>
        [.. machine.Tasks.Waiting(key).OrderByDescending(task => task.Wait?.Progress is FutexSleeper sleeper ? sleeper.Priority : 0)];

    /// <summary>FUTEX_WAKE_BITSET. One sleeper is woken even where none was asked for.</summary>
    /// <returns>How many were woken, or -EINVAL where somebody waits to own the futex.</returns>
    public long Wake(WaitKey key, int most, uint bitset = FutexWaitRequest.AnyBit)
    {
        int woken = 0;
        foreach (TaskState task in Sleepers(key))
        {
            if (task.Wait?.Progress is not FutexWaiter waiter)
                return -Errno.EINVAL;
            if ((waiter.Request.Bitset & bitset) == 0)
                continue;
            machine.Tasks.Wake(task, WakeReason.Woken);
            if (++woken >= most)
                break;
        }

        return woken;
    }

    /// <summary>FUTEX_REQUEUE: wakes some, and moves others to the end of another futex.</summary>
    /// <returns>How many were woken or moved, or -EINVAL.</returns>
    public long Requeue(WaitKey from, WaitKey to, ulong target, int wake, int move)
    {
        int done = 0;
        foreach (TaskState task in Sleepers(from))
        {
            if (done - wake >= move)
                break;
            if (task.Wait is not { Progress: FutexWaiter } wait)
                return -Errno.EINVAL;
            if (++done <= wake)
                machine.Tasks.Wake(task, WakeReason.Woken);
            else if (from != to)
                Move(task, wait with { Keys = [to], What = Name(target) });
        }

        return done;
    }

    /// <summary>A sleeper goes to the end of the queue of another futex.</summary>
    public void Move(TaskState task, Wait wait)
    {
        long sequence = machine.State.NextWait;
        machine.State = machine.State with { NextWait = sequence + 1 };
        machine.Tasks.Set(task with { Wait = wait with { Sequence = sequence } });
    }

    /// <summary>
    /// A thread leaves its memory, by its end or by execve: what it held of robust and priority-inheriting futexes goes to others, and the word that
    /// it asked to be cleared is cleared and who waits on it woken, which is how joins work.
    /// </summary>
    public void ThreadEnds(TaskState task)
    {
        if (task.Map == 0)
            return;
        var memory = new AddressSpace(machine, task.Map);
        var robust = new RobustLists(machine, task, memory);
        robust.Walk(task.Thread.RobustList, compat: false);
        robust.Walk(task.Thread.CompatRobustList, compat: true);
        Inheriting.OwnerEnds(task.Id);
        ulong address = task.Thread.ClearChildTid;
        if (address == 0 || memory.Map.Users < 2)
            return;
        memory.TryWrite(address, [0, 0, 0, 0]);
        if (address % FutexWord.Size == 0)
            Wake(KeyOf(memory, address), most: 1);
    }
}
