namespace SyscallExplorer.Linux;

/// <summary>Offsets in bytes of <c>struct pt_regs</c> on x86-64. arch/x86/include/asm/ptrace.h of every version gives the order.</summary>
public static class PtRegsOffsets
{
    /// <summary>R15.</summary>
    public const int R15 = 0;

    /// <summary>R14.</summary>
    public const int R14 = 8;

    /// <summary>R13.</summary>
    public const int R13 = 16;

    /// <summary>R12.</summary>
    public const int R12 = 24;

    /// <summary>RBP.</summary>
    public const int Bp = 32;

    /// <summary>RBX.</summary>
    public const int Bx = 40;

    /// <summary>R11.</summary>
    public const int R11 = 48;

    /// <summary>R10.</summary>
    public const int R10 = 56;

    /// <summary>R9.</summary>
    public const int R9 = 64;

    /// <summary>R8.</summary>
    public const int R8 = 72;

    /// <summary>RAX: the result.</summary>
    public const int Ax = 80;

    /// <summary>RCX.</summary>
    public const int Cx = 88;

    /// <summary>RDX.</summary>
    public const int Dx = 96;

    /// <summary>RSI.</summary>
    public const int Si = 104;

    /// <summary>RDI.</summary>
    public const int Di = 112;

    /// <summary>The system-call number, an error code, or -1.</summary>
    public const int OrigAx = 120;

    /// <summary>RIP.</summary>
    public const int Ip = 128;

    /// <summary>CS.</summary>
    public const int Cs = 136;

    /// <summary>RFLAGS.</summary>
    public const int Flags = 144;

    /// <summary>RSP.</summary>
    public const int Sp = 152;

    /// <summary>SS.</summary>
    public const int Ss = 160;

    /// <summary>Bytes of the structure.</summary>
    public const int Size = 168;
}

/// <summary>The registers of a program as the kernel saved them on its stack.</summary>
/// <param name="Address">Linear address of the structure.</param>
/// <param name="Words">Its 21 words in the order of memory.</param>
public sealed record PtRegs(ulong Address, IReadOnlyList<ulong> Words)
{
    /// <summary>The fields' names in the order of memory.</summary>
    public static IReadOnlyList<string> FieldNames { get; } =
    [
        "r15", "r14", "r13", "r12", "bp", "bx", "r11", "r10", "r9", "r8", "ax", "cx", "dx", "si", "di", "orig_ax", "ip", "cs", "flags", "sp", "ss",
    ];

    /// <summary>The word at an offset of <see cref="PtRegsOffsets"/>.</summary>
    public ulong this[int offset] => Words[offset / 8];

    /// <summary>Name, offset in bytes and value of each field.</summary>
    public IEnumerable<(string Name, int Offset, ulong Value)> Fields => FieldNames.Select((name, index) => (name, index * 8, Words[index]));
}
