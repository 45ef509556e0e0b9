using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>CLC, STC, CMC, CLD, STD, LAHF, SAHF. SDM vol. 2A and 2B.</summary>
internal static unsafe class FlagMoves
{
    private const ulong InAh = Rflags.SF | Rflags.ZF | Rflags.AF | Rflags.PF | Rflags.CF;

    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Clc, &ClearCarry);
        table.One(Code.Stc, &SetCarry);
        table.One(Code.Cmc, &ComplementCarry);
        table.One(Code.Cld, &ClearDirection);
        table.One(Code.Std, &SetDirection);
        table.One(Code.Lahf, &LoadIntoAh);
        table.One(Code.Sahf, &StoreFromAh);
    }

    private static Outcome ClearCarry(Processor cpu, Operation op) => Change(cpu, Rflags.CF, 0);

    private static Outcome SetCarry(Processor cpu, Operation op) => Change(cpu, Rflags.CF, Rflags.CF);

    private static Outcome ComplementCarry(Processor cpu, Operation op) => Change(cpu, Rflags.CF, ~cpu.S.Rflags & Rflags.CF);

    private static Outcome ClearDirection(Processor cpu, Operation op) => Change(cpu, Rflags.DF, 0);

    private static Outcome SetDirection(Processor cpu, Operation op) => Change(cpu, Rflags.DF, Rflags.DF);

    private static Outcome LoadIntoAh(Processor cpu, Operation op)
    {
        if (!IsAvailable(cpu))
            return cpu.Raise(Vector.InvalidOpcode);
        ref ulong rax = ref cpu.S.Gpr[(int)Gpr.Rax];
        rax = (rax & ~0xFF00ul) | (((cpu.S.Rflags & InAh) | Rflags.Fixed) << 8);
        return Outcome.Next;
    }

    private static Outcome StoreFromAh(Processor cpu, Operation op) =>
        IsAvailable(cpu) ? Change(cpu, InAh, (cpu.S.Gpr[(int)Gpr.Rax] >> 8) & InAh) : cpu.Raise(Vector.InvalidOpcode);

    private static bool IsAvailable(Processor cpu) => !cpu.Is64Bit || cpu.Model.Has(CpuFeature.LahfLm);

    private static Outcome Change(Processor cpu, ulong mask, ulong value)
    {
        cpu.S.Rflags = (cpu.S.Rflags & ~mask) | value;
        return Outcome.Next;
    }
}
