using System.Collections.Immutable;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>An address space: its areas, and what changes them.</summary>
/// <param name="machine">The machine.</param>
/// <param name="map">Which address space; null means that of the current task, whichever that is.</param>
internal sealed partial class AddressSpace(LinuxMachine machine, int? map = null)
{
    /// <summary>Nothing is mapped below, so that a null pointer faults: vm.mmap_min_addr.</summary>
    public const ulong LowestAddress = 64 << 10;

    /// <summary>Where the mappings of MAP_32BIT end.</summary>
    public const ulong LowLimit = 0x8000_0000;

    private const ulong LowBottom = 0x4000_0000;

    private PhysicalMemory Ram => machine.Processor.Bus.Ram;

    private PageFrames Frames => machine.Frames;

    /// <summary>What the kernel knows of it.</summary>
    public MemoryMap Map
    {
        get => machine.State.Maps[map ?? machine.Task.Map];
        set => machine.State = machine.State with { Maps = machine.State.Maps.SetItem(value.Id, value) };
    }

    private ImmutableArray<VmArea> Areas => Map.Areas;

    private ulong Root => Map.KernelRoot;

    /// <summary>The address behind the last that a program may use.</summary>
    public ulong Limit => Map.Bitness == 32 ? machine.Architecture.Limit32 : machine.Architecture.UserAddressLimit;

    /// <summary>The area of an address.</summary>
    public VmArea? AreaOf(ulong address)
    {
        int index = FirstEndingBehind(address);
        return index < Areas.Length && Areas[index].Contains(address) ? Areas[index] : null;
    }

    /// <summary>Whether no area touches a range.</summary>
    public bool IsFree(ulong start, ulong end)
    {
        int index = FirstEndingBehind(start);
        return index == Areas.Length || Areas[index].Start >= end;
    }

    /// <summary>Whether areas cover every page of a range.</summary>
    public bool IsCovered(ulong start, ulong end)
    {
        for (int index = FirstEndingBehind(start); start < end; index++)
        {
            if (index == Areas.Length || Areas[index].Start > start)
                return false;
            start = Areas[index].End;
        }

        return true;
    }

    /// <summary>Adds an area to a free range; its pages come on demand. What adjoins and is alike becomes one area.</summary>
    public void Add(VmArea area)
    {
        ImmutableArray<VmArea> areas = Areas;
        int index = FirstEndingBehind(area.Start);
        int end = index;
        if (index > 0 && areas[index - 1].GoesOnIn(area))
            area = areas[--index] with { End = area.End };
        if (end < areas.Length && area.GoesOnIn(areas[end]))
            area = area with { End = areas[end++].End };
        Map = Map with { Areas = areas.RemoveRange(index, end - index).Insert(index, area) };
    }

    /// <summary>Drops the areas and pages of a range and their translations.</summary>
    public void Unmap(ulong start, ulong end)
    {
        if (IsFree(start, end))
            return;
        DropPages(start, end);
        ImmutableArray<VmArea> before = Areas;
        Map = Map with { Areas = [.. before.SelectMany(area => Cut(area, start, end))] };
        foreach (AreaBacking backing in before.Where(area => area.Start < end && area.End > start).Select(area => area.Backing).OfType<AreaBacking>().Distinct())
            machine.SharedPages.ReleaseUnused(backing);
    }

    /// <summary>Drops the pages of a range, whose areas stay: they come back as the area's backing has them.</summary>
    public void DropPages(ulong start, ulong end)
    {
        var dropped = new List<ulong>();
        var tables = machine.PageTables;
        foreach (ulong page in tables.Pages(Root, start, end))
        {
            if (tables.EntryAddress(Root, page) is not { } entryAddress)
                continue;
            Frames.Release(machine.PageTables.Read(entryAddress) & PageEntry.Address);
            machine.PageTables.Write(entryAddress, 0);
            dropped.Add(page);
        }

        Map = Map with { ResidentPages = Map.ResidentPages - dropped.Count };
        Invalidate(dropped);
    }

    /// <summary>Drops the pages that show a backing from one of its pages on, copies included, as a file that is cut takes them away.</summary>
    public void DropPagesOf(AreaBacking backing, long firstPage)
    {
        foreach (VmArea area in Areas)
        {
            if (!backing.Equals(area.Backing))
                continue;
            long first = Math.Max(0, firstPage * (long)KernelLayout.PageSize - area.Offset);
            if ((ulong)first < area.Size)
                DropPages(area.Start + (ulong)first, area.End);
        }

        // The address space need not be the one that is loaded.
        machine.Processor.FlushTranslations();
    }

    /// <summary>Drops what the processor has cached of pages whose entries have changed: as the kernel, all at once where they are many.</summary>
    private void Invalidate(List<ulong> pages)
    {
        const int single = 33;
        if (pages.Count > single)
        {
            machine.Processor.FlushTranslations();
            return;
        }

        foreach (ulong page in pages)
            machine.Processor.InvalidatePage(page);
    }

    /// <summary>Gives the areas of a range other properties, and their pages the rights that follow.</summary>
    public void Change(ulong start, ulong end, Func<VmArea, VmArea> change)
    {
        List<VmArea> changed = [.. Areas.SelectMany(area => Part(area, start, end))];
        Map = Map with { Areas = [.. Areas.SelectMany(area => Cut(area, start, end))] };
        var tables = machine.PageTables;
        var pages = new List<ulong>();
        foreach (VmArea part in changed)
        {
            VmArea now = change(part);
            Add(now);
            if ((now.Readable, now.Writable, now.Executable) == (part.Readable, part.Writable, part.Executable))
                continue;
            foreach (ulong page in tables.Pages(Root, part.Start, part.End))
            {
                if (tables.EntryAddress(Root, page) is not { } entryAddress)
                    continue;
                ulong entry = machine.PageTables.Read(entryAddress);
                ulong frame = entry & PageEntry.Address;
                machine.PageTables.Write(entryAddress, frame | (entry & (PageEntry.A | PageEntry.D)) | RightsOf(now, mayWrite: MayWriteInPlace(now, frame)));
                pages.Add(page);
            }
        }

        Invalidate(pages);
    }

    /// <summary>Moves the pages of a range to a free range, as mremap does: the frames stay, their addresses change.</summary>
    /// <returns>False when RAM has no room for page tables; nothing has moved then.</returns>
    public bool TryMovePages(ulong from, ulong to, ulong size)
    {
        var tables = machine.PageTables;
        List<ulong> pages = [.. tables.Pages(Root, from, from + size)];
        int moved = 0;
        foreach (ulong page in pages)
        {
            if (tables.EntryAddress(Root, page) is not { } entryAddress)
                break;
            ulong entry = machine.PageTables.Read(entryAddress);
            ulong target = to + (page - from);
            if (!tables.TryShareUser(Root, Map.UserRoot, target)
                || !tables.TryMap(Root, target, entry & PageEntry.Address, entry & ~PageEntry.Address))
            {
                break;
            }

            moved++;
        }

        // Either the old entries go or the new ones.
        bool done = moved == pages.Count;
        foreach (ulong page in pages.Take(moved))
        {
            if (tables.EntryAddress(Root, done ? page : to + (page - from)) is { } entryAddress)
                machine.PageTables.Write(entryAddress, 0);
        }

        machine.Processor.FlushTranslations();
        return done;
    }

    /// <summary>An address range of a size that no area uses, where mmap looks: the highest below its top, else the lowest above its bottom.</summary>
    public ulong? FindGap(ulong size)
    {
        MmapRegion region = Map.Mmap;
        return (region.IsUpward ? null : HighestGap(region.Top, size)) ?? LowestGap(region, size);
    }

    /// <summary>An address range of a size in the second gigabyte, which signed 32-bit addresses reach: MAP_32BIT. man 2 mmap.</summary>
    public ulong? FindLowGap(ulong size) => LowestGap(new MmapRegion(LowLimit, LowBottom, LowLimit, IsUpward: true), size);

    private ulong? LowestGap(MmapRegion region, ulong size)
    {
        ulong start = region.Bottom;
        for (int index = FirstEndingBehind(start); index < Areas.Length && (Areas[index].Start < start || Areas[index].Start - start < size); index++)
            start = Areas[index].End;
        return start <= region.Limit && region.Limit - start >= size ? start : null;
    }

    private ulong? HighestGap(ulong top, ulong size)
    {
        ImmutableArray<VmArea> areas = Areas;
        int next = FirstEndingBehind(top);
        if (next < areas.Length && areas[next].Start < top)
            top = areas[next].Start;
        for (int index = next - 1; index >= 0 && top - areas[index].End < size; index--)
            top = areas[index].Start;
        return top >= size && top - size >= LowestAddress ? top - size : null;
    }

    /// <summary>The pages of a range that are there.</summary>
    public IEnumerable<ulong> PagesIn(ulong start, ulong end) => machine.PageTables.Pages(Root, start, end);

    /// <summary>Index of the first area that ends behind an address: the one that holds it, or the next.</summary>
    private int FirstEndingBehind(ulong address)
    {
        ImmutableArray<VmArea> areas = Areas;
        int low = 0, high = areas.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (areas[middle].End <= address)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    private static IEnumerable<VmArea> Cut(VmArea area, ulong start, ulong end)
    {
        if (area.End <= start || area.Start >= end)
        {
            yield return area;
            yield break;
        }

        if (area.Start < start)
            yield return area.Between(area.Start, start);
        if (area.End > end)
            yield return area.Between(end, area.End);
    }

    private static IEnumerable<VmArea> Part(VmArea area, ulong start, ulong end)
    {
        ulong from = Math.Max(area.Start, start), to = Math.Min(area.End, end);
        if (from < to)
            yield return area.Between(from, to);
    }
}
