namespace SyscallExplorer.Linux;

/// <summary>How results are written that are no errors.</summary>
internal static class Results
{
    public static void Decimal(CallText text) => text.Number(Signed(text));

    /// <summary>An unsigned number of 64 bits.</summary>
    public static void Unsigned(CallText text) => text.Number(Word(text));

    /// <summary>An address.</summary>
    public static void Hexadecimal(CallText text) => text.Write(Word(text) == 0 ? "0" : $"0x{Word(text):x}");

    /// <summary>A mask of permissions.</summary>
    public static void Octal(CallText text) => text.Octal(Word(text));

    /// <summary>A number, and behind it in brackets what it tells.</summary>
    public static Action<CallText> Noted(Action<CallText> number, Func<CallText, string?> note) => text =>
    {
        number(text);
        if (note(text) is { } words)
            text.Write($" ({words})");
    };

    /// <summary>The result as an unsigned word of the caller.</summary>
    public static ulong Word(CallText text) => text.IsCompat ? (uint)(text.Result ?? 0) : (ulong)(text.Result ?? 0);

    private static long Signed(CallText text) => text.IsCompat ? (int)(text.Result ?? 0) : text.Result ?? 0;
}
