using System.Globalization;
using SyscallExplorer.Machine;

namespace SyscallExplorer;

/// <summary>A walk through page tables: a row for each entry with its bits by name, and one for where it leads.</summary>
internal static class PageMapTable
{
    private static readonly (string Name, ulong Bit)[] s_bits =
    [
        ("P", PageEntry.P), ("RW", PageEntry.RW), ("US", PageEntry.US), ("PWT", PageEntry.PWT), ("PCD", PageEntry.PCD), ("A", PageEntry.A), ("D", PageEntry.D),
        ("PS", PageEntry.PS), ("G", PageEntry.G), ("NX", PageEntry.NX),
    ];

    public static TableLayout Of(PageMap map) => new(
        $"{Text.Hex(map.Address)} through the page tables",
        [new("tables"), new("level"), new("index", true), new("entry at", true), new("entry"), new("bits")],
        [.. map.Tables.SelectMany(Rows)]);

    private static IEnumerable<LayoutRow> Rows(PageTableWalk walk)
    {
        foreach (PagePathStep step in walk.Path.Steps)
        {
            yield return new LayoutRow(
            [
                walk.Root.Name, step.Level, step.Index.ToString(CultureInfo.InvariantCulture), step.Address.ToString("x", CultureInfo.InvariantCulture),
                Text.Hex(step.Value), BitsOf(step),
            ]);
        }

        yield return new LayoutRow([walk.Root.Name, "page", "", "", EndOf(walk.Path), RightsOf(walk.Path)], IsTotal: true);
    }

    /// <summary>In an entry that leads on, bit 6 is nobody's and bit 8 is ignored. SDM vol. 3A, figure 4-11.</summary>
    private static string BitsOf(PagePathStep step) => step.IsPresent
        ? string.Join(' ', s_bits.Where(bit => (step.Value & bit.Bit) != 0 && (step.IsLeaf || bit.Name is not ("D" or "G"))).Select(bit => bit.Name == "PS" && step.Level == "PTE" ? "PAT" : bit.Name))
        : "not present";

    private static string EndOf(PagePath path) =>
        path.Physical is { } physical ? Text.Hex(physical) : "not mapped";

    private static string RightsOf(PagePath path)
    {
        if (path.Physical is null)
            return "";
        string size = path.PageSize switch { >= 1 << 30 => $"{path.PageSize >> 30} GiB", >= 1 << 20 => $"{path.PageSize >> 20} MiB", _ => $"{path.PageSize >> 10} KiB" };
        return $"{size}, {(path.IsUser ? "user" : "supervisor")}, r{(path.IsWritable ? "w" : "-")}{(path.IsExecutable ? "x" : "-")}";
    }
}
