using System.Collections.Frozen;
using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>All rows: how each call is written.</summary>
internal static class CallRows
{
    private static readonly FrozenDictionary<string, CallRow> s_rows = ByName(
        [.. FileRows.All, .. DescriptorRows.All, .. MemoryRows.All, .. TaskRows.All, .. SignalRows.All, .. TimeRows.All, .. WaitRows.All, .. SocketRows.All, .. SystemRows.All]);

    private static readonly FrozenDictionary<string, CallRow> s_compatRows = ByName(CompatRows.All);

    /// <summary>A call that no row describes: six numbers.</summary>
    private static readonly CallRow s_unknown = new("", Enumerable.Repeat(Scalars.Hexadecimal, 6).ToImmutableArray());

    /// <summary>The names of all calls that have a row for a word size.</summary>
    public static IEnumerable<string> Names(bool compat) => compat ? s_rows.Keys.Union(s_compatRows.Keys) : s_rows.Keys;

    /// <summary>The row of a call, or the one of unknown calls.</summary>
    public static CallRow Find(SyscallInvocation call)
    {
        if (call.Name is not { } name)
            return s_unknown;
        if (call.IsCompat && s_compatRows.TryGetValue(name, out CallRow? compat))
            return compat;
        return s_rows.TryGetValue(name, out CallRow? row) ? row : s_unknown;
    }

    private static FrozenDictionary<string, CallRow> ByName(IEnumerable<CallRow> rows) => rows.ToFrozenDictionary(row => row.Name);
}
