using System.Text;

namespace SyscallExplorer.Linux;

/// <summary>What stat tells of a file, and the shapes it is told in. Files carry no times: all show that of the machine's first start.</summary>
/// <param name="Inode">A number that the name decides.</param>
/// <param name="Mode">Kind and permissions.</param>
/// <param name="Links">Names.</param>
/// <param name="Owner">User and group.</param>
/// <param name="Device">Major and minor number of what the file stands for, or 0.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Time">Seconds since 1970.</param>
internal sealed record FileStatus(uint Inode, int Mode, int Links, int Owner, (int Major, int Minor) Device, long Size, long Time)
{
    private const int FileSystem = 25;
    private const int BlockSize = 4096;
    private const int Sector = 512;

    private long Blocks => (Size + BlockSize - 1) / BlockSize * (BlockSize / Sector);

    public static FileStatus Of(LinuxMachine machine, OpenFile file) => file.IsPipe
        ? new FileStatus(InodeOf(file.Path), Octal.Pipe600, 1, TaskIdentity.Uid, default, 0, machine.Kernel.ReleaseTime)
        : Of(machine, new FileNode(file.IsDevice ? FileNodeKind.Device : FileNodeKind.File, file.Path));

    public static FileStatus Of(LinuxMachine machine, FileNode node)
    {
        const int memoryDevices = 1, nullMinor = 3, zeroMinor = 5;
        long time = machine.Kernel.ReleaseTime;
        uint inode = InodeOf(node.Path);
        return node.Kind switch
        {
            FileNodeKind.Directory => new(inode, Octal.Directory755, 2, 0, default, BlockSize, time),
            FileNodeKind.Device => new(inode, Octal.Device666, 1, 0, (memoryDevices, node.Path == OpenFile.NullDevice ? nullMinor : zeroMinor), 0, time),
            FileNodeKind.SymbolicLink => new(inode, Octal.SymbolicLink777, 1, TaskIdentity.Uid, default, 0, time),
            _ => new(inode, Octal.File644, 1, TaskIdentity.Uid, default, machine.State.Files.GetValueOrDefault(node.Path, FileContent.Empty).Length, time),
        };
    }

    /// <summary><c>struct stat</c> of 64-bit programs, <c>struct compat_stat</c> of 32-bit ones.</summary>
    public static CStructure Stat(FileStatus s, bool compat)
    {
        var c = new CStructure(compat);
        if (compat)
        {
            c.Int32(FileSystem).Int32((int)s.Inode).Int16(s.Mode).Int16(s.Links).Int16(s.Owner).Int16(s.Owner).Int32(Encode(s.Device))
                .Int32((int)s.Size).Int32(BlockSize).Int32((int)s.Blocks);
        }
        else
        {
            c.Int64(FileSystem).Int64(s.Inode).Int64(s.Links).Int32(s.Mode).Int32(s.Owner).Int32(s.Owner).Int32(0).Int64(Encode(s.Device))
                .Int64(s.Size).Int64(BlockSize).Int64(s.Blocks);
        }

        for (int time = 0; time < 3; time++)
            c.Word(s.Time).Word(0ul);
        return c.Zeroes(compat ? 8 : 24);
    }

    /// <summary><c>struct stat64</c> of 32-bit programs, which is packed.</summary>
    public static CStructure Stat64(FileStatus s, bool compat)
    {
        CStructure c = new CStructure(compat).Int64(FileSystem).Int32(0).Int32((int)s.Inode).Int32(s.Mode).Int32(s.Links).Int32(s.Owner).Int32(s.Owner)
            .Int64(Encode(s.Device)).Int32(0).Int64(s.Size).Int32(BlockSize).Int64(s.Blocks);
        for (int time = 0; time < 3; time++)
            c.Int32((int)s.Time).Int32(0);
        return c.Int64(s.Inode);
    }

    /// <summary><c>struct statx</c>, the same for all programs.</summary>
    public static CStructure StatX(FileStatus s)
    {
        const int basic = 0x7FF;
        const int spare = 14 * 8;
        CStructure c = new CStructure(compat: false).Int32(basic).Int32(BlockSize).Int64(0).Int32(s.Links).Int32(s.Owner).Int32(s.Owner)
            .Int16(s.Mode).Int16(0).Int64(s.Inode).Int64(s.Size).Int64(s.Blocks).Int64(0);
        foreach (long time in (ReadOnlySpan<long>)[s.Time, 0, s.Time, s.Time])
            c.Int64(time).Int64(0);
        return c.Int32(s.Device.Major).Int32(s.Device.Minor).Int32(0).Int32(FileSystem).Zeroes(spare);
    }

    private static int Encode((int Major, int Minor) device) => (device.Minor & 0xFF) | (device.Major << 8) | ((device.Minor & ~0xFF) << 12);

    /// <summary>FNV-1a of the name: the same in every run.</summary>
    private static uint InodeOf(string path)
    {
        const uint basis = 2166136261, prime = 16777619;
        uint hash = basis;
        foreach (byte value in Encoding.UTF8.GetBytes(path))
            hash = unchecked((hash ^ value) * prime);
        return hash | 1;
    }
}
