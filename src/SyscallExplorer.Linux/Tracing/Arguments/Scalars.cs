using static SyscallExplorer.Linux.ArgumentKind;

namespace SyscallExplorer.Linux;

/// <summary>Arguments that are what their register holds.</summary>
internal static class Scalars
{
    private const int CurrentDirectory = -100;

    /// <summary>An int, such as a file descriptor or a process.</summary>
    public static ArgumentKind Int { get; } = In((text, slot) => text.Number(text.Int(slot)));

    /// <summary>An unsigned int.</summary>
    public static ArgumentKind UInt { get; } = In((text, slot) => text.Number((ulong)text.UInt(slot)));

    /// <summary>A <c>size_t</c> or an unsigned long.</summary>
    public static ArgumentKind Size { get; } = In((text, slot) => text.Number(text[slot]));

    /// <summary>A long.</summary>
    public static ArgumentKind Long { get; } = In((text, slot) => text.Number(text.Long(slot)));

    /// <summary>A file offset of 64 bits, which takes two registers in a 32-bit call.</summary>
    public static ArgumentKind Wide { get; } = In((text, slot) => text.Number((long)text.Wide(slot))).Taking(1, 2);

    /// <summary>A size of 64 bits, which takes two registers in a 32-bit call.</summary>
    public static ArgumentKind WideSize { get; } = In((text, slot) => text.Number(text.Wide(slot))).Taking(1, 2);

    /// <summary>A file offset in two halves, which 64-bit calls have too.</summary>
    public static ArgumentKind Halves { get; } = Wide.Taking(2, 2);

    /// <summary>A directory that relative paths start from.</summary>
    public static ArgumentKind StartDirectory { get; } =
        In((text, slot) => text.Write(text.Int(slot) == CurrentDirectory ? "AT_FDCWD" : $"{text.Int(slot)}"));

    /// <summary>An address that nothing is read from.</summary>
    public static ArgumentKind Address { get; } = In((text, slot) => text.Address(text[slot]));

    /// <summary>A number in hexadecimal.</summary>
    public static ArgumentKind Hexadecimal { get; } = In((text, slot) => text.Hexadecimal(text[slot]));

    /// <summary>An unsigned int in hexadecimal.</summary>
    public static ArgumentKind Hexadecimal32 { get; } = In((text, slot) => text.Hexadecimal(text.UInt(slot)));

    /// <summary>Permissions.</summary>
    public static ArgumentKind Mode { get; } = In((text, slot) => text.Octal((ushort)text[slot]));

    /// <summary>A user or a group; all ones mean that it stays as it is.</summary>
    public static ArgumentKind User { get; } = In((text, slot) => text.User(text.UInt(slot)));

    /// <summary>A user or a group of 16 bits.</summary>
    public static ArgumentKind ShortUser { get; } = In((text, slot) => text.ShortUser((ushort)text[slot]));

    /// <summary>A signal.</summary>
    public static ArgumentKind Signal { get; } = In((text, slot) => text.Write(SignalWords.Name(text.Int(slot))));

    /// <summary>A device.</summary>
    public static ArgumentKind Device { get; } = In((text, slot) => text.Write(FileStatusArguments.DeviceText(text.UInt(slot))));

    /// <summary>Flags in an int.</summary>
    public static ArgumentKind Flags(FlagNames names) => In((text, slot) => text.Write(names.Format(text.UInt(slot))));

    /// <summary>Flags in a word.</summary>
    public static ArgumentKind WordFlags(FlagNames names) => In((text, slot) => text.Write(names.Format(text[slot])));

    /// <summary>One of several values in an int.</summary>
    public static ArgumentKind Value(ValueNames names) => In((text, slot) => text.Write(names.Format(text.UInt(slot))));

    /// <summary>One of several values in a word.</summary>
    public static ArgumentKind WordValue(ValueNames names) => In((text, slot) => text.Write(names.Format(text[slot])));

    /// <summary>Flags for which a formula stands.</summary>
    public static ArgumentKind Formula(Func<uint, string> format) => In((text, slot) => text.Write(format(text.UInt(slot))));
}
