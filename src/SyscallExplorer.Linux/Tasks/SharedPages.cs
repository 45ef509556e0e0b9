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

        if (backing is not FileBacking file)
            return true;
        Span<byte> content = stackalloc byte[(int)KernelLayout.PageSize];
        if (machine.Vfs.ReadPage(file.Node, page, content) <= 0)
            return false;
        Ram.Write(frame, content);
        return true;
    }

    /// <summary>Reads a page that an area would show, and changes nothing.</summary>
    public bool TryPeek(VmArea area, long page, Span<byte> destination)
    {
        destination.Clear();
        if (area.Backing is null)
            return true;
        if (machine.State.SharedPages.TryGetValue(new SharedPage(area.Backing, page), out ulong frame))
        {
            Ram.Read(frame, destination);
            return true;
        }

        return area.Backing is not FileBacking file || machine.Vfs.ReadPage(file.Node, page, destination) > 0;
    }

    /// <summary>What was written to shared pages of files goes into the files, where read finds it.</summary>
    /// <param name="backing">The file.</param>
    public void WriteBack(AreaBacking backing)
    {
        if (backing is not FileBacking file)
            return;
        Span<byte> content = stackalloc byte[(int)KernelLayout.PageSize];
        foreach ((SharedPage key, ulong frame) in Of(backing))
        {
            Ram.Read(frame, content);
            machine.Vfs.WritePage(file.Node, key.Page, content);
        }
    }

    /// <summary>What was written to a file by other ways is seen in its shared pages.</summary>
    public void Refresh(VfsNode node)
    {
        Span<byte> content = stackalloc byte[(int)KernelLayout.PageSize];
        foreach ((SharedPage key, ulong frame) in Of(new FileBacking(node)))
        {
            if (machine.Vfs.ReadPage(node, key.Page, content) >= 0)
                Ram.Write(frame, content);
        }
    }

    private List<KeyValuePair<SharedPage, ulong>> Of(AreaBacking backing) =>
        machine.State.SharedPages.IsEmpty ? [] : [.. machine.State.SharedPages.Where(entry => entry.Key.Backing.Equals(backing)).OrderBy(entry => entry.Key.Page)];

    /// <summary>Lets the pages of a backing go when no address space maps it any more.</summary>
    public void ReleaseUnused(AreaBacking backing)
    {
        if (machine.State.Maps.Values.Any(map => map.Areas.Any(area => area.Shared && backing.Equals(area.Backing))))
            return;
        WriteBack(backing);
        foreach ((SharedPage key, ulong frame) in Of(backing))
        {
            machine.Frames.Release(frame);
            machine.State = machine.State with { SharedPages = machine.State.SharedPages.Remove(key) };
        }
    }
}
