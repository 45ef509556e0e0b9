using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace SyscallExplorer.Linux;

/// <summary>
/// Reads attributes of host files without following links and without opening anything. On Linux statx tells all of them; elsewhere the
/// class library tells what it can, and everything belongs to root.
/// </summary>
internal static class HostAttributeReader
{
    private const long NanosecondsPerSecond = 1_000_000_000;
    private static readonly bool s_hasStatx = OperatingSystem.IsLinux() && TryStatx("/", out _);

    /// <summary>The attributes of a path of the host; null when nothing is there or it cannot be looked at.</summary>
    public static HostAttributes? Read(string path)
    {
        try
        {
            return s_hasStatx ? TryStatx(path, out HostAttributes? found) ? found : null : ReadPortably(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return null;
        }
    }

    private static bool TryStatx(string path, out HostAttributes? attributes)
    {
        const int workingDirectory = -100, noFollow = 0x100, size = 256;
        const uint basic = 0x7FF;
        attributes = null;
        byte[] answer = new byte[size];
        try
        {
            if (NativeMethods.Statx(workingDirectory, [.. Encoding.UTF8.GetBytes(path), 0], noFollow, basic, answer) != 0)
                return false;
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }

        int Dword(int offset) => BinaryPrimitives.ReadInt32LittleEndian(answer.AsSpan(offset));
        long Qword(int offset) => BinaryPrimitives.ReadInt64LittleEndian(answer.AsSpan(offset));
        int mode = BinaryPrimitives.ReadUInt16LittleEndian(answer.AsSpan(28));
        string? target = (mode & FileType.Mask) == FileType.SymbolicLink ? PathNames.OfText(new FileInfo(path).LinkTarget ?? "") : null;
        attributes = new HostAttributes(mode, Dword(20), Dword(24), Dword(16), Qword(40), Qword(48), Qword(112) * NanosecondsPerSecond + (uint)Dword(120), target);
        return true;
    }

    private static HostAttributes? ReadPortably(string path)
    {
        var file = new FileInfo(path);
        FileAttributes attributes = file.Attributes;
        if ((int)attributes == -1)
            return null;
        bool isDirectory = (attributes & FileAttributes.Directory) != 0;
        bool isLink = file.LinkTarget is not null;
        int type = isLink ? FileType.SymbolicLink
            : isDirectory ? FileType.Directory
            : (attributes & FileAttributes.Device) != 0 ? FileType.CharacterDevice : FileType.Regular;
        int permissions = isLink ? Octal.Permissions
            : !OperatingSystem.IsWindows() ? (int)File.GetUnixFileMode(path)
            : isDirectory ? Octal.AllByOwner : Octal.AllByOwner & ~Octal.WriteByOthers;
        long size = type == FileType.Regular ? file.Length : type == FileType.Directory ? FileStatus.BlockSize : file.LinkTarget?.Length ?? 0;
        long modified = (file.LastWriteTimeUtc - DateTime.UnixEpoch).Ticks * 100;
        long blocks = type == FileType.SymbolicLink ? 0 : (size + FileStatus.BlockSize - 1) / FileStatus.BlockSize * (FileStatus.BlockSize / FileStatus.Sector);
        string? target = isLink ? PathNames.OfText(file.LinkTarget ?? "").Replace('\\', '/') : null;
        return new HostAttributes(type | permissions, 0, 0, isDirectory ? 2 : 1, size, blocks, modified, target);
    }

    private static class NativeMethods
    {
        [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Statx(int directory, byte[] path, int flags, uint mask, [Out] byte[] answer);
    }
}
