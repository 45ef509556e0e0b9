namespace SyscallExplorer.Linux;

/// <summary>Words of <c>st_mode</c>, which C writes in octal. include/uapi/linux/stat.h.</summary>
internal static class Octal
{
    public const int Execute = 1;
    public const int Write = 2;
    public const int Read = 4;

    public const int WriteByOthers = 0x12;       // 022
    public const int ExecuteByAnyone = 0x49;     // 0111
    public const int ReadByAnyone = 0x124;       // 0444
    public const int ReadExecute = 0x16D;        // 0555
    public const int ReadWriteByOwner = 0x1A4;   // 0644
    public const int ReadWriteByAnyone = 0x1B6;  // 0666
    public const int OwnerRead = 0x100;          // 0400
    public const int OwnerReadExecute = 0x140;   // 0500
    public const int AllByOwner = 0x1ED;         // 0755
    public const int Permissions = 0x1FF;        // 0777
    public const int Sticky = 0x200;             // 01000
    public const int SetGroup = 0x400;           // 02000
    public const int SetUser = 0x800;            // 04000
    public const int Changeable = 0xFFF;         // 07777

    public const int Pipe600 = FileType.Fifo | 0x180;
    public const int Terminal620 = FileType.CharacterDevice | 0x190;
    public const int SymbolicLink777 = FileType.SymbolicLink | Permissions;
}

/// <summary>The kind of a file in <c>st_mode</c>. include/uapi/linux/stat.h.</summary>
internal static class FileType
{
    public const int Mask = 0xF000;              // 0170000
    public const int Fifo = 0x1000;              // 010000
    public const int CharacterDevice = 0x2000;   // 020000
    public const int Directory = 0x4000;         // 040000
    public const int BlockDevice = 0x6000;       // 060000
    public const int Regular = 0x8000;           // 0100000
    public const int SymbolicLink = 0xA000;      // 0120000
    public const int Socket = 0xC000;            // 0140000

    /// <summary>As directory entries tell it: DT_DIR and its like.</summary>
    public static int OfEntry(int mode) => (mode & Mask) >> 12;
}
