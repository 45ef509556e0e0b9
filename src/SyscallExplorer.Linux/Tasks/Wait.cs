using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>What a task can wait for.</summary>
internal enum WaitKind
{
    /// <summary>Bytes, room or the other end of a pipe; the number is the pipe's.</summary>
    Pipe,

    /// <summary>A futex: its address, and the address space or the shared object that it lies in.</summary>
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
}

/// <summary>One thing that a task waits for.</summary>
internal readonly record struct WaitKey(WaitKind Kind, ulong Number, ulong Space = 0);

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

    /// <summary>Whether the call wants to be asked when a signal comes, so that it can clean up or tell of its progress.</summary>
    public bool TellsOfSignals { get; init; }

    /// <summary>Whether a signal leaves it asleep, as a vfork's parent is.</summary>
    public bool IsKillable { get; init; }

    /// <summary>The order in which waits began: who waited first is woken first.</summary>
    public long Sequence { get; init; }
}
