using System.Collections.Immutable;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>
/// The page cache: what mapped files and shared memory have in frames. All who map a page see one frame until they write a copy of their own,
/// and what is stored there is what reading the file finds.
/// </summary>
internal sealed class SharedPages(LinuxMachine machine)
{
    private PhysicalMemory Ram => machine.Processor.Bus.Ram;

    /// <summary>A page for one more address space. What is there already is what all others see.</summary>
    /// <returns>The frame, which counts one more user; null when the file has no such page or RAM is used up.</returns>
    public ulong? Take(AreaBacking backing, long page)
    {
        if (Find(backing, page) is { } there)
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
        Keep(backing, PagesOf(backing).Add(page, frame));
        return frame;
    }

    /// <summary>Fills a fresh frame with a page's bytes.</summary>
    /// <returns>False when the backing has no such page.</returns>
    public bool TryRead(AreaBacking backing, long page, ulong frame)
    {
        Span<byte> bytes = stackalloc byte[(int)KernelLayout.PageSize];
        if (Find(backing, page) is { } there)
            Ram.Read(there, bytes);
        else if (backing is not FileBacking file)
            return backing is not KernelPages;
        else if (machine.Vfs.ReadPage(file.Node, page, bytes) <= 0)
            return false;
        Ram.Write(frame, bytes);
        return true;
    }

    /// <summary>Reads a page that an area would show, and changes nothing.</summary>
    public bool TryPeek(VmArea area, long page, Span<byte> destination)
    {
        destination.Clear();
        if (area.Backing is null)
            return true;
        if (Find(area.Backing, page) is { } frame)
        {
            Ram.Read(frame, destination);
            return true;
        }

        return area.Backing is not (FileBacking or KernelPages) || area.Backing is FileBacking file && machine.Vfs.ReadPage(file.Node, page, destination) > 0;
    }

    /// <summary>A file's bytes with what was stored to its pages meanwhile, up to the end that it has.</summary>
    /// <param name="node">The file.</param>
    /// <param name="content">What it had.</param>
    /// <returns><paramref name="content"/> itself where nothing was stored.</returns>
    public FileContent WithStores(VfsNode node, FileContent content) => WithStores(content, PagesOf(new FileBacking(node)));

    /// <summary>The same for the pages of a range alone: a read looks at no others.</summary>
    public FileContent WithStores(VfsNode node, FileContent content, long offset, int length)
    {
        ImmutableSortedDictionary<long, ulong> pages = PagesOf(new FileBacking(node));
        if (pages.IsEmpty || length == 0)
            return content;
        long first = offset / FileContent.PageSize, last = (offset + length - 1) / FileContent.PageSize;
        var found = new List<KeyValuePair<long, ulong>>();
        for (long page = first; page <= last; page++)
        {
            if (pages.TryGetValue(page, out ulong frame))
                found.Add(new(page, frame));
        }

        return WithStores(content, found);
    }

    private FileContent WithStores(FileContent content, IEnumerable<KeyValuePair<long, ulong>> pages)
    {
        Span<byte> kept = stackalloc byte[(int)KernelLayout.PageSize], stored = stackalloc byte[(int)KernelLayout.PageSize];
        foreach ((long page, ulong frame) in pages)
        {
            long offset = page * FileContent.PageSize;
            int count = content.Read(offset, kept);
            if (count <= 0)
                continue;
            Ram.Read(frame, stored);
            if (!stored[..count].SequenceEqual(kept[..count]))
                content = content.Write(offset, stored[..count]);
        }

        return content;
    }

    /// <summary>What was written to a file is seen by all who map it; pages behind a new end are taken from them.</summary>
    /// <param name="node">The file.</param>
    /// <param name="content">What it has now.</param>
    /// <param name="length">How long it was before.</param>
    public void Refresh(VfsNode node, FileContent content, long length)
    {
        var backing = new FileBacking(node);
        Span<byte> bytes = stackalloc byte[(int)KernelLayout.PageSize], there = stackalloc byte[(int)KernelLayout.PageSize];
        foreach ((long page, ulong frame) in PagesOf(backing))
        {
            bytes.Clear();
            int count = content.Read(page * FileContent.PageSize, bytes);
            if (count <= 0)
                continue;

            // What a program has stored behind the end stays there until the file is cut.
            Span<byte> known = content.Length < length ? bytes : bytes[..count];
            Ram.Read(frame, there);
            if (!there[..known.Length].SequenceEqual(known))
                Ram.Write(frame, known);
        }

        if (content.Length < length)
            Cut(backing, KernelLayout.PageUp((ulong)content.Length) / KernelLayout.PageSize);
    }

    /// <summary>Lets the pages of a backing go when no address space maps it any more.</summary>
    public void ReleaseUnused(AreaBacking backing)
    {
        if (PagesOf(backing).IsEmpty || machine.State.Maps.Values.Any(map => map.Areas.Any(area => backing.Equals(area.Backing))))
            return;

        // Asking for the bytes moves what was stored into the file.
        if (backing is FileBacking file)
            machine.Vfs.SystemOf(file.Node)?.ContentOf(file.Node, out _);
        foreach (ulong frame in PagesOf(backing).Values)
            machine.Frames.Release(frame);
        machine.State = machine.State with { SharedPages = machine.State.SharedPages.Remove(backing) };
    }

    private void Cut(FileBacking backing, ulong firstPage)
    {
        foreach (int map in machine.State.Maps.Keys.Order().ToList())
            new AddressSpace(machine, map).DropPagesOf(backing, (long)firstPage);
        ImmutableSortedDictionary<long, ulong> pages = PagesOf(backing);
        foreach ((long page, ulong frame) in pages.Where(entry => entry.Key >= (long)firstPage).ToList())
        {
            machine.Frames.Release(frame);
            pages = pages.Remove(page);
        }

        Keep(backing, pages);
    }

    private ulong? Find(AreaBacking backing, long page) =>
        backing is KernelPages special ? special.Find(page) : PagesOf(backing).TryGetValue(page, out ulong frame) ? frame : null;

    private ImmutableSortedDictionary<long, ulong> PagesOf(AreaBacking backing) =>
        machine.State.SharedPages.GetValueOrDefault(backing) ?? ImmutableSortedDictionary<long, ulong>.Empty;

    private void Keep(AreaBacking backing, ImmutableSortedDictionary<long, ulong> pages) =>
        machine.State = machine.State with { SharedPages = machine.State.SharedPages.SetItem(backing, pages) };
}
