namespace SyscallExplorer.Linux;

/// <summary>Futexes: where they lie, and what the end of a thread does to them.</summary>
internal sealed class Futexes(LinuxMachine machine)
{
    /// <summary>What those wait for who wait on a futex: in shared memory the object that it lies in tells it, else the address space.</summary>
    public WaitKey KeyOf(AddressSpace memory, ulong address) =>
        memory.AreaOf(address) is { Shared: true, Backing: SharedMemory shared } area
            ? new WaitKey(WaitKind.Futex, (ulong)area.OffsetOf(address), ~(ulong)shared.Number)
            : new WaitKey(WaitKind.Futex, address, (ulong)memory.Map.Id);

    /// <summary>The word that a thread asked to be cleared at its end is cleared, and who waits on it is woken: that is how joins work.</summary>
    public void ThreadEnds(TaskState task)
    {
        ulong address = task.Thread.ClearChildTid;
        if (address == 0 || task.Map == 0)
            return;
        var memory = new AddressSpace(machine, task.Map);
        if (memory.Map.Users < 2)
            return;
        memory.TryWrite(address, [0, 0, 0, 0]);
        machine.Tasks.Wake(KeyOf(memory, address), most: 1);
    }
}
