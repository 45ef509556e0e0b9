using System.Collections.Immutable;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>The program's pages: areas, demand paging, and the one door by which the host touches user memory.</summary>
internal sealed class AddressSpace(LinuxMachine machine)
{
    /// <summary>Nothing is mapped below, so that a null pointer faults: vm.mmap_min_addr.</summary>
    public const ulong LowestAddress = 64 << 10;

    private PhysicalMemory Ram => machine.Processor.Bus.Ram;

    private ImmutableArray<VmArea> Areas => machine.State.Areas;

    private ulong Root => machine.State.KernelRoot;

    /// <summary>The address behind the last that a program may use.</summary>
    public ulong Limit => machine.State.ProgramBitness == 32 ? UserSpace.Limit32 : KernelLayout.UserAddressLimit;

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
        int index = FirstEndingBehind(area.Start);
        int end = index;
        if (index > 0 && Areas[index - 1].GoesOnIn(area))
            area = area with { Start = Areas[--index].Start };
        if (end < Areas.Length && area.GoesOnIn(Areas[end]))
            area = area with { End = Areas[end++].End };
        machine.State = machine.State with { Areas = Areas.RemoveRange(index, end - index).Insert(index, area) };
    }

    /// <summary>
    /// Serves a fault: gives a page that its area allows but that is not there yet. This is the routine of #PF and of every host access.
    /// </summary>
    /// <returns>0, or the signal that the access deserves.</returns>
    public int HandleFault(ulong address, bool write, bool execute, bool present)
    {
        if (AreaOf(address) is not { } area
            || present
            || (write ? !area.Writable : execute ? !area.Executable : !(area.Readable || area.Executable)))
        {
            return SignalNumbers.SIGSEGV;
        }

        return TryPopulate(area, address) ? 0 : SignalNumbers.SIGBUS;
    }

    /// <summary>Maps a page of an area that has none, with zeroes in it.</summary>
    /// <returns>False when RAM is used up.</returns>
    public bool TryPopulate(VmArea area, ulong address)
    {
        FrameAllocator frames = Frames();
        var tables = new PageTables(Ram, frames);
        ulong page = address & ~(KernelLayout.PageSize - 1);
        bool done = tables.TryShareUser(Root, machine.State.UserRoot, page)
            && frames.TryTake() is { } frame
            && tables.TryMap(Root, page, frame, RightsOf(area));
        machine.State = machine.State with { NextFrame = frames.Next, FreeFrames = frames.Free, MinorFaults = machine.State.MinorFaults + 1 };
        return done;
    }

    /// <summary>Copies user memory out, as copy_from_user does. Never blocks.</summary>
    /// <returns>False for -EFAULT; the destination is then partly filled.</returns>
    public bool TryRead(ulong address, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            if (!TryResolve(address, write: false, out ulong physical))
                return false;
            int count = (int)Math.Min((ulong)destination.Length, KernelLayout.PageSize - address % KernelLayout.PageSize);
            Ram.Read(physical, destination[..count]);
            destination = destination[count..];
            address += (ulong)count;
        }

        return true;
    }

    /// <summary>Copies into user memory, as copy_to_user does: decoded code of the pages is dropped.</summary>
    /// <returns>False for -EFAULT; the pages before the bad one are written.</returns>
    public bool TryWrite(ulong address, ReadOnlySpan<byte> source)
    {
        while (!source.IsEmpty)
        {
            if (!TryResolve(address, write: true, out ulong physical))
                return false;
            int count = (int)Math.Min((ulong)source.Length, KernelLayout.PageSize - address % KernelLayout.PageSize);
            Ram.Write(physical, source[..count]);
            source = source[count..];
            address += (ulong)count;
        }

        return true;
    }

    /// <summary>Reads a string that ends in zero.</summary>
    /// <returns>Null for -EFAULT; a string of <paramref name="limit"/> bytes when no zero came before.</returns>
    public byte[]? TryReadString(ulong address, int limit)
    {
        var bytes = new List<byte>();
        Span<byte> one = stackalloc byte[1];
        while (bytes.Count < limit)
        {
            if (!TryRead(address + (ulong)bytes.Count, one))
                return null;
            if (one[0] == 0)
                break;
            bytes.Add(one[0]);
        }

        return [.. bytes];
    }

    /// <summary>Drops the areas and pages of a range and their translations; the frames are free again.</summary>
    public void Unmap(ulong start, ulong end)
    {
        if (IsFree(start, end))
            return;
        DropPages(start, end);
        machine.State = machine.State with { Areas = [.. Areas.SelectMany(area => Cut(area, start, end))] };
    }

    /// <summary>Drops the pages of a range, whose areas stay: they come back zeroed.</summary>
    public void DropPages(ulong start, ulong end)
    {
        FrameAllocator frames = Frames();
        foreach (ulong entryAddress in new PageTables(Ram, frames).Leaves(Root, start, end))
        {
            frames.GiveBack(Ram.ReadUInt64(entryAddress) & PageEntry.Address);
            Ram.WriteUInt64(entryAddress, 0);
        }

        machine.State = machine.State with { FreeFrames = frames.Free };
        machine.Processor.FlushTranslations();
    }

    /// <summary>Gives the areas of a range other rights, and their pages with them.</summary>
    public void Protect(ulong start, ulong end, bool readable, bool writable, bool executable)
    {
        List<VmArea> changed = [.. Areas.SelectMany(area => Part(area, start, end))];
        machine.State = machine.State with { Areas = [.. Areas.SelectMany(area => Cut(area, start, end))] };
        foreach (VmArea part in changed)
            Add(part with { Readable = readable, Writable = writable, Executable = executable });
        ulong rights = RightsOf(new VmArea(start, end, readable, writable, executable, ""));
        foreach (ulong entryAddress in new PageTables(Ram, Frames()).Leaves(Root, start, end))
        {
            const ulong kept = PageEntry.Address | PageEntry.A | PageEntry.D;
            Ram.WriteUInt64(entryAddress, (Ram.ReadUInt64(entryAddress) & kept) | rights);
        }

        machine.Processor.FlushTranslations();
    }

    /// <summary>Moves the pages of a range to a free range, as mremap does: the frames stay, their addresses change.</summary>
    /// <returns>False when RAM has no room for page tables; nothing has moved then.</returns>
    public bool TryMovePages(ulong from, ulong to, ulong size)
    {
        FrameAllocator frames = Frames();
        var tables = new PageTables(Ram, frames);
        List<ulong> pages = [.. tables.Pages(Root, from, from + size)];
        int moved = 0;
        foreach (ulong page in pages)
        {
            ulong entry = Ram.ReadUInt64(tables.EntryAddress(Root, page)!.Value);
            ulong target = to + (page - from);
            if (!tables.TryShareUser(Root, machine.State.UserRoot, target)
                || !tables.TryMap(Root, target, entry & PageEntry.Address, entry & ~PageEntry.Address))
            {
                break;
            }

            moved++;
        }

        // Either the old entries go or the new ones.
        bool done = moved == pages.Count;
        foreach (ulong page in pages.Take(moved))
            Ram.WriteUInt64(tables.EntryAddress(Root, done ? page : to + (page - from))!.Value, 0);
        machine.State = machine.State with { NextFrame = frames.Next, FreeFrames = frames.Free };
        machine.Processor.FlushTranslations();
        return done;
    }

    /// <summary>An address range of a size that no area uses, below the place that mmap begins at.</summary>
    public ulong? FindGap(ulong size)
    {
        ulong top = machine.State.MmapTop;
        int next = FirstEndingBehind(top);
        if (next < Areas.Length && Areas[next].Start < top)
            top = Areas[next].Start;
        for (int index = next - 1; index >= 0 && top - Areas[index].End < size; index--)
            top = Areas[index].Start;
        return top >= size && top - size >= LowestAddress ? top - size : null;
    }

    private FrameAllocator Frames() => new(machine.State.NextFrame, KernelLayout.RamSize, machine.State.FreeFrames, Ram);

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

    private bool TryResolve(ulong address, bool write, out ulong physical)
    {
        physical = 0;
        if (address >= KernelLayout.UserAddressLimit)
            return false;
        var tables = new PageTables(Ram, Frames());
        ulong wanted = PageEntry.P | PageEntry.US | (write ? PageEntry.RW : 0);
        for (int attempt = 0; attempt < 2; attempt++)
        {
            if (tables.EntryAddress(Root, address) is { } entryAddress)
            {
                ulong entry = Ram.ReadUInt64(entryAddress);
                if ((entry & wanted) == wanted)
                {
                    ulong used = entry | PageEntry.A | (write ? PageEntry.D : 0);
                    if (used != entry)
                        Ram.WriteUInt64(entryAddress, used);
                    physical = (entry & PageEntry.Address) | (address % KernelLayout.PageSize);
                    return true;
                }

                if ((entry & PageEntry.P) != 0)
                    return false;
            }

            if (HandleFault(address, write, execute: false, present: false) != 0)
                return false;
        }

        return false;
    }

    /// <summary>On x86 what may be written or executed may be read. A page without rights keeps its frame and is not present, as Linux marks it.</summary>
    private static ulong RightsOf(VmArea area) =>
        !(area.Readable || area.Writable || area.Executable)
            ? PageEntry.G
            : PageEntry.P | PageEntry.US | (area.Writable ? PageEntry.RW : 0) | (area.Executable ? 0 : PageEntry.NX);

    private static IEnumerable<VmArea> Cut(VmArea area, ulong start, ulong end)
    {
        if (area.End <= start || area.Start >= end)
        {
            yield return area;
            yield break;
        }

        if (area.Start < start)
            yield return area with { End = start };
        if (area.End > end)
            yield return area with { Start = end };
    }

    private static IEnumerable<VmArea> Part(VmArea area, ulong start, ulong end)
    {
        ulong from = Math.Max(area.Start, start), to = Math.Min(area.End, end);
        if (from < to)
            yield return area with { Start = from, End = to };
    }
}
