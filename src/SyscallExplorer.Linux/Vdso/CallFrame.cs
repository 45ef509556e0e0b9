namespace SyscallExplorer.Linux;

/// <summary>Encodes call-frame instructions. DWARF 4, 6.4.2 and 7.23.</summary>
internal static class CallFrame
{
    private const byte AdvanceLocation = 0x40, Offset = 0x80, Restore = 0xC0, AdvanceLocation1 = 0x02;
    private const byte DefineCfaOffset = 0x0E, DefineCfaExpression = 0x0F, Expression = 0x10;
    private const byte BaseRegister = 0x70, Dereference = 0x06;

    /// <summary>What follows holds a number of bytes further on.</summary>
    public static IEnumerable<byte> Advance(int bytes)
    {
        const int shortest = 0x40;
        for (; bytes > byte.MaxValue; bytes -= byte.MaxValue)
        {
            yield return AdvanceLocation1;
            yield return byte.MaxValue;
        }

        if (bytes is > 0 and < shortest)
            yield return (byte)(AdvanceLocation | bytes);
        else if (bytes > 0)
            foreach (byte part in (byte[])[AdvanceLocation1, (byte)bytes])
                yield return part;
    }

    /// <summary>The caller's stack pointer is the stack pointer and this.</summary>
    public static IEnumerable<byte> CfaOffset(int bytes) => [DefineCfaOffset, .. Unsigned((uint)bytes)];

    /// <summary>A register is saved a number of words below the caller's stack pointer.</summary>
    public static IEnumerable<byte> Saved(int register, int words) => [(byte)(Offset | register), .. Unsigned((uint)words)];

    /// <summary>A register has its value again.</summary>
    public static IEnumerable<byte> Restored(int register) => [(byte)(Restore | register)];

    /// <summary>The caller's stack pointer stands in memory at the stack pointer and this.</summary>
    public static IEnumerable<byte> CfaAt(int stackPointer, int displacement)
    {
        byte[] block = [(byte)(BaseRegister | stackPointer), .. Signed(displacement), Dereference];
        return [DefineCfaExpression, .. Unsigned((uint)block.Length), .. block];
    }

    /// <summary>A register stands in memory at the stack pointer and this.</summary>
    public static IEnumerable<byte> SavedAt(int register, int stackPointer, int displacement)
    {
        byte[] block = [(byte)(BaseRegister | stackPointer), .. Signed(displacement)];
        return [Expression, .. Unsigned((uint)register), .. Unsigned((uint)block.Length), .. block];
    }

    public static IEnumerable<byte> Unsigned(uint value)
    {
        for (; value >= 0x80; value >>= 7)
            yield return (byte)(value | 0x80);
        yield return (byte)value;
    }

    public static IEnumerable<byte> Signed(int value)
    {
        while (true)
        {
            byte part = (byte)(value & 0x7F);
            value >>= 7;
            bool isLast = (value == 0 && (part & 0x40) == 0) || (value == -1 && (part & 0x40) != 0);
            yield return (byte)(isLast ? part : part | 0x80);
            if (isLast)
                yield break;
        }
    }
}
