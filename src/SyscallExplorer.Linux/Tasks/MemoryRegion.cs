using System.Globalization;

namespace SyscallExplorer.Linux;

/// <summary>A range of an address space, as a line of /proc/PID/maps tells of it. man 5 proc.</summary>
/// <param name="Start">First address.</param>
/// <param name="End">Address behind the last.</param>
/// <param name="IsReadable">PROT_READ.</param>
/// <param name="IsWritable">PROT_WRITE.</param>
/// <param name="IsExecutable">PROT_EXEC.</param>
/// <param name="IsShared">MAP_SHARED.</param>
/// <param name="Offset">The byte of the file that <paramref name="Start"/> shows; 0 without a file.</param>
/// <param name="DeviceMajor">The file's file system, 0 without a file.</param>
/// <param name="DeviceMinor">The second part of its number.</param>
/// <param name="Inode">The file's number there, 0 without a file.</param>
/// <param name="Name">The file, or a name in brackets, or nothing.</param>
public sealed record MemoryRegion(
    ulong Start, ulong End, bool IsReadable, bool IsWritable, bool IsExecutable, bool IsShared, long Offset, int DeviceMajor, int DeviceMinor, long Inode,
    string Name)
{
    /// <summary>The column that names begin in.</summary>
    private const int NameColumn = 73;

    /// <summary>Bytes.</summary>
    public ulong Size => End - Start;

    /// <summary>Such as <c>r-xp</c>.</summary>
    public string Rights => $"{(IsReadable ? 'r' : '-')}{(IsWritable ? 'w' : '-')}{(IsExecutable ? 'x' : '-')}{(IsShared ? 's' : 'p')}";

    /// <summary>The line of /proc/PID/maps, without its end.</summary>
    public override string ToString()
    {
        string line = string.Create(CultureInfo.InvariantCulture,
            $"{Start:x8}-{End:x8} {Rights} {Offset:x8} {DeviceMajor:x2}:{DeviceMinor:x2} {Inode} ");
        return Name.Length == 0 ? line : line.PadRight(NameColumn) + Name.Replace("\n", "\\012", StringComparison.Ordinal);
    }
}
