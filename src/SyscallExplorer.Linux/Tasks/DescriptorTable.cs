using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>A table of descriptors, which threads share: <c>files_struct</c>.</summary>
/// <param name="Frame">Physical address of the words by which guest code sees it.</param>
/// <param name="Structure">Physical address of the <c>files_struct</c> that leads guest code to them.</param>
/// <param name="Users">Tasks that use it.</param>
/// <param name="Descriptors">By number.</param>
internal sealed record DescriptorTable(ulong Frame, ulong Structure, int Users, ImmutableSortedDictionary<int, FileDescriptor> Descriptors);

/// <summary>Signal handlers, which threads share: <c>sighand_struct</c>.</summary>
/// <param name="Users">Tasks that use it.</param>
/// <param name="Actions">By signal; what is absent is SIG_DFL.</param>
internal sealed record HandlerTableState(int Users, ImmutableDictionary<int, SignalAction> Actions)
{
    public static HandlerTableState Initial { get; } = new(1, ImmutableDictionary<int, SignalAction>.Empty);

    public SignalAction ActionOf(int signal) => Actions.GetValueOrDefault(signal, SignalAction.Initial);

    /// <summary>What a new program begins with: what was ignored stays ignored, what had a handler is as if nothing had been set.</summary>
    public HandlerTableState WithoutHandlers() =>
        this with { Actions = Actions.Where(entry => entry.Value.Handler == SignalAction.Ignore).ToImmutableDictionary(entry => entry.Key, _ => SignalAction.Initial with { Handler = SignalAction.Ignore }) };
}

/// <summary>What threads share of the file system: <c>fs_struct</c>.</summary>
/// <param name="Users">Tasks that use it.</param>
/// <param name="Context">The working directory, and the permissions that new files do not get.</param>
internal sealed record FileSystemState(int Users, FileSystemContext Context)
{
    public static FileSystemState Initial { get; } = new(1, FileSystemContext.Initial);
}
