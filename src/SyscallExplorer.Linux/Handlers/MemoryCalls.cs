using System.Buffers.Binary;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>brk, mmap and what changes mappings.</summary>
internal sealed class MemoryCalls(LinuxMachine machine) : HostedCalls(machine)
{
    private const int ProtRead = 1;
    private const int ProtWrite = 2;
    private const int ProtExecute = 4;
    private const int ProtAll = ProtRead | ProtWrite | ProtExecute;
    private const ulong PageMask = KernelLayout.PageSize - 1;
    private static readonly Version s_hasDroppable = new(6, 11);

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("brk", a => Brk(a[0])),
        ("mmap", a => a[5] % KernelLayout.PageSize != 0 ? -Errno.EINVAL : Map(a[0], a[1], a.Int(2), a.Int(3), a.Int(4), a[5])),
        ("mmap_pgoff", a => Map(a[0], a[1], a.Int(2), a.Int(3), a.Int(4), a[5] * KernelLayout.PageSize)),
        ("old_mmap", OldMap),
        ("munmap", a => Unmap(a[0], a[1])),
        ("mprotect", a => Protect(a[0], a[1], a.Int(2))),
        ("mremap", a => Remap(a[0], a[1], a[2], a.Int(3), a[4])),
        ("madvise", a => Advise(a[0], a[1], a.Int(2))),
        ("msync", a => Synchronise(a[0], a[1], a.Int(2))),
        ("mincore", a => Resident(a[0], a[1], a[2])),
        ("mlock", a => Lock(a[0], a[1])),
        ("munlock", a => Lock(a[0], a[1])),
        ("mlockall", a => a.Int(0) is 0 or > 7 ? -Errno.EINVAL : 0),
        ("munlockall", _ => 0),
    ];

    /// <summary>Returns the new end of the heap, or the old one when it cannot be moved there.</summary>
    private long Brk(ulong wanted)
    {
        ulong oldEnd = KernelLayout.PageUp(Memory.Map.Break);
        ulong newEnd = KernelLayout.PageUp(wanted);
        if (wanted < Memory.Map.BreakStart || wanted > Memory.Limit)
            return (long)Memory.Map.Break;
        if (newEnd < oldEnd)
        {
            Memory.Unmap(newEnd, oldEnd);
        }
        else if (newEnd > oldEnd)
        {
            if (!Memory.IsFree(oldEnd, newEnd) || Exceeds(newEnd - oldEnd, isData: true))
                return (long)Memory.Map.Break;
            Memory.Add(new VmArea(oldEnd, newEnd, true, true, Memory.Map.ReadImpliesExecute, "[heap]"));
        }

        Memory.Map = Memory.Map with { Break = wanted };
        return (long)wanted;
    }

    /// <summary>The six arguments lie in memory.</summary>
    private long OldMap(SyscallArguments arguments)
    {
        Span<byte> bytes = stackalloc byte[24];
        if (!Memory.TryRead(arguments[0], bytes))
            return -Errno.EFAULT;
        Span<uint> words = stackalloc uint[6];
        for (int i = 0; i < words.Length; i++)
            words[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(i * 4)..]);
        return words[5] % KernelLayout.PageSize != 0 ? -Errno.EINVAL : Map(words[0], words[1], (int)words[2], (int)words[3], (int)words[4], words[5]);
    }

    /// <summary>The file behind a descriptor, which must be open for reading, and for writing where a shared mapping wants to write.</summary>
    private long FileToMap(int descriptor, int protection, bool isShared, out VfsLocation? mapped, out bool mayWrite)
    {
        mapped = null;
        mayWrite = true;
        if (Machine.Files.Find(descriptor) is not { Object: not PathOnly } file)
            return -Errno.EBADF;
        if (!file.MayRead || (isShared && (protection & ProtWrite) != 0 && !file.MayWrite))
            return -Errno.EACCES;
        if (file.Object is DeviceFile { Kind: FileKind.Zero })
            return 0;
        if (file.Object is not RegularFile regular)
            return -Errno.ENODEV;
        mapped = regular.Place;
        mayWrite = !isShared || file.MayWrite;
        return 0;
    }

    private long Map(ulong address, ulong length, int protection, int flags, int descriptor, ulong offset)
    {
        const int typeMask = 0xF, shared = 1, isPrivate = 2, sharedValidate = 3, isFixed = 0x10, anonymous = 0x20, in32Bits = 0x40, growsDown = 0x100, fixedNoReplace = 0x100000;
        const int droppable = 8;
        bool isShared = (flags & typeMask) is shared or sharedValidate;
        bool isDroppable = (flags & typeMask) == droppable && (flags & anonymous) != 0 && Machine.Kernel.Traits.Version >= s_hasDroppable;
        if (length == 0 || (!isDroppable && (flags & typeMask) is not (shared or isPrivate or sharedValidate)))
            return -Errno.EINVAL;
        VfsLocation? mapped = null;
        bool mayWrite = true;
        if ((flags & anonymous) == 0 && FileToMap(descriptor, protection, isShared, out mapped, out mayWrite) is var refused && refused != 0)
            return refused;
        ulong limit = Memory.Limit;
        if (length > limit)
            return -Errno.ENOMEM;
        ulong size = KernelLayout.PageUp(length);
        if (Exceeds(size, isData: !isShared && (protection & ProtWrite) != 0 && (flags & growsDown) == 0))
            return -Errno.ENOMEM;
        bool exact = (flags & (isFixed | fixedNoReplace)) != 0;
        bool isLow = !exact && (flags & in32Bits) != 0 && !Machine.IsInCompatCall;
        if (Place(address, size, exact, mayReplace: (flags & fixedNoReplace) == 0, out ulong start, isLow) is var error && error != 0)
            return error;
        (bool readable, bool writable, bool executable) = RightsOf(protection);
        var area = new VmArea(start, start + size, readable, writable, executable, "") { GrowsDown = (flags & growsDown) != 0, IsWipedOnFork = isDroppable };
        if (mapped is not null)
        {
            area = area with { Name = Machine.Vfs.PathOf(mapped), Backing = new FileBacking(mapped.Node), Offset = (long)offset, Shared = isShared, MayWrite = mayWrite };
        }
        else if (isShared)
        {
            area = area with { Shared = true, Backing = new SharedMemory(State.NextObject), Name = "/dev/zero (deleted)" };
            State = State with { NextObject = State.NextObject + 1 };
        }

        Memory.Add(area);
        return (long)start;
    }

    /// <summary>Finds the addresses of a new mapping, and frees them where it has to stand there.</summary>
    private long Place(ulong address, ulong size, bool exact, bool mayReplace, out ulong start, bool isLow = false)
    {
        start = address;
        ulong limit = Memory.Limit;
        if (!exact)
        {
            ulong hint = address & ~PageMask, top = isLow ? AddressSpace.LowLimit : limit;
            bool isUsable = hint >= AddressSpace.LowestAddress && hint < top && hint + size <= top && Memory.IsFree(hint, hint + size);
            if ((isUsable ? hint : isLow ? Memory.FindLowGap(size) : Memory.FindGap(size)) is not { } found)
                return -Errno.ENOMEM;
            start = found;
            return 0;
        }

        if (address % KernelLayout.PageSize != 0)
            return -Errno.EINVAL;
        if (address + size > limit || address + size < address)
            return -Errno.ENOMEM;
        if (address < AddressSpace.LowestAddress)
            return -Errno.EPERM;
        if (!mayReplace && !Memory.IsFree(address, address + size))
            return -Errno.EEXIST;
        if (Divides(address, address + size))
            return -Errno.EINVAL;
        Memory.Unmap(address, address + size);
        return 0;
    }

    /// <summary>Whether more memory would be over RLIMIT_AS or, for writable memory of its own, over RLIMIT_DATA.</summary>
    private bool Exceeds(ulong more, bool isData)
    {
        ulong total = Process.LimitOf(ResourceLimit.AddressSpace).Soft, data = Process.LimitOf(ResourceLimit.Data).Soft;
        return (total != ResourceLimit.Infinity && Sum(_ => true) + more > total)
            || (isData && data != ResourceLimit.Infinity && Sum(area => area is { Writable: true, Shared: false, GrowsDown: false }) + more > data);
    }

    private ulong Sum(Func<VmArea, bool> counts) => Memory.Map.Areas.Where(counts).Aggregate(0ul, (sum, area) => sum + area.Size);

    /// <summary>On x86 what may be written or executed may be read.</summary>
    private (bool Readable, bool Writable, bool Executable) RightsOf(int protection)
    {
        bool any = (protection & ProtAll) != 0;
        bool executable = (protection & ProtExecute) != 0 || (Memory.Map.ReadImpliesExecute && (protection & ProtRead) != 0);
        return (any, (protection & ProtWrite) != 0, executable);
    }

    private long Unmap(ulong address, ulong length)
    {
        if (address % KernelLayout.PageSize != 0 || length == 0 || address > Memory.Limit || length > Memory.Limit - address)
            return -Errno.EINVAL;
        if (Divides(address, KernelLayout.PageUp(address + length)))
            return -Errno.EINVAL;
        Memory.Unmap(address, KernelLayout.PageUp(address + length));
        return 0;
    }

    /// <summary>Whether a range begins or ends within a mapping of the kernel's, which from some version on stays in one piece.</summary>
    private bool Divides(ulong start, ulong end) => VdsoGeneration.Of(Machine.Kernel.Release).IsWhole
        && (IsWithin(start) || IsWithin(end));

    private bool IsWithin(ulong address) => Memory.AreaOf(address) is { Backing: KernelPages } area && area.Start != address;

    private long Protect(ulong address, ulong length, int protection)
    {
        const int growsDown = 0x0100_0000, growsUp = 0x0200_0000, semaphores = 8;
        if (address % KernelLayout.PageSize != 0 || (protection & ~(ProtAll | semaphores)) != 0)
            return (protection & (growsDown | growsUp)) != 0 ? -Errno.EOPNOTSUPP : -Errno.EINVAL;
        if (length == 0)
            return 0;
        if (address > Memory.Limit || length > Memory.Limit - address)
            return -Errno.ENOMEM;
        (bool readable, bool writable, bool executable) = RightsOf(protection);

        // What lies before a gap, or before an area that refuses, keeps its new rights.
        for (ulong end = KernelLayout.PageUp(address + length); address < end;)
        {
            if (Memory.AreaOf(address) is not { } part)
                return -Errno.ENOMEM;
            if ((writable && !part.MayWrite) || (executable && part.Backing is KernelPages { IsImage: false }))
                return -Errno.EACCES;
            if (Divides(address, Math.Min(end, part.End)))
                return -Errno.EINVAL;
            ulong next = Math.Min(end, part.End);
            Memory.Change(address, next, area => area with { Readable = readable, Writable = writable, Executable = executable });
            address = next;
        }

        return 0;
    }

    private long Remap(ulong address, ulong oldLength, ulong newLength, int flags, ulong newAddress)
    {
        const int mayMove = 1, isFixed = 2, keepOld = 4;
        if (address % KernelLayout.PageSize != 0 || newLength == 0 || (flags & ~(mayMove | isFixed)) != 0
            || ((flags & isFixed) != 0 && (flags & mayMove) == 0))
        {
            if ((flags & keepOld) != 0)
                Machine.CountMissing("mremap(MREMAP_DONTUNMAP)");
            return -Errno.EINVAL;
        }

        ulong limit = Memory.Limit;
        if (oldLength > limit || newLength > limit)
            return -Errno.EINVAL;
        ulong oldSize = KernelLayout.PageUp(oldLength), newSize = KernelLayout.PageUp(newLength);
        if (Memory.AreaOf(address) is not { } area || (oldSize > 0 && area.End - address < oldSize))
            return -Errno.EFAULT;
        if (oldSize == 0)
            return -Errno.EINVAL;
        if (area.Backing is KernelPages && newSize > oldSize)
            return -Errno.EFAULT;
        if (area.Backing is KernelPages && (Divides(address, address + oldSize) || Divides(address, address + newSize)))
            return -Errno.EINVAL;
        if ((flags & isFixed) != 0)
        {
            if (newAddress % KernelLayout.PageSize != 0 || newAddress > limit || newSize > limit - newAddress
                || (newAddress < address + oldSize && address < newAddress + newSize))
            {
                return -Errno.EINVAL;
            }

            Memory.Unmap(newAddress, newAddress + newSize);
            return Move(area, address, oldSize, newAddress, newSize);
        }

        if (newSize <= oldSize)
        {
            Memory.Unmap(address + newSize, address + oldSize);
            return (long)address;
        }

        if (Exceeds(newSize - oldSize, area is { Writable: true, Shared: false }))
            return -Errno.ENOMEM;
        if (address + oldSize == area.End && address + newSize <= limit && Memory.IsFree(area.End, address + newSize))
        {
            Memory.Add(area with { Start = area.End, End = address + newSize, Offset = area.Backing is null ? 0 : area.OffsetOf(area.End) });
            return (long)address;
        }

        return (flags & mayMove) != 0 && Memory.FindGap(newSize) is { } gap ? Move(area, address, oldSize, gap, newSize) : -Errno.ENOMEM;
    }

    private long Move(VmArea area, ulong address, ulong oldSize, ulong newAddress, ulong newSize)
    {
        if (!Memory.TryMovePages(address, newAddress, Math.Min(oldSize, newSize)))
            return -Errno.ENOMEM;
        VmArea moved = area.Between(address, Math.Min(area.End, address + oldSize));
        Memory.Unmap(address, address + oldSize);
        Memory.Add(moved with { Start = newAddress, End = newAddress + newSize });
        if (area.Backing is KernelPages { IsImage: true })
            FollowVdso(newAddress);
        return (long)newAddress;
    }

    /// <summary>A fast 32-bit call that has moved the vDSO returns to where its landing pad is now.</summary>
    private void FollowVdso(ulong address)
    {
        PhysicalMemory ram = Machine.Processor.Bus.Ram;
        ulong frame = Memory.Map.Frame, pad = ram.ReadUInt64(frame + TaskLayout.MmLandingPad);
        Machine.Vdso.Tell(ram, frame, address);
        PtRegs registers = Machine.ReadPtRegs(Machine.Tasks.Current.Registers);
        if (Machine.IsInCompatCall && registers[PtRegsOffsets.Ip] == pad)
            Machine.WritePtRegs(registers.With((PtRegsOffsets.Ip, ram.ReadUInt64(frame + TaskLayout.MmLandingPad))));
    }

    /// <summary>MADV_DONTNEED drops pages; other advice about anonymous memory changes nothing that a program sees.</summary>
    private long Advise(ulong address, ulong length, int advice)
    {
        const int normal = 0, doNotNeed = 4, free = 8, doNotFork = 10, doFork = 11, wipeOnFork = 18, keepOnFork = 19, hugePage = 14, doDump = 17, cold = 20, pageOut = 21;
        bool known = advice is (>= normal and <= doNotNeed) or free or doNotFork or doFork or (>= hugePage and <= doDump) or wipeOnFork or keepOnFork or cold or pageOut;
        if (!known || address % KernelLayout.PageSize != 0 || address > Memory.Limit || length > Memory.Limit - address)
            return -Errno.EINVAL;
        ulong end = KernelLayout.PageUp(address + length);
        if (!Memory.IsCovered(address, end))
            return -Errno.ENOMEM;
        if (advice == doNotNeed)
            Memory.DropPages(address, end);
        else if (advice is doNotFork or doFork)
            Memory.Change(address, end, area => area with { IsNotInherited = advice == doNotFork });
        else if (advice is wipeOnFork or keepOnFork)
            Memory.Change(address, end, area => area with { IsWipedOnFork = advice == wipeOnFork });
        return 0;
    }

    /// <summary>Files show what is stored to their pages as soon as they are read, so that there is nothing left to do.</summary>
    private long Synchronise(ulong address, ulong length, int flags)
    {
        const int asynchronous = 1, invalidate = 2, synchronous = 4;
        if (address % KernelLayout.PageSize != 0 || (flags & ~(asynchronous | invalidate | synchronous)) != 0
            || (flags & (asynchronous | synchronous)) == (asynchronous | synchronous))
        {
            return -Errno.EINVAL;
        }

        ulong end = KernelLayout.PageUp(address + length);
        return end >= address && Memory.IsCovered(address, end) ? 0 : -Errno.ENOMEM;
    }

    private long Resident(ulong address, ulong length, ulong vector)
    {
        if (address % KernelLayout.PageSize != 0)
            return -Errno.EINVAL;
        ulong end = KernelLayout.PageUp(address + length);
        if (end < address || end > Memory.Limit || !Memory.IsCovered(address, end))
            return -Errno.ENOMEM;
        byte[] bytes = new byte[(int)((end - address) / KernelLayout.PageSize)];
        foreach (ulong page in Memory.PagesIn(address, end))
            bytes[(int)((page - address) / KernelLayout.PageSize)] = 1;
        return Give(vector, bytes);
    }

    /// <summary>Nothing is ever swapped out, so that a lock changes nothing.</summary>
    private long Lock(ulong address, ulong length)
    {
        ulong start = address & ~PageMask, end = KernelLayout.PageUp(address + length);
        return end < start ? -Errno.EINVAL : Memory.IsCovered(start, end) ? 0 : -Errno.ENOMEM;
    }
}
