using static SyscallExplorer.Linux.ArgumentKind;

namespace SyscallExplorer.Linux;

/// <summary>What is told of files, file systems and directories.</summary>
internal static class FileStatusArguments
{
    private const uint TypeMask = 0xf000;


    private static readonly FlagNames s_special = new("", ("S_ISUID", 0x800), ("S_ISGID", 0x400), ("S_ISVTX", 0x200));

    /// <summary><c>struct stat</c> of the word size.</summary>
    public static ArgumentKind Stat { get; } = OutStructure(text => text.IsCompat ? 64 : 144, (text, status) =>
    {
        if (text.IsCompat)
            Abbreviated(text, status.At(8).UInt16(), status.At(16).UInt32(), status.At(20).UInt32());
        else
            Abbreviated(text, status.At(24).UInt32(), status.At(40).UInt64(), status.At(48).UInt64());
    });

    /// <summary><c>struct stat64</c> of 32-bit calls.</summary>
    public static ArgumentKind Stat64 { get; } =
        OutStructure(_ => 96, (text, status) => Abbreviated(text, status.At(16).UInt32(), status.At(32).UInt64(), status.At(44).UInt64()));

    /// <summary>The structure of the first calls, of 32-bit programs.</summary>
    public static ArgumentKind OldStat { get; } =
        OutStructure(_ => 32, (text, status) => Abbreviated(text, status.At(4).UInt16(), status.At(12).UInt16(), status.At(16).UInt32()));

    /// <summary><c>struct statx</c>.</summary>
    public static ArgumentKind Statx { get; } = OutStructure(_ => 256, (text, status) =>
    {
        const uint hasMode = 3, hasSize = 0x200;
        uint mask = status.UInt32();
        text.Write($"{{stx_mask={FileWords.StatxMask.Format(mask)}, stx_attributes={FileWords.StatxAttributes.Format(status.At(8).UInt64())}");
        if ((mask & hasMode) != 0)
            text.Write($", stx_mode={ModeText(status.At(28).UInt16())}");
        if ((mask & hasSize) != 0)
            text.Write($", stx_size={status.At(40).UInt64()}");
        text.Write(", ...}");
    });

    /// <summary>Where and how <c>statx</c> looks.</summary>
    public static ArgumentKind StatxFlags { get; } = In((text, slot) =>
    {
        const ulong sync = 0x6000;
        text.Write(FileWords.StatxSync.Format(text.UInt(slot) & sync)).Write(FileWords.At.FormatFurther(text.UInt(slot) & ~sync));
    });

    /// <summary><c>struct statfs</c> of the word size.</summary>
    public static ArgumentKind FileSystem { get; } = OutStructure(text => text.IsCompat ? 64 : 120, (text, status) => Describe(text, status, status.Word));

    /// <summary><c>struct statfs64</c> of 32-bit calls, whose size is an argument.</summary>
    public static ArgumentKind FileSystem64 { get; } = Out((text, slot) =>
    {
        const int size = 84, paddedSize = 88;
        if (text[slot - 1] is size or paddedSize && text.Structure(text[slot], size) is { } status)
            Describe(text, status, status.UInt64);
        else
            text.Address(text[slot]);
    });

    /// <summary>Entries of a directory; only their number is told.</summary>
    public static ArgumentKind Entries64 { get; } = Out((text, slot) => Entries(text, slot, 16));

    /// <summary>Entries in the older form.</summary>
    public static ArgumentKind Entries32 { get; } = Out((text, slot) => Entries(text, slot, text.IsCompat ? 8 : 16));

    /// <summary>Type and permissions, such as <c>S_IFREG|0644</c>.</summary>
    public static string ModeText(uint mode)
    {
        string permissions = Octal(mode & ~(uint)TypeMask);
        string special = s_special.FormatFurther(mode & 0xe00);
        if (special.Length > 0)
            permissions = $"{special[1..]}|{Octal(mode & ~(TypeMask | 0xe00u))}";
        return (mode & TypeMask) == 0 ? permissions
            : FileWords.FileTypes.Find(mode & TypeMask) is { } type ? $"{type}|{permissions}"
            : Octal(mode);
    }

    /// <summary>The mode of a file to make, with a type where it has one.</summary>
    public static ArgumentKind NodeMode { get; } = In((text, slot) => text.Write(ModeText((ushort)text[slot])));

    /// <summary>Such as <c>makedev(0x1, 0x3)</c>.</summary>
    public static string DeviceText(ulong device)
    {
        ulong major = ((device >> 8) & 0xfff) | ((device >> 32) & ~0xffful), minor = (device & 0xff) | ((device >> 12) & 0xffffff00);
        static string Part(ulong value) => value == 0 ? "0" : $"0x{value:x}";
        return $"makedev({Part(major)}, {Part(minor & uint.MaxValue)})";
    }

    private static string Octal(uint value) => value == 0 ? "000" : ("0" + Convert.ToString(value, 8)).PadLeft(3, '0');

    private static void Abbreviated(CallText text, uint mode, ulong device, ulong size)
    {
        const uint character = 0x2000, block = 0x6000;
        string extent = (mode & TypeMask) is character or block ? $"st_rdev={DeviceText(device)}" : $"st_size={size}";
        text.Write($"{{st_mode={ModeText(mode)}, {extent}, ...}}");
    }

    private static void Describe(CallText text, StructureReader status, Func<ulong> count)
    {
        ulong type = status.Word(), blockSize = status.Word();
        text.Write($"{{f_type={FileWords.FileSystems.Find(type) ?? Hexadecimal(type)}, f_bsize={blockSize}, f_blocks={count()}, f_bfree={count()}, f_bavail={count()}")
            .Write($", f_files={count()}, f_ffree={count()}, f_fsid={{val=[{Hexadecimal(status.UInt32())}, {Hexadecimal(status.UInt32())}]}}")
            .Write($", f_namelen={status.Word()}, f_frsize={status.Word()}");
        const ulong valid = 0x20;
        ulong flags = status.Word();
        text.Write((flags & valid) == 0 ? "}" : $", f_flags={FileWords.FileSystemFlags.Format(flags)}}}");
    }

    private static string Hexadecimal(ulong value) => value == 0 ? "0" : $"0x{value:x}";

    private static void Entries(CallText text, int slot, int lengthOffset)
    {
        const int mostBytes = 1 << 20;
        int length = (int)Math.Min(Results.Word(text), mostBytes);
        text.Address(text[slot]);
        if (text.Read(text[slot], length) is not { } bytes)
        {
            if (length == 0)
                text.Write(" /* 0 entries */");
            return;
        }

        int count = 0, place = 0;
        while (place + lengthOffset + sizeof(ushort) <= length)
        {
            int size = BitConverter.ToUInt16(bytes, place + lengthOffset);
            if (size == 0)
                break;
            place += size;
            count++;
        }

        text.Write($" /* {count} entries */");
    }
}
