using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <content>How address spaces come and go.</content>
internal sealed partial class AddressSpace
{
    /// <summary>Makes an empty address space, which shares the kernel's half with all others.</summary>
    /// <returns>Its number, or null when RAM is used up.</returns>
    public static int? Create(LinuxMachine machine, int bitness)
    {
        bool isolated = machine.Features.Contains(KernelFeature.Pti);
        PhysicalMemory ram = machine.Processor.Bus.Ram;
        if (machine.Frames.TryTakeAdjoining(isolated ? 2 : 1) is not { } root || machine.Frames.TryTake() is not { } frame)
            return null;
        ulong userRoot = isolated ? root + PageTableSwitch.UserTable : root;
        Span<byte> zeroes = stackalloc byte[(int)KernelLayout.PageSize];
        zeroes.Clear();
        ram.Write(root, zeroes);
        ram.Write(userRoot, zeroes);
        var tables = machine.PageTables;
        (ulong kernelOrigin, ulong userOrigin) = machine.KernelRoots;
        tables.ShareKernelHalf(kernelOrigin, root);
        if (isolated)
            tables.ShareKernelHalf(userOrigin, userRoot);
        if (!tables.TryPrepare(root, userRoot))
            return null;
        int id = machine.State.NextObject;
        var created = new MemoryMap { Id = id, KernelRoot = root, UserRoot = userRoot, Frame = frame, Bitness = bitness };
        machine.State = machine.State with { NextObject = id + 1, Maps = machine.State.Maps.Add(id, created) };
        return id;
    }

    /// <summary>
    /// Makes a copy of this address space, as fork does: pages of its own are shared until one side writes, shared areas stay shared.
    /// </summary>
    /// <returns>The copy's number, or null when RAM is used up; nothing of it is left then.</returns>
    public int? Copy()
    {
        if (Create(machine, Map.Bitness) is not { } id)
            return null;
        var child = new AddressSpace(machine, id);
        child.Map = Map with
        {
            Id = id,
            KernelRoot = child.Map.KernelRoot,
            UserRoot = child.Map.UserRoot,
            Frame = child.Map.Frame,
            Users = 1,
            LocalTable = null,
            Areas = [.. Areas.Where(area => !area.IsNotInherited)],
            ResidentPages = 0,
            MostResidentPages = 0,
        };
        CopyWords(Map.Frame, child.Map.Frame);
        if (!new LocalTables(machine).TryCopy(Map, child))
        {
            child.Leave();
            return null;
        }

        foreach (VmArea area in child.Map.Areas)
        {
            if (area.IsWipedOnFork || child.TryInherit(area, Root))
                continue;
            child.Leave();
            return null;
        }

        machine.Processor.FlushTranslations();
        return id;
    }

    private void CopyWords(ulong from, ulong to)
    {
        foreach (int word in (ReadOnlySpan<int>)[TaskLayout.MmVdso, TaskLayout.MmLandingPad])
            Ram.WriteUInt64(to + (ulong)word, Ram.ReadUInt64(from + (ulong)word));
    }

    private bool TryInherit(VmArea area, ulong parentRoot)
    {
        var tables = machine.PageTables;
        int pages = 0;
        bool done = true;
        foreach (ulong page in tables.Pages(parentRoot, area.Start, area.End))
        {
            if (tables.EntryAddress(parentRoot, page) is not { } entryAddress)
                continue;
            ulong entry = machine.PageTables.Read(entryAddress);
            if (!area.Shared && (entry & PageEntry.RW) != 0)
            {
                entry &= ~PageEntry.RW;
                machine.PageTables.Write(entryAddress, entry);
            }

            ulong frame = entry & PageEntry.Address;
            if (!tables.TryShareUser(Root, Map.UserRoot, page) || !tables.TryMap(Root, page, frame, entry & ~PageEntry.Address))
            {
                done = false;
                break;
            }

            Frames.Share(frame);
            pages++;
        }

        Map = Map with { ResidentPages = Map.ResidentPages + pages, MostResidentPages = Math.Max(Map.MostResidentPages, Map.ResidentPages + pages) };
        return done;
    }

    /// <summary>A task joins: CLONE_VM.</summary>
    public void Join() => Map = Map with { Users = Map.Users + 1 };

    /// <summary>A task leaves; the last one takes everything down. The root stays until CR3 no longer points to it.</summary>
    public void Leave()
    {
        if (Map.Users > 1)
        {
            Map = Map with { Users = Map.Users - 1 };
            return;
        }

        MemoryMap gone = Map;
        Unmap(0, machine.Architecture.UserAddressLimit);
        foreach (ulong table in machine.PageTables.UserTables(gone.KernelRoot).ToList())
            Frames.Release(table);
        machine.PageTables.ClearUserHalf(gone.KernelRoot);
        machine.PageTables.ClearUserHalf(gone.UserRoot);
        new LocalTables(machine).Release(gone);
        Frames.Release(gone.Frame);
        machine.State = machine.State with { Maps = machine.State.Maps.Remove(gone.Id), DeadRoots = machine.State.DeadRoots.Add(gone.KernelRoot) };
        machine.Processor.FlushTranslations();
    }
}
