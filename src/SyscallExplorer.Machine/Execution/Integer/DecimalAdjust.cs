using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>
/// DAA, DAS, AAA, AAS, AAM, AAD and the undocumented SALC, none of which 64-bit mode has. SDM vol. 2A, each under its name. Flags that the
/// manual leaves undefined are left alone.
/// </summary>
internal static unsafe class DecimalAdjust
{
    private const int LastDigit = 9;
    private const int LastPackedPair = 0x99;

    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Daa, &Packed<AfterAddition>);
        table.One(Code.Das, &Packed<AfterSubtraction>);
        table.One(Code.Aaa, &Unpacked<AfterAddition>);
        table.One(Code.Aas, &Unpacked<AfterSubtraction>);
        table.One(Code.Aam_imm8, &AfterMultiplication);
        table.One(Code.Aad_imm8, &BeforeDivision);
        table.One(Code.Salc, &CarryIntoAl);
    }

    /// <summary>DAA and DAS: each digit of AL that is no decimal one, or has carried, is moved by 6.</summary>
    private static Outcome Packed<TDirection>(Processor cpu, Operation op) where TDirection : struct, IDirection
    {
        byte old = cpu.Register<byte>((int)Gpr.Rax);
        bool lowDigit = (old & 15) > LastDigit || (cpu.S.Rflags & Rflags.AF) != 0;
        bool highDigit = old > LastPackedPair || (cpu.S.Rflags & Rflags.CF) != 0;
        int adjustment = (lowDigit ? 6 : 0) + (highDigit ? 0x60 : 0);
        byte result = (byte)(old + TDirection.Sign * adjustment);

        // A borrow out of the low digit's step stays in CF after DAS; an addition that carries there always carries in the high digit too.
        bool carry = highDigit || (lowDigit && TDirection.Sign < 0 && old < 6);
        cpu.SetRegister((int)Gpr.Rax, result);
        Commit(cpu, Flags.OfResult(result), lowDigit, carry);
        return Outcome.Next;
    }

    /// <summary>AAA and AAS: the low digit of AL with a carry into AH, moved as one register of 16 bits.</summary>
    private static Outcome Unpacked<TDirection>(Processor cpu, Operation op) where TDirection : struct, IDirection
    {
        ushort old = cpu.Register<ushort>((int)Gpr.Rax);
        bool adjusted = (old & 15) > LastDigit || (cpu.S.Rflags & Rflags.AF) != 0;
        int result = adjusted ? old + TDirection.Sign * 0x106 : old;
        cpu.SetRegister((int)Gpr.Rax, (ushort)(result & 0xFF0F));
        cpu.S.Rflags = (cpu.S.Rflags & ~(Rflags.AF | Rflags.CF)) | (adjusted ? Rflags.AF | Rflags.CF : 0);
        return Outcome.Next;
    }

    /// <summary>AAM: AL is split into two digits of any base. Base 0 is #DE.</summary>
    private static Outcome AfterMultiplication(Processor cpu, Operation op)
    {
        byte radix = (byte)op.Immediate;
        if (radix == 0)
            return cpu.Raise(Vector.DivideError);
        (byte high, byte low) = Math.DivRem(cpu.Register<byte>((int)Gpr.Rax), radix);
        cpu.SetRegister((int)Gpr.Rax, (ushort)((high << 8) | low));
        SetResultFlags(cpu, low);
        return Outcome.Next;
    }

    /// <summary>AAD: two digits of any base are put together in AL.</summary>
    private static Outcome BeforeDivision(Processor cpu, Operation op)
    {
        ushort digits = cpu.Register<ushort>((int)Gpr.Rax);
        byte result = (byte)(digits + (digits >> 8) * (byte)op.Immediate);
        cpu.SetRegister((int)Gpr.Rax, (ushort)result);
        SetResultFlags(cpu, result);
        return Outcome.Next;
    }

    /// <summary>SALC: AL becomes all ones or zero by CF. No flags.</summary>
    private static Outcome CarryIntoAl(Processor cpu, Operation op)
    {
        cpu.SetRegister((int)Gpr.Rax, (byte)((cpu.S.Rflags & Rflags.CF) != 0 ? 0xFF : 0));
        return Outcome.Next;
    }

    private static void Commit(Processor cpu, ulong resultFlags, bool auxiliary, bool carry) =>
        cpu.S.Rflags = (cpu.S.Rflags & ~(Rflags.Arithmetic & ~Rflags.OF)) | resultFlags | (auxiliary ? Rflags.AF : 0) | (carry ? Rflags.CF : 0);

    private static void SetResultFlags(Processor cpu, byte result) =>
        cpu.S.Rflags = (cpu.S.Rflags & ~(Rflags.SF | Rflags.ZF | Rflags.PF)) | Flags.OfResult(result);

    private interface IDirection
    {
        static abstract int Sign { get; }
    }

    private readonly struct AfterAddition : IDirection
    {
        public static int Sign => 1;
    }

    private readonly struct AfterSubtraction : IDirection
    {
        public static int Sign => -1;
    }
}
