using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <content>The one door by which the host touches user memory.</content>
internal sealed partial class AddressSpace
{
    /// <summary>Copies user memory out, as copy_from_user does. Never blocks.</summary>
    /// <returns>False for -EFAULT; the destination is then partly filled.</returns>
    public bool TryRead(ulong address, Span<byte> destination) => Read(address, destination) == destination.Length;

    /// <summary>Copies user memory out as far as it can be read.</summary>
    /// <returns>Bytes copied.</returns>
    public int Read(ulong address, Span<byte> destination)
    {
        int done = 0;
        while (done < destination.Length)
        {
            if (!TryResolve(address, write: false, out ulong physical))
                break;
            int count = (int)Math.Min((ulong)(destination.Length - done), KernelLayout.PageSize - address % KernelLayout.PageSize);
            Ram.Read(physical, destination.Slice(done, count));
            done += count;
            address += (ulong)count;
        }

        return done;
    }

    /// <summary>Copies into user memory, as copy_to_user does: decoded code of the pages is dropped.</summary>
    /// <returns>False for -EFAULT; the pages before the bad one are written.</returns>
    public bool TryWrite(ulong address, ReadOnlySpan<byte> source) => Write(address, source) == source.Length;

    /// <summary>Copies into user memory as far as it can be written.</summary>
    /// <returns>Bytes copied.</returns>
    public int Write(ulong address, ReadOnlySpan<byte> source)
    {
        int done = 0;
        while (done < source.Length)
        {
            if (!TryResolve(address, write: true, out ulong physical))
                break;
            int count = (int)Math.Min((ulong)(source.Length - done), KernelLayout.PageSize - address % KernelLayout.PageSize);
            Ram.Write(physical, source.Slice(done, count));
            done += count;
            address += (ulong)count;
        }

        return done;
    }

    /// <summary>Reads a string that ends in zero.</summary>
    /// <returns>Null for -EFAULT; a string of <paramref name="limit"/> bytes when no zero came before.</returns>
    public byte[]? TryReadString(ulong address, int limit)
    {
        var bytes = new List<byte>();
        Span<byte> chunk = stackalloc byte[256];
        while (bytes.Count < limit)
        {
            ulong at = address + (ulong)bytes.Count;
            int within = (int)(KernelLayout.PageSize - at % KernelLayout.PageSize);
            Span<byte> part = chunk[..Math.Min(Math.Min(chunk.Length, within), limit - bytes.Count)];
            if (!TryRead(at, part))
                return null;
            int zero = part.IndexOf((byte)0);
            bytes.AddRange((zero < 0 ? part : part[..zero]).ToArray());
            if (zero >= 0)
                break;
        }

        return [.. bytes];
    }

    /// <summary>Reads what a program would read, and changes nothing: a page that is not there yet is looked at where it would come from.</summary>
    /// <param name="address">Where.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="whateverRights">Whether pages that the program could not read are read too.</param>
    public bool TryPeek(ulong address, Span<byte> destination, bool whateverRights = false)
    {
        Span<byte> page = stackalloc byte[(int)KernelLayout.PageSize];
        while (!destination.IsEmpty)
        {
            if (AreaOf(address) is not { } area || !(whateverRights || area.Readable || area.Executable))
                return false;
            int within = (int)(address % KernelLayout.PageSize);
            int count = Math.Min(destination.Length, (int)KernelLayout.PageSize - within);
            if (machine.PageTables.EntryAddress(Root, address) is { } entryAddress && machine.PageTables.Read(entryAddress) is var entry and not 0)
                Ram.Read((entry & PageEntry.Address) + (ulong)within, destination[..count]);
            else if (machine.SharedPages.TryPeek(area, area.OffsetOf(address - (ulong)within) / (long)KernelLayout.PageSize, page))
                page.Slice(within, count).CopyTo(destination);
            else
                return false;
            destination = destination[count..];
            address += (ulong)count;
        }

        return true;
    }

    /// <summary>Writes bytes whatever the rights of their pages, as a loader or a debugger does: a page that is shared is copied before.</summary>
    /// <returns>False when nothing is mapped there or RAM is used up.</returns>
    public bool TryForce(ulong address, ReadOnlySpan<byte> source)
    {
        while (!source.IsEmpty)
        {
            if (AreaOf(address) is not { } area)
                return false;
            ulong page = address & ~(KernelLayout.PageSize - 1);
            var tables = machine.PageTables;
            if ((tables.EntryAddress(Root, page) is not { } there || machine.PageTables.Read(there) == 0) && !TryPopulate(area, page))
                return false;
            if (tables.EntryAddress(Root, page) is not { } entryAddress)
                return false;
            ulong entry = machine.PageTables.Read(entryAddress);
            if (!MayWriteInPlace(area, entry & PageEntry.Address) && !MakeWritable(area, page, entryAddress, entry).IsServed)
                return false;
            int count = (int)Math.Min((ulong)source.Length, KernelLayout.PageSize - address % KernelLayout.PageSize);
            Ram.Write((machine.PageTables.Read(entryAddress) & PageEntry.Address) | (address % KernelLayout.PageSize), source[..count]);
            source = source[count..];
            address += (ulong)count;
        }

        return true;
    }

    private bool TryResolve(ulong address, bool write, out ulong physical)
    {
        physical = 0;
        if (address >= machine.Architecture.UserAddressLimit)
            return false;
        var tables = machine.PageTables;
        ulong wanted = PageEntry.P | PageEntry.US | (write ? PageEntry.RW : 0);
        for (int attempt = 0; attempt < 2; attempt++)
        {
            if (tables.EntryAddress(Root, address) is { } entryAddress)
            {
                ulong entry = machine.PageTables.Read(entryAddress);
                if ((entry & wanted) == wanted)
                {
                    ulong used = entry | PageEntry.A | (write ? PageEntry.D : 0);
                    if (used != entry)
                        machine.PageTables.Write(entryAddress, used);
                    physical = (entry & PageEntry.Address) | (address % KernelLayout.PageSize);
                    return true;
                }
            }

            if (!HandleFault(address, write, execute: false).IsServed)
                return false;
        }

        return false;
    }
}
