using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>The program's pages: areas, demand paging, and the one door by which the host touches user memory.</summary>
internal sealed class AddressSpace(LinuxMachine machine)
{
    private PhysicalMemory Ram => machine.Processor.Bus.Ram;

    /// <summary>The area of an address.</summary>
    public VmArea? AreaOf(ulong address)
    {
        foreach (VmArea area in machine.State.Areas)
        {
            if (area.Contains(address))
                return area;
        }

        return null;
    }

    /// <summary>Adds an area; its pages come on demand.</summary>
    public void Add(VmArea area) => machine.State = machine.State with { Areas = machine.State.Areas.Add(area) };

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
        KernelState state = machine.State;
        var frames = new FrameAllocator(state.NextFrame, KernelLayout.RamSize);
        var tables = new PageTables(Ram, frames);
        ulong page = address & ~(KernelLayout.PageSize - 1);
        bool done = tables.TryShareUser(state.KernelRoot, state.UserRoot, page)
            && frames.TryTake() is { } frame
            && tables.TryMap(state.KernelRoot, page, frame, RightsOf(area));
        machine.State = machine.State with { NextFrame = frames.Next };
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

    /// <summary>Drops the pages of a range and their translations.</summary>
    public void Unmap(ulong start, ulong end)
    {
        var tables = new PageTables(Ram, new FrameAllocator(machine.State.NextFrame, KernelLayout.RamSize));
        for (ulong page = start; page < end; page += KernelLayout.PageSize)
        {
            if (tables.EntryAddress(machine.State.KernelRoot, page) is { } entry && (Ram.ReadUInt64(entry) & PageEntry.P) != 0)
                Ram.WriteUInt64(entry, 0);
        }

        machine.Processor.FlushTranslations();
        machine.State = machine.State with { Areas = [.. machine.State.Areas.SelectMany(area => Cut(area, start, end))] };
    }

    /// <summary>An address range of a size that no area uses, below the place that mmap begins at.</summary>
    public ulong? FindGap(ulong size)
    {
        ulong top = machine.State.MmapTop;
        foreach (VmArea area in machine.State.Areas.Where(area => area.Start < top).OrderByDescending(area => area.End))
        {
            if (area.End <= top && top - area.End >= size)
                break;
            top = area.Start;
        }

        return top > size + (ulong)UserSpace.MaxCodeSize ? top - size : null;
    }

    private bool TryResolve(ulong address, bool write, out ulong physical)
    {
        physical = 0;
        if (address >= KernelLayout.UserAddressLimit)
            return false;
        var tables = new PageTables(Ram, new FrameAllocator(machine.State.NextFrame, KernelLayout.RamSize));
        ulong wanted = PageEntry.P | PageEntry.US | (write ? PageEntry.RW : 0);
        for (int attempt = 0; attempt < 2; attempt++)
        {
            if (tables.EntryAddress(machine.State.KernelRoot, address) is { } entryAddress)
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

    private static ulong RightsOf(VmArea area) =>
        PageEntry.P | PageEntry.US | (area.Writable ? PageEntry.RW : 0) | (area.Executable ? 0 : PageEntry.NX);

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
}
