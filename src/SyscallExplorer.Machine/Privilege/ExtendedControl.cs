using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>XGETBV and XSETBV. SDM vol. 2C and 2D, each under its name; vol. 1, 13.3.</summary>
internal static unsafe class ExtendedControl
{
    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Xgetbv, &Xgetbv);
        table.One(Code.Xsetbv, &Xsetbv);
    }

    /// <summary>ECX = 1 gives the components that are in use, where the model has that.</summary>
    private static Outcome Xgetbv(Processor cpu, Operation op)
    {
        if ((cpu.Ready & ExecutionUnits.Xsave) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Xsave);
        uint register = (uint)cpu.S.Gpr[(int)Gpr.Rcx];
        if (register > (cpu.Model.Has(CpuFeature.Xgetbv1) ? 1u : 0u))
            return cpu.GeneralProtection();
        ulong value = register == 0 ? cpu.S.Xcr0 : cpu.S.Xcr0 & XsaveImage.InUse(cpu);
        cpu.S.Gpr[(int)Gpr.Rax] = (uint)value;
        cpu.S.Gpr[(int)Gpr.Rdx] = value >> 32;
        return Outcome.Next;
    }

    private static Outcome Xsetbv(Processor cpu, Operation op)
    {
        if ((cpu.Ready & ExecutionUnits.Xsave) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Xsave);
        ulong value = (uint)cpu.S.Gpr[(int)Gpr.Rax] | (cpu.S.Gpr[(int)Gpr.Rdx] << 32);
        if (cpu.Cpl != 0 || (uint)cpu.S.Gpr[(int)Gpr.Rcx] != 0 || !StateComponents.IsLegal(cpu.Model, value))
            return cpu.GeneralProtection();
        cpu.S.Xcr0 = value;
        cpu.RefreshUnits();
        return Outcome.Resync;
    }
}
