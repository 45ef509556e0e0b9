using System.Runtime.CompilerServices;

namespace SyscallExplorer.Machine;

/// <content>Hardware task switches of legacy mode: by a task gate in the IDT and by IRET with NT set. SDM vol. 3A, 7.3.</content>
public sealed partial class Processor
{
    private const ulong LocalBreakpoints = 0x155;
    private const byte BusyBit = 2;

    /// <summary>Whether the task just switched to asked for a debug trap before its first instruction (the T flag of its TSS). SDM vol. 3A, 17.3.1.5.</summary>
    private bool TaskSwitchTrap
    {
        get => (S.DebugTraps & DebugStatus.BT) != 0;
        set => S.DebugTraps = (S.DebugTraps & ~DebugStatus.BT) | (value ? DebugStatus.BT : 0);
    }

    /// <summary>An event through a task gate: the new task is nested, and its error code goes on the new task's stack. SDM vol. 2A, INT n, TASK-GATE.</summary>
    private bool SwitchTaskByGate(in Descriptor gate, in PendingException pending, ulong returnRip, uint ext)
    {
        ushort selector = gate.GateSelector;
        uint error = SelectorError(selector) + ext;
        if ((selector & TableIndicator) != 0 || !TryDescriptorAddress(selector, LegacyGateSize, out ulong address))
            return Fail(Vector.GeneralProtection, error);
        if (!ReadSystem(address, out ulong raw))
            return false;
        var task = new Descriptor(raw);
        if (!task.IsSystem || task.Type is not (Descriptor.AvailableTss or Descriptor.AvailableTss16))
            return Fail(Vector.GeneralProtection, error);
        if (!task.IsPresent)
            return Fail(Vector.SegmentNotPresent, error);
        bool entered = SwitchTask(selector, task, address, nested: true, returnRip, SavedFlags(pending), ext)
            && (!pending.PushesErrorCode || PushToNewTask(pending.ErrorCode, ext))
            && IsEntryWithinLimit(ext);
        TaskSwitchTrap &= entered;
        return entered;
    }

    /// <summary>IRET with NT set: back to the task that the link names. SDM vol. 2A, IRET, TASK-RETURN.</summary>
    internal bool ReturnToPreviousTask(ulong returnRip)
    {
        if (S.Tr.Limit < sizeof(ushort) - 1)
            return Fail(Vector.InvalidTss, SelectorError(S.Tr.Selector));
        if (!ReadSystem(S.Tr.Base + LegacyTaskState.Link, out ushort selector))
            return false;
        uint error = SelectorError(selector);
        if ((selector & TableIndicator) != 0 || !TryDescriptorAddress(selector, LegacyGateSize, out ulong address))
            return Fail(Vector.InvalidTss, error);
        if (!ReadSystem(address, out ulong raw))
            return false;
        var task = new Descriptor(raw);
        if (!task.IsSystem || task.Type is not (Descriptor.BusyTss or Descriptor.BusyTss16))
            return Fail(Vector.InvalidTss, error);
        if (!task.IsPresent)
            return Fail(Vector.SegmentNotPresent, error);
        bool entered = SwitchTask(selector, task, address, nested: false, returnRip, S.Rflags & ~Rflags.NT, ext: 0) && IsEntryWithinLimit(ext: 0);
        TaskSwitchTrap &= entered;
        return entered;
    }

    /// <summary>
    /// Saves the old task and loads the new one. Whatever fails before the old task is saved is its fault, and nothing has changed; a bad
    /// selector of the new task is a fault of the new task, whose registers are then loaded but whose segments may not be.
    /// </summary>
    private bool SwitchTask(ushort selector, in Descriptor descriptor, ulong address, bool nested, ulong savedRip, ulong savedFlags, uint ext)
    {
        Segment task = descriptor.ToSegment(selector);
        LegacyTaskState layout = LegacyTaskState.Of(task);
        LegacyTaskState oldLayout = LegacyTaskState.Of(S.Tr);
        Segment old = S.Tr;
        if (task.Limit < layout.MinimumLimit)
            return Fail(Vector.InvalidTss, SelectorError(selector) + ext);
        if (!old.Usable || old.Limit < oldLayout.MinimumLimit || !TryDescriptorAddress(old.Selector, LegacyGateSize, out ulong oldAddress))
            return Fail(Vector.InvalidTss, SelectorError(old.Selector) + ext);

        bool reachable = ReadTaskImage(task, layout, out TaskImage image)
            && ProbeSystem(old.Base, (int)oldLayout.MinimumLimit + 1)
            && ProbeSystem(oldAddress, LegacyGateSize)
            && ProbeSystem(address, LegacyGateSize)
            && (!nested || ProbeSystem(task.Base, sizeof(ushort)));
        if (!reachable)
            return false;
        if ((image.Flags & Rflags.VM) != 0)
        {
            NotEmulated($"would switch to task {selector:x}h in virtual-8086 mode");
            return false;
        }

        SaveTask(old, oldLayout, savedRip, savedFlags);
        if (nested)
        {
            WriteSystem(task.Base + LegacyTaskState.Link, old.Selector);
            SetBusy(address, busy: true);
        }
        else
        {
            SetBusy(oldAddress, busy: false);
        }

        // Read again: a task that returns to itself finds what was saved just now.
        ReadTaskImage(task, layout, out image);
        S.Tr = task with { Access = (ushort)(task.Access | BusyBit) };
        S.Cr0 |= Cr0.TS;
        RefreshUnits();
        WriteDebugRegister(7, S.Dr[7] & ~LocalBreakpoints);
        if (nested)
            image.Flags |= Rflags.NT;
        return LoadTask(image, layout, ext);
    }

    private void SaveTask(in Segment task, LegacyTaskState layout, ulong rip, ulong flags)
    {
        int size = layout.WordSize;
        WriteSystemWord(task.Base + (ulong)layout.InstructionPointer, size, rip);
        WriteSystemWord(task.Base + (ulong)layout.Flags, size, flags);
        for (int i = 0; i < TaskImage.RegisterCount; i++)
            WriteSystemWord(task.Base + (ulong)(layout.Registers + i * size), size, S.Gpr[i]);
        for (int i = 0; i < layout.SegmentCount; i++)
            WriteSystem(task.Base + (ulong)(layout.Segments + i * layout.SegmentDistance), S.Segments[i].Selector);
    }

    private bool ReadTaskImage(in Segment task, LegacyTaskState layout, out TaskImage image)
    {
        image = default;
        ulong start = task.Base;
        bool read = ReadSystemWord(start + (ulong)layout.InstructionPointer, layout.WordSize, out image.Rip)
            && ReadSystemWord(start + (ulong)layout.Flags, layout.WordSize, out image.Flags)
            && ReadSystem(start + (ulong)layout.LocalTable, out image.LocalTable)
            && (layout.PageTable == 0 || ReadSystemWord(start + (ulong)layout.PageTable, layout.WordSize, out image.Cr3))
            && (layout.DebugTrap == 0 || ReadSystem(start + (ulong)layout.DebugTrap, out image.DebugTrap));
        for (int i = 0; read && i < TaskImage.RegisterCount; i++)
            read = ReadSystemWord(start + (ulong)(layout.Registers + i * layout.WordSize), layout.WordSize, out image.Registers[i]);
        for (int i = 0; read && i < layout.SegmentCount; i++)
            read = ReadSystem(start + (ulong)(layout.Segments + i * layout.SegmentDistance), out image.Selectors[i]);
        return read;
    }

    private bool LoadTask(in TaskImage image, LegacyTaskState layout, uint ext)
    {
        bool pdptesAreLegal = true;
        if (layout.PageTable != 0 && _pagingMode != PagingMode.None)
        {
            PdpteRegisters pdptes = default;
            pdptesAreLegal = _pagingMode != PagingMode.Pae || TryReadPdptes(image.Cr3, out pdptes);
            if (pdptesAreLegal && _pagingMode == PagingMode.Pae)
                S.Pdptes = pdptes;
            WriteCr3(image.Cr3);
        }

        S.Rip = image.Rip;
        S.Rflags = (image.Flags & Rflags.All) | Rflags.Fixed;
        for (int i = 0; i < TaskImage.RegisterCount; i++)
            S.Gpr[i] = image.Registers[i];
        for (int i = 0; i < TaskImage.SegmentCount; i++)
            S.Segments[i] = Segment.Null(image.Selectors[i]);
        S.Ldtr = Segment.Null(image.LocalTable);
        TaskSwitchTrap = (image.DebugTrap & 1) != 0;
        RefreshMode();
        if (!pdptesAreLegal)
            return Fail(Vector.GeneralProtection, ext);
        return LoadTaskSegments(image, ext);
    }

    private bool PushToNewTask(uint errorCode, uint ext)
    {
        Segment stack = S.Segments[(int)SegmentName.SS];
        int size = LegacyTaskState.Of(S.Tr).WordSize;
        ulong top = S.Gpr[(int)Gpr.Rsp];
        Span<ulong> place = stackalloc ulong[1];
        if (!PlaceFrame(stack, top, size, ext, place) || !WriteFrame(place, [errorCode], size, user: Cpl == 3, explicitAccess: false))
            return false;
        S.Gpr[(int)Gpr.Rsp] = MovedStackPointer(stack, top, -size);
        return true;
    }

    private bool IsEntryWithinLimit(uint ext) => S.Rip <= S.Segments[(int)SegmentName.CS].Limit || Fail(Vector.GeneralProtection, ext);

    private void SetBusy(ulong descriptorAddress, bool busy)
    {
        ReadSystem(descriptorAddress + 5, out byte access);
        WriteSystem(descriptorAddress + 5, (byte)(busy ? access | BusyBit : access & ~BusyBit));
    }

    private bool ProbeSystem(ulong linear, int size) => ProbeWrite(SystemAddress(linear), size, user: false, explicitAccess: false);

    /// <summary>What a TSS says of its task.</summary>
    private struct TaskImage
    {
        public const int RegisterCount = 8;
        public const int SegmentCount = 6;

        public ulong Rip;
        public ulong Flags;
        public ulong Cr3;
        public ushort LocalTable;
        public ushort DebugTrap;
        public RegisterImage Registers;
        public SelectorImage Selectors;
    }

    [InlineArray(TaskImage.RegisterCount)]
    private struct RegisterImage
    {
        private ulong _first;
    }

    [InlineArray(TaskImage.SegmentCount)]
    private struct SelectorImage
    {
        private ushort _first;
    }
}
