namespace SyscallExplorer.Machine;

/// <summary>The bytes that may stand before an opcode. SDM vol. 2A, 2.1.1 and 2.2.1.</summary>
internal static class InstructionPrefixes
{
    /// <summary>The prefixes of every mode: segments, operand and address size, LOCK, REPNE and REP.</summary>
    public static ReadOnlySpan<byte> Legacy => [0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3];

    /// <summary>Whether a byte is one of them.</summary>
    public static bool IsLegacy(byte value) => Legacy.Contains(value);

    /// <summary>Where the opcode stands. A REX prefix may be followed by others, which make it count for nothing.</summary>
    public static int Skip(ReadOnlySpan<byte> bytes, int bitness)
    {
        int opcode = 0;
        while (opcode < bytes.Length && (IsLegacy(bytes[opcode]) || (bitness == 64 && (bytes[opcode] & 0xF0) == 0x40)))
            opcode++;
        return opcode;
    }
}
