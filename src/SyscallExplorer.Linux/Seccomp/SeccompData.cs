using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>What a filter sees of a call: <c>struct seccomp_data</c>, as the words that its loads read.</summary>
/// <param name="Number">The call's number.</param>
/// <param name="Architecture">AUDIT_ARCH_ of the interface that it came by.</param>
/// <param name="Address">The instruction behind the call.</param>
/// <param name="Arguments">Six arguments.</param>
internal sealed record SeccompData(int Number, uint Architecture, ulong Address, ImmutableArray<ulong> Arguments)
{
    /// <summary>Bytes of the structure.</summary>
    public const int Size = 64;

    private const int AddressWord = 2, ArgumentWords = 4;

    /// <summary>The call that registers tell of.</summary>
    public static SeccompData Of(PtRegs registers, bool compat)
    {
        var arguments = new SyscallArguments(registers, compat);
        return new SeccompData(
            arguments.Number, compat ? AuditArchitecture.I386 : AuditArchitecture.X86_64, registers[PtRegsOffsets.Ip],
            [.. Enumerable.Range(0, 6).Select(index => arguments[index])]);
    }

    /// <summary>The word at an offset that is a multiple of four.</summary>
    public uint WordAt(uint offset)
    {
        uint word = offset / sizeof(uint);
        ulong pair = word < AddressWord ? (uint)Number | ((ulong)Architecture << 32)
            : word < ArgumentWords ? Address
            : Arguments[(int)(word - ArgumentWords) / 2];
        return (uint)(pair >> (word % 2 == 0 ? 0 : 32));
    }
}

/// <summary>AUDIT_ARCH_ values: which interface a call came by. include/uapi/linux/audit.h.</summary>
internal static class AuditArchitecture
{
    public const uint I386 = 0x4000_0003;
    public const uint X86_64 = 0xC000_003E;
}
