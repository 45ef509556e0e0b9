using System.Runtime.CompilerServices;

namespace SyscallExplorer.Machine;

/// <summary>R0 to R7, the physical registers; ST(i) is R((TOP+i) mod 8).</summary>
[InlineArray(8)]
internal struct X87Registers
{
    private ExtendedReal _first;
}

/// <summary>The x87 FPU. SDM vol. 1, 8.1.</summary>
internal partial struct X87State
{
    public X87Registers Registers;

    /// <summary>FCW.</summary>
    public ushort Control;

    /// <summary>FSW, with TOP in bits 13:11.</summary>
    public ushort Status;

    /// <summary>One bit for each physical register that is not empty: the abridged tag word of FXSAVE.</summary>
    public byte Valid;

    /// <summary>FOP: the low 11 bits of the last non-control instruction's opcode.</summary>
    public ushort Opcode;

    /// <summary>FIP.</summary>
    public ulong InstructionPointer;

    /// <summary>FCS.</summary>
    public ushort InstructionSelector;

    /// <summary>FDP.</summary>
    public ulong DataPointer;

    /// <summary>FDS.</summary>
    public ushort DataSelector;

    /// <summary>Bits of <see cref="Opcode"/>.</summary>
    public const ushort OpcodeMask = 0x7FF;

    /// <summary>As FNINIT leaves it, with registers of zero.</summary>
    public static X87State Initial => new() { Control = X87Control.Initial };

    /// <summary>TOP: the physical register that is ST(0).</summary>
    public readonly int Top => (Status >> X87Status.TopShift) & 7;

    /// <summary>Whether everything is as FNINIT and zero registers leave it (XINUSE[0] = 0). SDM vol. 1, 13.6.</summary>
    public readonly bool IsInitial
    {
        get
        {
            if (Control != X87Control.Initial || Status != 0 || Valid != 0 || Opcode != 0 || InstructionPointer != 0 || InstructionSelector != 0
                || DataPointer != 0 || DataSelector != 0)
            {
                return false;
            }

            for (int i = 0; i < 8; i++)
            {
                if (Registers[i] != default)
                    return false;
            }

            return true;
        }
    }
}

/// <summary>The x87 control word. SDM vol. 1, 8.1.5.</summary>
internal static class X87Control
{
    /// <summary>The value after FNINIT: every exception masked, 64-bit significands, rounding to nearest.</summary>
    public const ushort Initial = 0x037F;

    /// <summary>The bits that a load can set: masks, precision, rounding and the infinity bit of the 80287.</summary>
    public const ushort Writable = 0x1F3F;

    /// <summary>Bit 6, which reads as one.</summary>
    public const ushort Fixed = 0x40;
}

/// <summary>Bits of the x87 status word. SDM vol. 1, 8.1.3.</summary>
internal static class X87Status
{
    /// <summary>Exception summary: an unmasked exception is pending.</summary>
    public const ushort ES = 1 << 7;

    /// <summary>Busy; mirrors ES.</summary>
    public const ushort B = 1 << 15;

    /// <summary>Condition code 0: below, or bit 2 of a partial remainder's quotient.</summary>
    public const ushort C0 = 1 << 8;

    /// <summary>Condition code 1: a rounding upwards, or a stack that was full and not empty; bit 0 of the quotient.</summary>
    public const ushort C1 = 1 << 9;

    /// <summary>Condition code 2: unordered, or a reduction that is not finished.</summary>
    public const ushort C2 = 1 << 10;

    /// <summary>Condition code 3: equal, or bit 1 of the quotient.</summary>
    public const ushort C3 = 1 << 14;

    /// <summary>C0, C2 and C3: what a comparison answers.</summary>
    public const ushort Comparison = C0 | C2 | C3;

    /// <summary>Stack fault.</summary>
    public const ushort SF = 1 << 6;

    /// <summary>The exceptions IE to PE, in the order of their masks in the control word.</summary>
    public const ushort Exceptions = 0x3F;

    /// <summary>A status word whose ES and B say whether an exception in it is unmasked.</summary>
    public static ushort WithSummary(ushort status, ushort control) =>
        (ushort)((status & ~(ES | B)) | ((status & ~control & Exceptions) != 0 ? ES | B : 0));

    /// <summary>Position of TOP.</summary>
    public const int TopShift = 11;
}
