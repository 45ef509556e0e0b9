namespace SyscallExplorer.Linux;

/// <summary>What stat tells of a file.</summary>
/// <param name="Device">The file system.</param>
/// <param name="Inode">The file's number there.</param>
/// <param name="Mode">Kind and permissions.</param>
/// <param name="Links">Names.</param>
/// <param name="Uid">Owner.</param>
/// <param name="Gid">Group.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Times">When it was used and changed.</param>
internal sealed record FileStatus(DeviceNumber Device, long Inode, int Mode, int Links, int Uid, int Gid, long Size, FileTimes Times)
{
    public const int BlockSize = 4096;
    public const int Sector = 512;

    /// <summary>What a device file stands for.</summary>
    public DeviceNumber Represents { get; init; }

    /// <summary>Sectors that it takes.</summary>
    public long Blocks { get; init; } = (Size + BlockSize - 1) / BlockSize * (BlockSize / Sector);

    public int Type => Mode & FileType.Mask;

    public bool IsDirectory => Type == FileType.Directory;

    public bool IsSymbolicLink => Type == FileType.SymbolicLink;

    public bool IsRegular => Type == FileType.Regular;
}
