using System.Collections.Immutable;
using static SyscallExplorer.Linux.ArgumentKind;

namespace SyscallExplorer.Linux;

/// <summary>What the command of an <c>fcntl</c> makes of its third argument.</summary>
internal static class DescriptorArguments
{
    private static readonly ArgumentKind s_command = Scalars.Value(FileWords.Fcntl);
    private static readonly ArgumentKind s_openFlags = In((text, slot) => text.Write(FileWords.OpenFlags(text.UInt(slot))));

    /// <summary>The arguments by the command.</summary>
    public static ImmutableArray<ArgumentKind> Choose(CallText text)
    {
        bool wideLocks = !text.IsCompat;
        ArgumentKind? third = FileWords.Fcntl.Find(text.UInt(1)) switch
        {
            "F_DUPFD" or "F_DUPFD_CLOEXEC" or "F_SETPIPE_SZ" => Scalars.Size,
            "F_SETOWN" => Scalars.Int,
            "F_SETFD" => Scalars.Flags(FileWords.DescriptorFlags),
            "F_SETFL" => s_openFlags,
            "F_SETLK" or "F_SETLKW" => Lock(wideLocks),
            "F_GETLK" => OutLock(wideLocks),
            "F_SETLK64" or "F_SETLKW64" or "F_OFD_SETLK" or "F_OFD_SETLKW" => Lock(wide: true),
            "F_GETLK64" or "F_OFD_GETLK" => OutLock(wide: true),
            "F_SETOWN_EX" => InStructure(_ => 8, WriteOwner),
            "F_GETOWN_EX" => OutStructure(_ => 8, WriteOwner),
            "F_SETSIG" => Scalars.Signal,
            "F_SETLEASE" => Scalars.Value(FileWords.LockTypes),
            "F_NOTIFY" => Scalars.Flags(FileWords.Notify),
            "F_ADD_SEALS" => Scalars.Flags(FileWords.Seals),
            "F_GETFD" or "F_GETFL" or "F_GETOWN" or "F_GETSIG" or "F_GETLEASE" or "F_GETPIPE_SZ" or "F_GET_SEALS" => null,
            _ => Scalars.Hexadecimal,
        };
        return third is null ? [Scalars.Int, s_command] : [Scalars.Int, s_command, third];
    }

    /// <summary>What the result of an <c>fcntl</c> is.</summary>
    public static void WriteResult(CallText text)
    {
        ulong result = Results.Word(text);
        switch (FileWords.Fcntl.Find(text.UInt(1)))
        {
            case "F_GETFD" when result != 0:
                text.Hexadecimal(result).Write($" (flags {FileWords.DescriptorFlags.Format(result)})");
                break;
            case "F_GETFL":
                text.Hexadecimal(result).Write($" (flags {FileWords.OpenFlags(result)})");
                break;
            case "F_GETLEASE":
                text.Hexadecimal(result).Write($" ({FileWords.LockTypes.Format(result)})");
                break;
            case "F_GETSIG" when result != 0:
                text.Number(result).Write($" ({SignalWords.Name((long)result)})");
                break;
            case "F_GET_SEALS" when result != 0:
                text.Hexadecimal(result).Write($" (seals {FileWords.Seals.Format(result)})");
                break;
            default:
                Results.Decimal(text);
                break;
        }
    }

    private static ArgumentKind Lock(bool wide) => InStructure(_ => LockSize(wide), (text, area) => WriteLock(text, area, wide, owner: false));

    private static ArgumentKind OutLock(bool wide) => AtExit((text, slot) =>
    {
        if (text.Structure(text[slot], LockSize(wide)) is { } area && !text.Failed)
            WriteLock(text, area, wide, owner: true);
        else
            text.Address(text[slot]);
    });

    private static void WriteOwner(CallText text, StructureReader owner) =>
        text.Write($"{{type={FileWords.Owners.Format(owner.UInt32())}, pid={owner.Int32()}}}");

    // struct flock of 64-bit calls is aligned to 8; flock64 of 32-bit calls is packed to 4.
    private static int LockSize(bool wide) => wide ? 32 : 16;

    private static void WriteLock(CallText text, StructureReader area, bool wide, bool owner)
    {
        ushort type = area.UInt16(), whence = area.UInt16();
        if (!text.IsCompat)
            area.Skip(4);
        long start = area.Signed(wide), length = area.Signed(wide);
        text.Write($"{{l_type={FileWords.LockTypes.Format(type)}, l_whence={FileWords.Whence.Format(whence)}, l_start={start}, l_len={length}");
        text.Write(owner ? $", l_pid={area.Int32()}}}" : "}");
    }
}
