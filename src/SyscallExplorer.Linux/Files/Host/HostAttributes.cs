namespace SyscallExplorer.Linux;

/// <summary>The attributes of a host file, not of what a link leads to.</summary>
/// <param name="Mode">Kind and permissions.</param>
/// <param name="Uid">Owner.</param>
/// <param name="Gid">Group.</param>
/// <param name="Links">Names.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Blocks">Sectors of 512 bytes.</param>
/// <param name="Modified">mtime in nanoseconds since 1970.</param>
/// <param name="Target">Where a symbolic link leads, one character a byte; null for anything else.</param>
internal sealed record HostAttributes(int Mode, int Uid, int Gid, int Links, long Size, long Blocks, long Modified, string? Target)
{
    public int Type => Mode & FileType.Mask;

    /// <summary>A line of all of them, for hashing.</summary>
    public override string ToString() => FormattableString.Invariant($"{Mode:x} {Uid} {Gid} {Links} {Size} {Blocks} {Modified} {Target}");
}
