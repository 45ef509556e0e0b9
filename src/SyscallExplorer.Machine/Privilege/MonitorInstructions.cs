using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>
/// MONITOR, MWAIT and AMD's MONITORX and MWAITX. SDM vol. 2B, MONITOR and MWAIT; APM vol. 3, MONITORX and MWAITX. The wait may end for any
/// reason of the processor's own, and here it ends at once.
/// </summary>
internal static unsafe class MonitorInstructions
{
    private const ulong BreakOnInterrupt = 1;
    private const ulong UseTimer = 2;

    public static void Register(InstructionTableBuilder table)
    {
        table.Every(Mnemonic.Monitor, &Monitor);
        table.Every(Mnemonic.Mwait, &Mwait);
        table.Every(Mnemonic.Monitorx, &Monitorx);
        table.Every(Mnemonic.Mwaitx, &Mwaitx);
    }

    private static Outcome Monitor(Processor cpu, Operation op) => IsEnabled(cpu) ? Arm(cpu, op) : cpu.Raise(Vector.InvalidOpcode);

    private static Outcome Mwait(Processor cpu, Operation op) => IsEnabled(cpu) ? Wait(cpu, BreakOnInterrupt) : cpu.Raise(Vector.InvalidOpcode);

    private static Outcome Monitorx(Processor cpu, Operation op) => Arm(cpu, op);

    private static Outcome Mwaitx(Processor cpu, Operation op) => Wait(cpu, BreakOnInterrupt | UseTimer);

    /// <summary>Ring 0 only, and #UD elsewhere, not #GP.</summary>
    private static bool IsEnabled(Processor cpu) => cpu.Cpl == 0 && cpu.IsMonitorEnabled;

    /// <summary>The address is checked as that of a load. There are no extensions, so that ECX must be 0.</summary>
    private static Outcome Arm(Processor cpu, Operation op)
    {
        if (Extensions(cpu) != 0)
            return cpu.GeneralProtection();
        return cpu.ReadSegment(op.Segment, AddressSize.Read(cpu, op, Gpr.Rax), out byte _) ? Outcome.Next : Outcome.Fault;
    }

    private static Outcome Wait(Processor cpu, ulong known) => (Extensions(cpu) & ~known) == 0 ? Outcome.Next : cpu.GeneralProtection();

    private static ulong Extensions(Processor cpu) => cpu.Is64Bit ? cpu.S.Gpr[(int)Gpr.Rcx] : (uint)cpu.S.Gpr[(int)Gpr.Rcx];
}
