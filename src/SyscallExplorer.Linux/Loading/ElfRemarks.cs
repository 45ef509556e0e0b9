namespace SyscallExplorer.Linux;

/// <summary>
/// What is odd about a program that the kernel starts all the same: no part of Linux, but what a user wants to read when such a program
/// has faulted.
/// </summary>
internal static class ElfRemarks
{
    /// <summary>A sentence for each oddity.</summary>
    public static IReadOnlyList<string> Of(ElfFile file)
    {
        if (file.Segments.Count == 0)
            return [$"{file.Name}, offset {file.ProgramHeaderOffset:x}h: it has no PT_LOAD segment, so there is nothing to run."];
        return [.. OfSegments(file), .. OfEntryPoint(file)];
    }

    private static IEnumerable<string> OfEntryPoint(ElfFile file)
    {
        const int entryAt = 24;
        if (file.Segments.Any(segment => segment.Executable && file.EntryPoint - segment.Address < segment.MemorySize))
            yield break;
        string ranges = string.Join(", ", file.Segments.Select(
            segment => $"{segment.Address:x}h to {segment.Address + segment.MemorySize:x}h{(segment.Executable ? "" : " (not executable)")}"));
        yield return $"{file.Name}, offset {entryAt:x}h: it starts at {file.EntryPoint:x}h, where it has no code; its segments: {ranges}.";
    }

    private static IEnumerable<string> OfSegments(ElfFile file)
    {
        for (int i = 0; i < file.Segments.Count; i++)
        {
            ElfSegment segment = file.Segments[i];
            string at = $"{file.Name}, offset {segment.HeaderOffset:x}h: ";
            ulong length = (ulong)file.Length;
            if (segment.FileSize > 0 && (segment.Offset > length || segment.FileSize > length - segment.Offset))
            {
                yield return at + $"it has a segment of {segment.FileSize:x}h bytes at {segment.Offset:x}h, but only {length:x}h bytes in all: "
                    + "it was cut off or is damaged, and what is missing gives SIGBUS.";
            }

            if (file.Segments.Take(i).FirstOrDefault(other => Overlap(other, segment)) is { } covered)
            {
                yield return at + $"its segment for {segment.Address:x}h lies over the one for {covered.Address:x}h to "
                    + $"{covered.Address + covered.MemorySize:x}h: the later one of the table is mapped over the earlier one.";
            }
        }
    }

    private static bool Overlap(ElfSegment one, ElfSegment other) =>
        other.Address - one.Address < one.MemorySize || one.Address - other.Address < other.MemorySize;
}
