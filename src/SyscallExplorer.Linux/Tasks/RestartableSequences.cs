using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>What has happened to a thread that an unfinished restartable sequence must not survive.</summary>
[Flags]
internal enum RseqEvents
{
    None = 0,

    /// <summary>Another task had the processor.</summary>
    Preempted = 1,

    /// <summary>A handler is about to run.</summary>
    Signalled = 2,

    /// <summary>It came to another processor, of which this machine has none.</summary>
    Migrated = 4,
}

/// <summary>
/// Restartable sequences: a thread that is interrupted in one goes on at its abort handler. man 2 rseq, include/uapi/linux/rseq.h.
/// </summary>
internal sealed class RestartableSequences(LinuxMachine machine)
{
    private const int CriticalSection = 8;
    private const int Flags = 16;
    private const int DescriptorSize = 32;

    /// <summary>The area has to be brought up to date on the way to user mode.</summary>
    public void Notify(TaskState task) => machine.Tasks.Guest(task).SetFlag(ThreadFlags.NotifyResume, true);

    /// <summary>Another task gets the processor.</summary>
    public void SwitchedOut(TaskState task)
    {
        if (task.Thread.Rseq == 0)
            return;
        machine.Tasks.Update(task.Id, leaving => leaving with { Thread = leaving.Thread with { RseqEvents = leaving.Thread.RseqEvents | RseqEvents.Preempted } });
        Notify(task);
    }

    /// <summary>The current task is on its way to user mode.</summary>
    /// <param name="registers">Linear address of its registers.</param>
    public void Resume(ulong registers)
    {
        if (machine.Task.Thread.Rseq == 0)
            return;
        PtRegs frame = machine.ReadPtRegs(registers);
        PtRegs after = Fix(frame, signal: 0);
        if (!ReferenceEquals(frame, after))
            machine.WritePtRegs(after);
    }

    /// <summary>A handler is about to run: the frame shows the thread at its abort handler.</summary>
    public PtRegs BeforeHandler(PtRegs registers, int signal)
    {
        if (machine.Task.Thread.Rseq == 0)
            return registers;
        Happened(RseqEvents.Signalled);
        return Fix(registers, signal);
    }

    private void Happened(RseqEvents events)
    {
        ThreadState thread = machine.Task.Thread;
        machine.Task = machine.Task with { Thread = thread with { RseqEvents = thread.RseqEvents | events } };
    }

    /// <summary>Leaves a sequence and shows the processor's number. An area that cannot be read, or that contradicts itself, is SIGSEGV.</summary>
    private PtRegs Fix(PtRegs registers, int signal)
    {
        ulong area = machine.Task.Thread.Rseq;
        if (Leave(registers, area) is { } after && machine.Memory.TryWrite(area, new byte[CriticalSection]))
            return after;
        machine.Signals.ForceFailedFrame(signal);
        return registers;
    }

    private PtRegs? Leave(PtRegs registers, ulong area)
    {
        if (!TryRead(area + CriticalSection, out ulong descriptor))
            return null;
        RseqDescriptor section = default;
        if (descriptor != 0)
        {
            if (Read(descriptor) is not { } found)
                return null;
            section = found;
        }

        ulong ip = registers[PtRegsOffsets.Ip];
        if (!section.Contains(ip))
            return Clear(area) ? registers : null;
        if (NeedsRestart(area, section.Flags) is not { } restarts)
            return null;
        if (!restarts)
            return registers;
        return Clear(area) ? registers.With((PtRegsOffsets.Ip, section.Abort)) : null;
    }

    /// <summary>A descriptor; null for one that is not to be trusted, such as one without the signature before its abort handler.</summary>
    private RseqDescriptor? Read(ulong address)
    {
        byte[] bytes = new byte[DescriptorSize];
        if (address >= machine.Architecture.UserAddressLimit || !machine.Memory.TryRead(address, bytes))
            return null;
        var section = RseqDescriptor.Decode(bytes);
        if (!section.IsSound)
            return null;
        Span<byte> signature = stackalloc byte[4];
        return machine.Memory.TryRead(section.Abort - 4, signature)
            && BinaryPrimitives.ReadUInt32LittleEndian(signature) == machine.Task.Thread.RseqSignature ? section : null;
    }

    /// <summary>Whether something has happened that the sequence does not allow; null for flags that contradict each other.</summary>
    private bool? NeedsRestart(ulong area, uint flags)
    {
        Span<byte> bytes = stackalloc byte[4];
        if (!machine.Memory.TryRead(area + Flags, bytes))
            return null;
        var allowed = (RseqEvents)(flags | BinaryPrimitives.ReadUInt32LittleEndian(bytes));
        const RseqEvents others = RseqEvents.Preempted | RseqEvents.Migrated;
        if ((allowed & RseqEvents.Signalled) != 0 && (allowed & others) != others)
            return null;
        ThreadState thread = machine.Task.Thread;
        machine.Task = machine.Task with { Thread = thread with { RseqEvents = RseqEvents.None } };
        return (thread.RseqEvents & ~allowed) != 0;
    }

    private bool Clear(ulong area) => machine.Memory.TryWrite(area + CriticalSection, new byte[CriticalSection]);

    private bool TryRead(ulong address, out ulong word)
    {
        Span<byte> bytes = stackalloc byte[8];
        bool isRead = machine.Memory.TryRead(address, bytes);
        word = isRead ? BinaryPrimitives.ReadUInt64LittleEndian(bytes) : 0;
        return isRead;
    }
}
