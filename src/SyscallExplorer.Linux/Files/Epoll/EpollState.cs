using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>Flags of epoll beside the events of poll. include/uapi/linux/eventpoll.h.</summary>
internal static class EpollFlags
{
    public const uint Exclusive = 1u << 28;
    public const uint WakeUp = 1u << 29;
    public const uint OneShot = 1u << 30;
    public const uint EdgeTriggered = 1u << 31;

    /// <summary>Those that say how events are told, and stay when none is asked for any more.</summary>
    public const uint Private = Exclusive | WakeUp | OneShot | EdgeTriggered;

    /// <summary>What may be asked for together with <see cref="Exclusive"/>.</summary>
    public const uint AllowedWithExclusive = Exclusive | WakeUp | EdgeTriggered
        | PollEvents.Input | PollEvents.Output | PollEvents.Error | PollEvents.HungUp;
}

/// <summary>Which file an epoll watches: the open file, and the descriptor by which it was named.</summary>
internal readonly record struct EpollKey(int Descriptor, int File);

/// <summary>A file that an epoll watches.</summary>
/// <param name="Key">Which.</param>
/// <param name="Events">What is asked for, and how it is told.</param>
/// <param name="Data">What the program gets back with it.</param>
/// <param name="Keys">What tells of a change.</param>
internal sealed record EpollItem(EpollKey Key, uint Events, ulong Data, ImmutableArray<WaitKey> Keys)
{
    public bool Has(uint flag) => (Events & flag) != 0;

    /// <summary>Whether it has told of its one event and waits to be set anew.</summary>
    public bool IsDisabled => (Events & ~EpollFlags.Private) == 0;
}

/// <summary>What is watched in an epoll, by item and epoll, for whoever tells of a change.</summary>
internal readonly record struct EpollWatch(int Epoll, EpollKey Item);

/// <summary>An epoll. man 7 epoll.</summary>
/// <param name="Number">Its number among the kernel's objects.</param>
internal sealed record EpollState(int Number)
{
    public ImmutableDictionary<EpollKey, EpollItem> Items { get; init; } = ImmutableDictionary<EpollKey, EpollItem>.Empty;

    /// <summary>Items that may have something to tell, in the order in which that happened.</summary>
    public ImmutableList<EpollKey> Ready { get; init; } = [];

    /// <summary>The epoll with an item on its list of those that may be ready.</summary>
    public EpollState WithReady(EpollKey key) => Ready.Contains(key) ? this : this with { Ready = Ready.Add(key) };
}
