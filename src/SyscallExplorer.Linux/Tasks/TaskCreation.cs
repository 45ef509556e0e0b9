using System.Collections.Immutable;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>What clone is asked for. include/uapi/linux/sched.h.</summary>
internal static class CloneFlags
{
    public const ulong ExitSignalMask = 0xFF;
    public const ulong Vm = 0x100;
    public const ulong Fs = 0x200;
    public const ulong Files = 0x400;
    public const ulong SigHand = 0x800;
    public const ulong PidFd = 0x1000;
    public const ulong PTrace = 0x2000;
    public const ulong Vfork = 0x4000;
    public const ulong Parent = 0x8000;
    public const ulong Thread = 0x1_0000;
    public const ulong NewNamespace = 0x2_0000;
    public const ulong SysVSem = 0x4_0000;
    public const ulong SetTls = 0x8_0000;
    public const ulong ParentSetTid = 0x10_0000;
    public const ulong ChildClearTid = 0x20_0000;
    public const ulong Detached = 0x40_0000;
    public const ulong Untraced = 0x80_0000;
    public const ulong ChildSetTid = 0x100_0000;
    public const ulong ClearSigHand = 0x1_0000_0000;
    public const ulong IntoCgroup = 0x2_0000_0000;

    /// <summary>CLONE_NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET and NEWTIME beside NEWNS.</summary>
    public const ulong Namespaces = NewNamespace | 0x7E00_0000 | 0x80;
}

/// <summary>A request for a new task.</summary>
/// <param name="Flags">CLONE_ flags without the exit signal.</param>
/// <param name="ExitSignal">The signal that its end sends to its parent.</param>
/// <param name="Stack">Its stack pointer, or 0 for its parent's.</param>
/// <param name="ParentTid">Where its number is stored for its parent.</param>
/// <param name="ChildTid">Where its number is stored in its own memory, and cleared at its end.</param>
/// <param name="Tls">The base of its thread-local storage, or its descriptor in 32-bit programs.</param>
internal sealed record CloneRequest(ulong Flags, int ExitSignal, ulong Stack, ulong ParentTid, ulong ChildTid, ulong Tls)
{
    /// <summary>Whether its tracer asked to be told of it.</summary>
    public bool IsAnnounced { get; init; }

    /// <summary>The number that the child gets, or null for the next.</summary>
    public int? Number { get; init; }

    public bool Has(ulong flag) => (Flags & flag) != 0;
}

/// <summary>Makes tasks out of the current one.</summary>
internal sealed class TaskCreation(LinuxMachine machine)
{
    private PhysicalMemory Ram => machine.Processor.Bus.Ram;

    /// <summary>Makes a task that is runnable and returns 0 from the same call.</summary>
    /// <returns>Its number, or an error.</returns>
    public long Create(CloneRequest request, bool compat)
    {
        TaskState parent = machine.Task;
        ProcessState process = machine.Process;
        if (machine.State.Tasks.Values.Count(task => task.IsAlive) >= machine.Limits.Tasks)
        {
            machine.Exceeded(LimitKind.Tasks);
            return -Errno.EAGAIN;
        }

        if ((ulong)machine.State.Tasks.Count >= process.LimitOf(ResourceLimit.Processes).Soft)
            return -Errno.EAGAIN;
        if (machine.Tasks.TakeSlot() is not { } slot)
            return -Errno.ENOMEM;
        int id = request.Number ?? machine.Tasks.TakeNumber();
        if (ShareMap(request, parent) is not { } map)
        {
            machine.State = machine.State with { FreeSlots = machine.State.FreeSlots.Add(slot) };
            return -Errno.ENOMEM;
        }

        bool isThread = request.Has(CloneFlags.Thread);
        int group = isThread ? process.Id : id;
        var child = new TaskState
        {
            Id = id,
            Process = group,
            Slot = slot,
            Map = map,
            FileTable = machine.Files.Inherit(parent.FileTable, share: request.Has(CloneFlags.Files)),
            FileSystem = InheritFileSystem(request, parent),
            Handlers = InheritHandlers(request, parent),
            Signals = parent.Signals.ForChild(sharesMemory: request.Has(CloneFlags.Vm) && !request.Has(CloneFlags.Vfork)),
            Thread = new ThreadState(request.Has(CloneFlags.ChildClearTid) ? request.ChildTid : 0, 0, 0, 0, 0) with
            {
                Rseq = request.Has(CloneFlags.Vm) ? 0 : parent.Thread.Rseq,
                RseqLength = request.Has(CloneFlags.Vm) ? 0 : parent.Thread.RseqLength,
                RseqSignature = request.Has(CloneFlags.Vm) ? 0 : parent.Thread.RseqSignature,
                RseqEvents = request.Has(CloneFlags.Vm) ? RseqEvents.None : parent.Thread.RseqEvents,
            },
            CommandName = parent.CommandName,
            InputOutputPriority = parent.InputOutputPriority,
            TimerSlack = parent.TimerSlack,
            HasNoNewPrivileges = parent.HasNoNewPrivileges,
            Seccomp = parent.Seccomp,
            IsTracedByHost = parent.IsTracedByHost,
            KeepsCapabilities = parent.KeepsCapabilities,
            Scheduling = machine.Scheduler.ForChild(),
            Times = TaskTimes.None with { Started = new EmulatedTime(machine).SinceBoot },
            ExitSignal = isThread ? 0 : request.Has(CloneFlags.Parent) ? machine.Tasks.Leader(process).ExitSignal : request.ExitSignal,
            VforkParent = request.Has(CloneFlags.Vfork) ? parent.Id : 0,
        };
        machine.Tasks.Set(child);
        ProcessState own = isThread ? process with { Threads = process.Threads.Add(id) } : NewProcess(id, process, request.Has(CloneFlags.Parent));
        if (own.Frame == 0)
        {
            new TaskExit(machine).Abandon(child);
            return -Errno.ENOMEM;
        }

        machine.Tasks.Set(own);
        return Start(request, compat, parent, child, own);
    }

    private long Start(CloneRequest request, bool compat, TaskState parent, TaskState child, ProcessState process)
    {
        GuestTask guest = machine.Tasks.Guest(child);
        CopyGuestTask(machine.Tasks.Guest(parent), guest, child, process, request.Stack);
        new TraceInheritance(machine).Begin(parent, child.Id, request.IsAnnounced || request.Has(CloneFlags.PTrace));
        if (request.Has(CloneFlags.SetTls) && SetTls(guest, request.Tls, compat) is var error && error != 0)
        {
            new TaskExit(machine).Abandon(child);
            return error;
        }

        byte[] number = BitConverter.GetBytes(child.Id);
        if (request.Has(CloneFlags.ParentSetTid))
            machine.Memory.TryWrite(request.ParentTid, number);
        if (request.Has(CloneFlags.ChildSetTid))
            new AddressSpace(machine, child.Map).TryWrite(request.ChildTid, number);
        machine.Scheduler.Enqueue(child.Id);
        return child.Id;
    }

    private int? ShareMap(CloneRequest request, TaskState parent)
    {
        if (!request.Has(CloneFlags.Vm))
            return machine.Memory.Copy();
        machine.Memory.Join();
        return parent.Map;
    }

    private int InheritFileSystem(CloneRequest request, TaskState parent)
    {
        FileSystemState own = machine.State.FileSystems[parent.FileSystem];
        if (request.Has(CloneFlags.Fs))
        {
            machine.State = machine.State with { FileSystems = machine.State.FileSystems.SetItem(parent.FileSystem, own with { Users = own.Users + 1 }) };
            return parent.FileSystem;
        }

        int id = TakeObject();
        machine.State = machine.State with { FileSystems = machine.State.FileSystems.Add(id, own with { Users = 1 }) };
        return id;
    }

    private int InheritHandlers(CloneRequest request, TaskState parent)
    {
        HandlerTableState own = machine.State.HandlerTables[parent.Handlers];
        if (request.Has(CloneFlags.SigHand))
        {
            machine.State = machine.State with { HandlerTables = machine.State.HandlerTables.SetItem(parent.Handlers, own with { Users = own.Users + 1 }) };
            return parent.Handlers;
        }

        HandlerTableState copy = request.Has(CloneFlags.ClearSigHand) ? own.WithoutHandlers() : own;
        int id = TakeObject();
        machine.State = machine.State with { HandlerTables = machine.State.HandlerTables.Add(id, copy with { Users = 1 }) };
        return id;
    }

    private int TakeObject()
    {
        int id = machine.State.NextObject;
        machine.State = machine.State with { NextObject = id + 1 };
        return id;
    }

    private ProcessState NewProcess(int id, ProcessState parent, bool sibling)
    {
        ulong frame = machine.Frames.TryTake() ?? 0;
        if (frame != 0)
            GuestTask.WriteProcess(Ram, machine.Architecture, frame, id);
        return new ProcessState
        {
            Id = id,
            Parent = sibling ? parent.Parent : parent.Id,
            ParentThread = sibling ? parent.ParentThread : machine.Task.Id,
            Group = parent.Group,
            Session = parent.Session,
            Frame = frame,
            Threads = [id],
            Limits = parent.Limits,
            IsDumpable = parent.IsDumpable,
            Personality = parent.Personality,
        };
    }

    /// <summary>The child's structure and stack: it comes out of the first switch at the end of fork, with its parent's registers.</summary>
    private void CopyGuestTask(GuestTask parent, GuestTask child, TaskState task, ProcessState process, ulong stack)
    {
        Span<byte> page = stackalloc byte[(int)KernelLayout.PageSize];
        Ram.Read(parent.Address, page);
        Ram.Write(child.Address, page);
        child[TaskLayout.ThreadPid] = child.Pointer + TaskLayout.PidBlock;
        child[TaskLayout.PidBlock + TaskLayout.PidNumbers] = (ulong)task.Id;
        child[TaskLayout.TopOfStack] = machine.Tasks.TopOfStack(task.Slot);
        Span<byte> canary = stackalloc byte[8];
        SeededBytes.Fill(machine.Seed, SeededBytes.StackCanary, task.Id * 8L, canary);
        child[TaskLayout.StackCanary] = BitConverter.ToUInt64(canary) & ~0xFFul;
        child.Flags = (parent.Flags & ~(uint)(ThreadFlags.SigPending | ThreadFlags.NeedResched | ThreadFlags.NotifySignal)) | ThreadFlags.NeedFpuLoad;
        child[TaskLayout.FpuTurns] = 0;
        foreach (int counter in (ReadOnlySpan<int>)[TaskLayout.ReadBytes, TaskLayout.WrittenBytes, TaskLayout.ReadCalls, TaskLayout.WriteCalls])
            child[counter] = 0;
        child[TaskLayout.RealParent] = machine.Architecture.DirectMapped(machine.Tasks.FrameOf(process.Parent));
        child[TaskLayout.Signal] = machine.Architecture.DirectMapped(process.Frame);
        child[TaskLayout.Files] = machine.Architecture.DirectMapped(machine.State.FileTables[task.FileTable].Structure);
        child[TaskLayout.Mm] = machine.Architecture.DirectMapped(machine.State.Maps[task.Map].Frame);
        SaveSegments(child);

        Span<byte> registers = stackalloc byte[machine.Architecture.RegistersSize];
        machine.ReadKernel(parent.Registers, registers);
        machine.WriteKernel(child.Registers, registers);
        PtRegs own = machine.ReadPtRegs(child.Registers).With((PtRegsOffsets.Ax, 0));
        machine.WritePtRegs(stack == 0 ? own : own.With((PtRegsOffsets.Sp, stack)));
        ulong word = (ulong)machine.Architecture.WordSize;
        ulong returnAddress = child.Registers - word;
        machine.WriteKernelWord(returnAddress, machine.AddressOf(SchedulerCode.ReturnFromFork));
        child[TaskLayout.ThreadSp] = returnAddress - (ulong)machine.Architecture.SavedRegisters * word;
        for (ulong saved = child[TaskLayout.ThreadSp]; saved < returnAddress; saved += word)
            machine.WriteKernelWord(saved, 0);
    }

    private void SaveSegments(GuestTask child)
    {
        for (int entry = 0; entry < Selectors.TlsEntries; entry++)
            child[TaskLayout.TlsArray + entry * 8] = Ram.ReadUInt64(KernelLayout.GdtPhysical + (ulong)(machine.Architecture.FirstTls + entry) * 8);
        if (machine.Architecture.IsNative32)
            return;
        ProcessorRegisters registers = machine.Processor.Registers;
        child[TaskLayout.FsBase] = registers.ReadMsr(Msr.FsBase);
        child[TaskLayout.GsBase] = registers.ReadMsr(Msr.KernelGsBase);
        ulong selectors = registers[SegmentName.FS].Selector | ((ulong)registers[SegmentName.GS].Selector << 16)
            | ((ulong)registers[SegmentName.ES].Selector << 32) | ((ulong)registers[SegmentName.DS].Selector << 48);
        child[TaskLayout.FsIndex] = selectors;
    }

    /// <summary>A 64-bit task gets the base of FS, a 32-bit one a descriptor.</summary>
    private long SetTls(GuestTask child, ulong tls, bool compat)
    {
        if (!compat)
        {
            if (tls >= machine.Architecture.UserAddressLimit)
                return -Errno.EPERM;
            child[TaskLayout.FsBase] = tls;
            child[TaskLayout.FsIndex] &= ~0xFFFFul;
            return 0;
        }

        Span<byte> bytes = stackalloc byte[16];
        if (!machine.Memory.TryRead(tls, bytes))
            return -Errno.EFAULT;
        UserDescriptor descriptor = UserDescriptor.Read(bytes);
        int entry = descriptor.Entry - machine.Architecture.FirstTls;
        if ((uint)entry >= Selectors.TlsEntries || !descriptor.IsAllowed)
            return -Errno.EINVAL;
        child[TaskLayout.TlsArray + entry * 8] = descriptor.Encode();

        // A base that was copied from the parent would win over the one of the selector.
        ulong selector = (ulong)((descriptor.Entry << 3) | 3);
        if ((child[TaskLayout.FsIndex] & 0xFFFF) == selector)
            child[TaskLayout.FsBase] = descriptor.Base;
        if (((child[TaskLayout.FsIndex] >> 16) & 0xFFFF) == selector)
            child[TaskLayout.GsBase] = descriptor.Base;
        return 0;
    }
}
