namespace SyscallExplorer.Linux;

/// <summary>Registers of a program with some of them changed.</summary>
internal static class PtRegsEdits
{
    /// <summary>The registers with other words at some offsets of <see cref="PtRegsOffsets"/>.</summary>
    public static PtRegs With(this PtRegs registers, params (int Offset, ulong Value)[] changes)
    {
        ulong[] words = [.. registers.Words];
        foreach ((int offset, ulong value) in changes)
            words[offset / sizeof(ulong)] = value;
        return registers with { Words = words };
    }
}
