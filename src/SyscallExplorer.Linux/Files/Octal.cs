namespace SyscallExplorer.Linux;

/// <summary>Words of <c>st_mode</c>, which C writes in octal. include/uapi/linux/stat.h.</summary>
internal static class Octal
{
    public const int WriteByOthers = 0x12;       // 022
    public const int Permissions = 0x1FF;        // 0777
    public const int File644 = 0x81A4;           // 0100644
    public const int Directory755 = 0x41ED;      // 040755
    public const int Pipe600 = 0x1180;           // 010600
    public const int Device666 = 0x21B6;         // 020666
    public const int SymbolicLink777 = 0xA1FF;   // 0120777
}
