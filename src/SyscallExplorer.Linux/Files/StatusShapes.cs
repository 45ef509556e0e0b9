namespace SyscallExplorer.Linux;

/// <summary>The structures that tell a <see cref="FileStatus"/> to programs.</summary>
internal static class StatusShapes
{
    /// <summary><c>struct stat</c> of 64-bit programs, <c>struct compat_stat</c> of 32-bit ones.</summary>
    public static CStructure Stat(FileStatus s, bool compat)
    {
        var c = new CStructure(compat);
        if (compat)
        {
            c.Int32((int)s.Device.Encoded).Int32((int)s.Inode).Int16(s.Mode).Int16(s.Links).Int16(s.Uid).Int16(s.Gid).Int32((int)s.Represents.Encoded)
                .Int32((int)s.Size).Int32(FileStatus.BlockSize).Int32((int)s.Blocks);
        }
        else
        {
            c.Int64(s.Device.Encoded).Int64(s.Inode).Int64(s.Links).Int32(s.Mode).Int32(s.Uid).Int32(s.Gid).Int32(0).Int64(s.Represents.Encoded)
                .Int64(s.Size).Int64(FileStatus.BlockSize).Int64(s.Blocks);
        }

        foreach (long time in Shown(s))
            c.Word(Seconds(time)).Word(Nanoseconds(time));
        return c.Zeroes(compat ? 8 : 24);
    }

    /// <summary><c>struct stat64</c> of 32-bit programs, which is packed.</summary>
    public static CStructure Stat64(FileStatus s, bool compat)
    {
        CStructure c = new CStructure(compat).Int64(s.Device.Encoded).Int32(0).Int32((int)s.Inode).Int32(s.Mode).Int32(s.Links).Int32(s.Uid).Int32(s.Gid)
            .Int64(s.Represents.Encoded).Int32(0).Int64(s.Size).Int32(FileStatus.BlockSize).Int64(s.Blocks);
        foreach (long time in Shown(s))
            c.Int32((int)Seconds(time)).Int32((int)Nanoseconds(time));
        return c.Int64(s.Inode);
    }

    /// <summary><c>struct __old_kernel_stat</c>, whose numbers have 16 bits.</summary>
    public static CStructure OldStat(FileStatus s, bool compat)
    {
        CStructure c = new CStructure(compat).Int16((int)s.Device.Encoded).Int16((int)s.Inode).Int16(s.Mode).Int16(s.Links).Int16(s.Uid).Int16(s.Gid)
            .Int16((int)s.Represents.Encoded).Int16(0).Int32((int)s.Size);
        foreach (long time in Shown(s))
            c.Int32((int)Seconds(time));
        return c;
    }

    /// <summary><c>struct statx</c>, the same for all programs. The time of birth is told to those who ask for it.</summary>
    public static CStructure StatX(FileStatus s, bool compat, int asked)
    {
        const int basic = 0x7FF, birth = 0x800, mount = 0x1000;
        const int spare = 13 * 8;
        CStructure c = new CStructure(compat).Int32(basic | mount | (asked & birth)).Int32(FileStatus.BlockSize).Int64(0).Int32(s.Links).Int32(s.Uid).Int32(s.Gid)
            .Int16(s.Mode).Int16(0).Int64(s.Inode).Int64(s.Size).Int64(s.Blocks).Int64(0);
        foreach (long time in (ReadOnlySpan<long>)[s.Times.Access, (asked & birth) != 0 ? s.Times.Birth : 0, s.Times.Change, s.Times.Modification])
            c.Int64(Seconds(time)).Int32((int)Nanoseconds(time)).Int32(0);
        return c.Int32(s.Represents.Major).Int32(s.Represents.Minor).Int32(s.Device.Major).Int32(s.Device.Minor).Int64(s.Device.Minor).Zeroes(spare);
    }

    private static long[] Shown(FileStatus s) => [s.Times.Access, s.Times.Modification, s.Times.Change];

    private static long Seconds(long time) => Math.DivRem(time - Nanoseconds(time), EmulatedTime.NanosecondsPerSecond).Quotient;

    private static long Nanoseconds(long time) => ((time % EmulatedTime.NanosecondsPerSecond) + EmulatedTime.NanosecondsPerSecond) % EmulatedTime.NanosecondsPerSecond;
}
