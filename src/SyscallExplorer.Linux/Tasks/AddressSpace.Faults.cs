using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>What an access that the page tables did not allow comes to.</summary>
/// <param name="Signal">0 when the page is there now, else the signal that the access deserves.</param>
/// <param name="Code">Its si_code.</param>
internal readonly record struct FaultResult(int Signal, int Code)
{
    private const int MapError = 1, AccessError = 2, AddressError = 2;

    public static FaultResult Served { get; } = new(0, 0);

    /// <summary>SEGV_MAPERR: nothing is mapped there.</summary>
    public static FaultResult NotMapped { get; } = new(SignalNumbers.SIGSEGV, MapError);

    /// <summary>SEGV_ACCERR: what is mapped there does not allow it.</summary>
    public static FaultResult NotAllowed { get; } = new(SignalNumbers.SIGSEGV, AccessError);

    /// <summary>BUS_ADRERR: the file has no such page, or the machine has no frame for it.</summary>
    public static FaultResult NoPage { get; } = new(SignalNumbers.SIGBUS, AddressError);

    public bool IsServed => Signal == 0;
}

/// <content>Demand paging, copies on write, the growth of stacks. This is the routine of #PF and of every host access.</content>
internal sealed partial class AddressSpace
{
    /// <summary>Pages below a stack that no other area may come near: stack_guard_gap.</summary>
    private const ulong StackGuardGap = 256 * KernelLayout.PageSize;

    /// <summary>Serves a fault: gives a page that its area allows, a copy where a shared page is written.</summary>
    public FaultResult HandleFault(ulong address, bool write, bool execute)
    {
        if ((AreaOf(address) ?? GrownStack(address)) is not { } area)
            return FaultResult.NotMapped;
        if (write ? !area.Writable : !(area.Readable || area.Executable))
            return FaultResult.NotAllowed;
        ulong page = address & ~(KernelLayout.PageSize - 1);
        if (machine.PageTables.EntryAddress(Root, page) is { } entryAddress && machine.PageTables.Read(entryAddress) is var entry and not 0)
            return write ? MakeWritable(area, page, entryAddress, entry) : execute && !area.Executable ? FaultResult.NotAllowed : FaultResult.Served;

        // A fetch from a page that is only not there yet is served as a read: the second one is refused, with the page's protection as the reason.
        return Populate(area, page, write);
    }

    /// <summary>Maps a page of an area that has none.</summary>
    /// <returns>False when RAM is used up or the file has no such page.</returns>
    public bool TryPopulate(VmArea area, ulong address) => Populate(area, address & ~(KernelLayout.PageSize - 1), write: true).IsServed;

    private FaultResult Populate(VmArea area, ulong page, bool write)
    {
        bool isCommon = area.Shared || !write;
        if (FrameFor(area, page, isCommon) is not { } taken)
            return FaultResult.NoPage;
        var tables = machine.PageTables;
        if (!tables.TryShareUser(Root, Map.UserRoot, page) || !tables.TryMap(Root, page, taken, RightsOf(area, mayWrite: MayWriteInPlace(area, taken)) | (write ? PageEntry.D : 0)))
        {
            Frames.Release(taken);
            return FaultResult.NoPage;
        }

        long resident = Map.ResidentPages + 1;
        Map = Map with { ResidentPages = resident, MostResidentPages = Math.Max(resident, Map.MostResidentPages) };
        machine.CountFault();
        return FaultResult.Served;
    }

    /// <summary>A frame with what an area shows at a page: of a backing the one that others see too, or a copy.</summary>
    private ulong? FrameFor(VmArea area, ulong page, bool isCommon)
    {
        if (area.Backing is not { } backing)
            return Frames.TryTake();
        long number = area.OffsetOf(page) / (long)KernelLayout.PageSize;
        if (isCommon)
            return machine.SharedPages.Take(backing, number);
        if (Frames.TryTake() is not { } fresh)
            return null;
        if (machine.SharedPages.TryRead(backing, number, fresh))
            return fresh;
        Frames.Release(fresh);
        return null;
    }

    /// <summary>A page that is there and not writable yet: its owner may write it, who shares it gets a copy.</summary>
    private FaultResult MakeWritable(VmArea area, ulong page, ulong entryAddress, ulong entry)
    {
        ulong frame = entry & PageEntry.Address;
        ulong flags = (entry & PageEntry.A) | PageEntry.A | PageEntry.D;
        if (!MayWriteInPlace(area, frame))
        {
            if (Frames.TryTake() is not { } copy)
                return FaultResult.NoPage;
            CopyFrame(frame, copy);
            Frames.Release(frame);
            frame = copy;
        }

        machine.PageTables.Write(entryAddress, frame | flags | RightsOf(area, mayWrite: true));
        machine.Processor.InvalidatePage(page);
        machine.CountFault();
        return FaultResult.Served;
    }

    private bool MayWriteInPlace(VmArea area, ulong frame) => area.Shared || Frames.SharedBy(frame) == 0;

    private void CopyFrame(ulong from, ulong to)
    {
        Span<byte> bytes = stackalloc byte[(int)KernelLayout.PageSize];
        Ram.Read(from, bytes);
        Ram.Write(to, bytes);
    }

    /// <summary>A stack reaches down to an address below it, as far as its limit and its neighbour allow.</summary>
    private VmArea? GrownStack(ulong address)
    {
        int index = FirstEndingBehind(address);
        if (index == Areas.Length || !Areas[index].GrowsDown)
            return null;
        VmArea stack = Areas[index];
        ulong start = address & ~(KernelLayout.PageSize - 1);
        ulong limit = machine.Process.LimitOf(ResourceLimit.Stack).Soft;
        if (stack.End - start > limit || start < LowestAddress)
            return null;
        if (index > 0 && Areas[index - 1] is var below && !below.GrowsDown && (below.Readable || below.Writable || below.Executable)
            && start - below.End < StackGuardGap)
        {
            return null;
        }

        VmArea grown = stack with { Start = start };
        Map = Map with { Areas = Areas.SetItem(index, grown) };
        return grown;
    }

    /// <summary>On x86 what may be written or executed may be read. A page without rights keeps its frame and is not present, as Linux marks it.</summary>
    private static ulong RightsOf(VmArea area, bool mayWrite) =>
        !(area.Readable || area.Writable || area.Executable)
            ? PageEntry.G
            : PageEntry.P | PageEntry.US | (area.Writable && mayWrite ? PageEntry.RW : 0) | (area.Executable ? 0 : PageEntry.NX);
}
