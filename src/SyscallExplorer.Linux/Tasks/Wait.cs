using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>What a task can wait for.</summary>
internal enum WaitKind
{
    /// <summary>The other end of a FIFO; the number is the pipe's.</summary>
    Pipe,

    /// <summary>A futex: its address and address space, or its place in what is mapped.</summary>
    Futex,

    /// <summary>A child of the process of this number.</summary>
    Child,

    /// <summary>The other threads of the process of this number to end.</summary>
    Thread,

    /// <summary>The child of a vfork, by its number, to leave the address space.</summary>
    AddressSpaceOfChild,

    /// <summary>A signal for one of those who share the handlers of this number.</summary>
    Signal,

    /// <summary>Something that a descriptor can tell of in poll; the number is the open file's object.</summary>
    Readiness,

    /// <summary>A lock of a file.</summary>
    FileLock,

    /// <summary>SIGCONT or SIGKILL for the process of this number.</summary>
    Continue,

    /// <summary>The tracer of the task of this number to let it go on.</summary>
    Tracer,

    /// <summary>A clock of processor time, which the tick looks at.</summary>
    ProcessorTime,

    /// <summary>An answer to the call of the task of this number, which its seccomp filter has left to a listener.</summary>
    SeccompAnswer,
}

/// <summary>One thing that a task waits for.</summary>
internal readonly record struct WaitKey(WaitKind Kind, ulong Number, ulong Space = 0, AreaBacking? Backing = null);

/// <summary>Why a call that waited is asked again.</summary>
internal enum WakeReason
{
    /// <summary>It has not waited: this is the call's first step.</summary>
    Start,

    /// <summary>Something that it waited for has happened, or may have.</summary>
    Woken,

    /// <summary>Its deadline has come.</summary>
    TimedOut,

    /// <summary>A signal came. Only calls that say so see it; the others end with <see cref="Wait.OnSignal"/>.</summary>
    Interrupted,
}

/// <summary>An open file that a call keeps while it waits.</summary>
/// <param name="Descriptor">The descriptor by which the call was given it.</param>
/// <param name="Number">The number of the open file.</param>
internal readonly record struct HeldFile(int Descriptor, int Number);

/// <summary>A call that waits, as plain data: a snapshot holds it and another process can go on with it.</summary>
/// <param name="Keys">What ends it.</param>
/// <param name="What">What it waits for, as a sentence goes on behind "waits for".</param>
/// <param name="OnSignal">Its result when a signal comes: -EINTR, or one of the restart codes.</param>
internal sealed record Wait(ImmutableArray<WaitKey> Keys, string What, long OnSignal = -Errno.ERESTARTSYS)
{
    /// <summary>Nanoseconds since boot at which it ends by itself, or null.</summary>
    public long? Deadline { get; init; }

    /// <summary>What the call has done so far, for its own use.</summary>
    public object? Progress { get; init; }

    /// <summary>Files that stay open until the call ends: it goes on with those that it began with.</summary>
    public ImmutableArray<HeldFile> Files { get; init; } = [];

    /// <summary>Whether the call wants to be asked when a signal comes, so that it can clean up or tell of its progress.</summary>
    public bool TellsOfSignals { get; init; }

    /// <summary>Whether a signal leaves it asleep, as a vfork's parent is.</summary>
    public bool IsKillable { get; init; }

    /// <summary>The order in which waits began: who waited first is woken first.</summary>
    public long Sequence { get; init; }

    /// <summary>The number of the open file that a descriptor led to when the call began, or null.</summary>
    public int? FileOf(int descriptor)
    {
        foreach (HeldFile held in Files)
        {
            if (held.Descriptor == descriptor)
                return held.Number;
        }

        return null;
    }
}
