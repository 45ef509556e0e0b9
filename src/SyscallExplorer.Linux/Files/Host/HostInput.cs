using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>What of a host file reached the machine.</summary>
public enum HostInputKind
{
    /// <summary>Kind, permissions, owner, size, times, and where a link leads; or that there is no such file.</summary>
    Attributes,

    /// <summary>The names in a folder.</summary>
    Listing,

    /// <summary>The bytes of a file.</summary>
    Content,
}

/// <summary>Something of the host that a run depends on.</summary>
/// <param name="Path">The name inside the machine.</param>
/// <param name="Kind">What of the file.</param>
/// <param name="Hash">SHA-256 of it, in hexadecimal.</param>
public sealed record HostInput(string Path, HostInputKind Kind, string Hash);

/// <summary>What is known of a file of a host view.</summary>
/// <param name="Attributes">Null when there is no such file.</param>
internal sealed record HostFile(HostAttributes? Attributes)
{
    public ImmutableArray<DirectoryEntry>? Listing { get; init; }

    public FileContent? Content { get; init; }
}

/// <summary>
/// Everything that was ever asked of the host, immutable: a snapshot and its forks see what the first question was answered, even when the
/// host's files have changed since.
/// </summary>
internal sealed record HostInputs(ImmutableDictionary<HostNode, HostFile> Files, ImmutableSortedDictionary<(string Path, HostInputKind Kind), string> Journal)
{
    public static HostInputs Empty { get; } = new(
        ImmutableDictionary<HostNode, HostFile>.Empty,
        ImmutableSortedDictionary<(string, HostInputKind), string>.Empty.WithComparers(Comparer<(string Path, HostInputKind Kind)>.Create(Compare)));

    public HostFile? Find(HostNode node) => Files.GetValueOrDefault(node);

    public HostInputs With(HostNode node, HostFile file, string path, HostInputKind kind, string hash) =>
        new(Files.SetItem(node, file), Journal.SetItem((path, kind), hash));

    private static int Compare((string Path, HostInputKind Kind) one, (string Path, HostInputKind Kind) other)
    {
        int order = string.CompareOrdinal(one.Path, other.Path);
        return order != 0 ? order : one.Kind.CompareTo(other.Kind);
    }
}
