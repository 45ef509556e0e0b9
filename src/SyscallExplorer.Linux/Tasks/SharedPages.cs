using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>Pages that are not one address space's own: shared memory, and what files have in memory.</summary>
internal sealed class SharedPages(LinuxMachine machine)
{
    private PhysicalMemory Ram => machine.Processor.Bus.Ram;

    /// <summary>A page for one more address space. What is there already is what all others see.</summary>
    /// <returns>The frame, which counts one more user; null when the file has no such page or RAM is used up.</returns>
    public ulong? Take(AreaBacking backing, long page)
    {
        var key = new SharedPage(backing, page);
        if (machine.State.SharedPages.TryGetValue(key, out ulong there))
        {
            machine.Frames.Share(there);
            return there;
        }

        if (machine.Frames.TryTake() is not { } frame)
            return null;
        if (!TryRead(backing, page, frame))
        {
            machine.Frames.Release(frame);
            return null;
        }

        // One owner is this table, the other who asked.
        machine.Frames.Share(frame);
        machine.State = machine.State with { SharedPages = machine.State.SharedPages.Add(key, frame) };
        return frame;
    }

    /// <summary>Fills a fresh frame with a page's bytes.</summary>
    /// <returns>False when the backing has no such page.</returns>
    public bool TryRead(AreaBacking backing, long page, ulong frame)
    {
        if (machine.State.SharedPages.TryGetValue(new SharedPage(backing, page), out ulong there))
        {
            Span<byte> bytes = stackalloc byte[(int)KernelLayout.PageSize];
            Ram.Read(there, bytes);
            Ram.Write(frame, bytes);
            return true;
        }

        return backing is SharedMemory;
    }

    /// <summary>Lets the pages of a backing go when no address space maps it any more.</summary>
    public void ReleaseUnused(AreaBacking backing)
    {
        if (machine.State.Maps.Values.Any(map => map.Areas.Any(area => area.Shared && backing.Equals(area.Backing))))
            return;
        foreach ((SharedPage key, ulong frame) in machine.State.SharedPages.Where(entry => entry.Key.Backing.Equals(backing)).OrderBy(entry => entry.Key.Page).ToList())
        {
            machine.Frames.Release(frame);
            machine.State = machine.State with { SharedPages = machine.State.SharedPages.Remove(key) };
        }
    }
}
