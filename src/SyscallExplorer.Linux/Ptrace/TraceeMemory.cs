namespace SyscallExplorer.Linux;

/// <summary>The memory of a task as a debugger has it: it reads and writes whatever the rights, and what it writes to a private mapping stays private.</summary>
internal sealed class TraceeMemory(LinuxMachine machine)
{
    /// <summary>Reads.</summary>
    /// <returns>False where a part is not mapped.</returns>
    public bool TryRead(TaskState task, ulong address, Span<byte> destination) =>
        task.Map != 0 && (VsyscallPage.Contains(address) && machine.State.Maps[task.Map].Bitness == 64
            ? VsyscallPage.TryPeek(machine, address, destination)
            : new AddressSpace(machine, task.Map).TryPeek(address, destination, whateverRights: true));

    /// <summary>Writes.</summary>
    /// <returns>False where a part is not mapped, or shared and not writable.</returns>
    public bool TryWrite(TaskState task, ulong address, ReadOnlySpan<byte> source)
    {
        if (task.Map == 0)
            return false;
        var memory = new AddressSpace(machine, task.Map);
        ulong last = address + (ulong)source.Length - 1;
        if (last < address || memory.AreaOf(address) is { Shared: true, Writable: false } || memory.AreaOf(last) is { Shared: true, Writable: false })
            return false;
        if (!memory.TryForce(address, source))
            return false;

        // The address space need not be the one that is loaded, and a page of it may be another one now.
        machine.Processor.FlushTranslations();
        return true;
    }
}
