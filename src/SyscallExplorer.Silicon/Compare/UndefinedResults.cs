using Iced.Intel;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Silicon;

/// <summary>What an instruction may leave behind as it likes.</summary>
/// <param name="Flags">Bits of RFLAGS.</param>
/// <param name="StatusWord">Bits of FSW.</param>
/// <param name="Register">The general register whose result is open, if <paramref name="RegisterMask"/> is not zero.</param>
/// <param name="RegisterMask">Its open bits.</param>
internal readonly record struct UndefinedParts(ulong Flags, ushort StatusWord, int Register, ulong RegisterMask);

/// <summary>What the manuals leave undefined: flags by the decoder's tables, the rest by a table of its own.</summary>
internal static class UndefinedResults
{
    private static readonly (RflagsBits Bit, ulong Flag)[] FlagBits =
    [
        (RflagsBits.CF, Rflags.CF), (RflagsBits.PF, Rflags.PF), (RflagsBits.AF, Rflags.AF), (RflagsBits.ZF, Rflags.ZF), (RflagsBits.SF, Rflags.SF), (RflagsBits.OF, Rflags.OF),
    ];

    private static readonly (RflagsBits Bit, ushort Condition)[] ConditionBits =
        [(RflagsBits.C0, 1 << 8), (RflagsBits.C1, 1 << 9), (RflagsBits.C2, 1 << 10), (RflagsBits.C3, 1 << 14)];

    /// <summary>What is open after an instruction that was executed.</summary>
    public static UndefinedParts Of(in Instruction instruction, in CaseInput input)
    {
        RflagsBits undefined = instruction.RflagsUndefined;
        ulong flags = 0;
        ushort conditions = 0;
        if (undefined != RflagsBits.None)
        {
            foreach ((RflagsBits bit, ulong flag) in FlagBits)
                flags |= (undefined & bit) != 0 ? flag : 0;
            foreach ((RflagsBits bit, ushort condition) in ConditionBits)
                conditions |= (undefined & bit) != 0 ? condition : (ushort)0;
        }

        switch (instruction.Mnemonic)
        {
            // A count that is not known when the instruction is decoded: OF is defined for 1 only. SDM vol. 2B, RCL/RCR/ROL/ROR and SAL/SAR/SHL/SHR.
            case Mnemonic.Rcl or Mnemonic.Rcr or Mnemonic.Rol or Mnemonic.Ror or Mnemonic.Shl or Mnemonic.Sal or Mnemonic.Shr or Mnemonic.Sar
                when Count(instruction, input, 1) > 1:
                flags |= Rflags.OF;
                break;

            // A count above the operand's width leaves the destination and the flags undefined. SDM vol. 2B, SHLD and SHRD.
            case Mnemonic.Shld or Mnemonic.Shrd when Count(instruction, input, 2) is var count && count > 1:
                flags |= Rflags.OF | Rflags.AF;
                if (count > 16 && instruction.Op1Register.GetSize() == 2)
                    return new UndefinedParts(Rflags.Arithmetic, 0, instruction.Op0Kind == OpKind.Register ? instruction.Op0Register.GetFullRegister().GetNumber() : -1, 0xFFFF);
                break;

            // The 16-bit form is undefined. SDM vol. 2A, BSWAP.
            case Mnemonic.Bswap when instruction.Op0Register.GetSize() == 2:
                return new UndefinedParts(flags, 0, instruction.Op0Register.GetFullRegister().GetNumber(), 0xFFFF);
        }

        return new UndefinedParts(flags, conditions, -1, 0);
    }

    private static int Count(in Instruction instruction, in CaseInput input, int operand)
    {
        int mask = instruction.Op0Kind == OpKind.Register && instruction.Op0Register.GetSize() == 8 || instruction.MemorySize is MemorySize.UInt64 or MemorySize.Int64 ? 63 : 31;
        if (instruction.GetOpKind(operand) == OpKind.Register)
            return (int)input[Gpr.Rcx] & mask;
        return (int)instruction.GetImmediate(operand) & mask;
    }
}
