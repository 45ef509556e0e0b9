using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>RDPMC and AMD's RDPRU. SDM vol. 2B, RDPMC; APM vol. 3, RDPRU.</summary>
internal static unsafe class PerformanceCounters
{
    private const uint MperfRegister = 0;
    private const uint AperfRegister = 1;

    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Rdpmc, &Rdpmc);
        table.One(Code.Rdpru, &Rdpru);
    }

    /// <summary>No model has a performance counter, so that every number is one of a counter that is not there: #GP(0) at any level.</summary>
    private static Outcome Rdpmc(Processor cpu, Operation op) => cpu.GeneralProtection();

    /// <summary>CR4.TSD keeps it from user mode with #UD. A register that does not exist reads as zero.</summary>
    private static Outcome Rdpru(Processor cpu, Operation op)
    {
        if (cpu.Cpl != 0 && (cpu.S.Cr4 & Cr4.TSD) != 0)
            return cpu.Raise(Vector.InvalidOpcode);
        ulong value = (uint)cpu.S.Gpr[(int)Gpr.Rcx] switch
        {
            MperfRegister => cpu.ReadTsc() - cpu.S.TscOffset,
            AperfRegister => (ulong)(cpu.S.Clock >> 8),
            _ => 0,
        };
        cpu.S.Gpr[(int)Gpr.Rax] = (uint)value;
        cpu.S.Gpr[(int)Gpr.Rdx] = value >> 32;
        return Outcome.Next;
    }
}
