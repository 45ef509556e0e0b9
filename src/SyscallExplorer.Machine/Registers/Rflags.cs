namespace SyscallExplorer.Machine;

/// <summary>Bits of RFLAGS. SDM vol. 1, 3.4.3.</summary>
public static class Rflags
{
    /// <summary>Carry flag.</summary>
    public const ulong CF = 1ul << 0;

    /// <summary>Bit 1, which always reads as one.</summary>
    public const ulong Fixed = 1ul << 1;

    /// <summary>Parity flag.</summary>
    public const ulong PF = 1ul << 2;

    /// <summary>Auxiliary carry flag.</summary>
    public const ulong AF = 1ul << 4;

    /// <summary>Zero flag.</summary>
    public const ulong ZF = 1ul << 6;

    /// <summary>Sign flag.</summary>
    public const ulong SF = 1ul << 7;

    /// <summary>Trap flag: single-step.</summary>
    public const ulong TF = 1ul << 8;

    /// <summary>Interrupt enable flag.</summary>
    public const ulong IF = 1ul << 9;

    /// <summary>Direction flag.</summary>
    public const ulong DF = 1ul << 10;

    /// <summary>Overflow flag.</summary>
    public const ulong OF = 1ul << 11;

    /// <summary>I/O privilege level, two bits.</summary>
    public const ulong IOPL = 3ul << 12;

    /// <summary>Nested task flag.</summary>
    public const ulong NT = 1ul << 14;

    /// <summary>Resume flag.</summary>
    public const ulong RF = 1ul << 16;

    /// <summary>Virtual-8086 mode flag.</summary>
    public const ulong VM = 1ul << 17;

    /// <summary>Alignment check, and access control under SMAP.</summary>
    public const ulong AC = 1ul << 18;

    /// <summary>Virtual interrupt flag.</summary>
    public const ulong VIF = 1ul << 19;

    /// <summary>Virtual interrupt pending flag.</summary>
    public const ulong VIP = 1ul << 20;

    /// <summary>CPUID is available when software can change this flag.</summary>
    public const ulong ID = 1ul << 21;

    /// <summary>The flags that arithmetic writes: CF, PF, AF, ZF, SF, OF.</summary>
    public const ulong Arithmetic = CF | PF | AF | ZF | SF | OF;

    /// <summary>Every flag that exists; the other bits are reserved.</summary>
    public const ulong All = Arithmetic | Fixed | TF | IF | DF | IOPL | NT | RF | VM | AC | VIF | VIP | ID;
}
