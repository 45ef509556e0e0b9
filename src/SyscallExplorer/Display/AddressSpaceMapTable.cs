using System.Globalization;
using SyscallExplorer.Linux;

namespace SyscallExplorer;

/// <summary>A memory map: as text what /proc/PID/maps holds, as HTML a table with sizes.</summary>
internal static class AddressSpaceMapTable
{
    public static string Text(AddressSpaceMap map) => $"{Title(map)}\n\n{string.Concat(map.Regions.Select(region => $"{region}\n"))}";

    public static TableLayout Of(AddressSpaceMap map) => new(
        Title(map),
        [new("addresses"), new("KiB", true), new("rights"), new("offset", true), new("what")],
        [.. map.Regions.Select(region => new LayoutRow(
            [
                $"{SyscallExplorer.Text.Hex(region.Start)}-{SyscallExplorer.Text.Hex(region.End)}",
                SyscallExplorer.Text.Whole(region.Size >> 10),
                region.Rights,
                region.Inode == 0 ? "" : region.Offset.ToString("x", CultureInfo.InvariantCulture),
                region.Name,
            ],
            Colour: ColourOf(region)))]);

    private static string Title(AddressSpaceMap map)
    {
        string moment = map.Call is { } call ? $"at its {call}, cycle {SyscallExplorer.Text.Whole(map.TimeCycles)}" : "at the end of the run";
        return $"memory of process {map.Process} ({map.Command}) {moment}";
    }

    /// <summary>What executes, what can be written, and what is only read.</summary>
    private static string ColourOf(MemoryRegion region) =>
        region.IsExecutable ? "#d3455b" : region.IsWritable ? "#2f7fc9" : region.IsReadable ? "#4aa564" : "#94a1b0";
}
