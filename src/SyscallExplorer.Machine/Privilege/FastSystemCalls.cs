using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>
/// SYSCALL, SYSRET, SYSENTER and SYSEXIT. SDM vol. 2B, each under its name; APM vol. 3, each under its name. Segment registers are
/// loaded with fixed attributes; no descriptor is read.
/// </summary>
internal static unsafe class FastSystemCalls
{
    /// <summary>The bits of R11 that SYSRET takes into RFLAGS: all but RF, VM and the reserved ones.</summary>
    private const ulong SysretFlags = 0x3C7FD7;

    /// <summary>Vectors of events of type 7. SDM vol. 2B, SYSCALL and SYSENTER.</summary>
    private const byte FredSyscallVector = 1;
    private const byte FredSysenterVector = 2;

    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Syscall, &Syscall);
        table.One(Code.Sysretd, &Sysret32);
        table.One(Code.Sysretq, &Sysret64);
        table.One(Code.Sysenter, &Sysenter);
        table.One(Code.Sysexitd, &Sysexit32);
        table.One(Code.Sysexitq, &Sysexit64);
    }

    /// <summary>
    /// Saves RIP in RCX and RFLAGS in R11, then masks RFLAGS: the stack and GS stay the user's. Intel knows it in 64-bit mode only, AMD
    /// takes compatibility mode to CSTAR and legacy mode to the low half of STAR.
    /// </summary>
    private static Outcome Syscall(Processor cpu, Operation op)
    {
        if (cpu.IsFredEnabled)
            return cpu.Is64Bit ? cpu.DeliverSoftware(FredSyscallVector, EventSource.FastSystemCall, op) : cpu.Raise(Vector.InvalidOpcode);
        if ((cpu.S.Efer & Efer.SCE) == 0 || !(cpu.Is64Bit || cpu.Model.HasCompatibilitySyscall))
            return cpu.Raise(Vector.InvalidOpcode);
        if (!cpu.IsLongModeActive)
            return LegacySyscall(cpu, op);

        bool from64Bit = cpu.Is64Bit;
        cpu.S.Gpr[(int)Gpr.Rcx] = cpu.NextRip(op);
        cpu.S.Gpr[(int)Gpr.R11] = cpu.S.Rflags & ~Rflags.RF;
        cpu.S.Rflags = ((cpu.S.Rflags & ~cpu.S.Fmask) | Rflags.Fixed) & ~Rflags.RF;
        int selector = (int)(cpu.S.Star >> 32) & 0xFFFC;
        cpu.S.Segments[(int)SegmentName.SS] = Segment.FlatStack(selector + 8, 0);
        cpu.SetCs(Segment.FlatCode(selector, 0, longMode: true));
        cpu.S.Rip = from64Bit ? cpu.S.Lstar : cpu.S.Cstar;
        if ((cpu.S.Rflags & Rflags.TF) == 0)
            cpu.SingleStepTrap = false;
        return Outcome.Branch;
    }

    /// <summary>Neither R11 nor the mask takes part: IF, RF and VM are cleared, and no flag is saved. APM vol. 3, SYSCALL, legacy x86 mode.</summary>
    private static Outcome LegacySyscall(Processor cpu, Operation op)
    {
        cpu.S.Gpr[(int)Gpr.Rcx] = cpu.NextRip(op);
        cpu.S.Rflags &= ~(Rflags.IF | Rflags.RF | Rflags.VM);
        int selector = (int)(cpu.S.Star >> 32) & 0xFFFC;
        cpu.S.Segments[(int)SegmentName.SS] = Segment.FlatStack(selector + 8, 0);
        cpu.SetCs(Segment.FlatCode(selector, 0, longMode: false));
        cpu.S.Rip = (uint)cpu.S.Star;
        return Outcome.Branch;
    }

    /// <summary>Sets IF and keeps the other flags. APM vol. 3, SYSRET, legacy x86 mode.</summary>
    private static Outcome LegacySysret(Processor cpu)
    {
        int selector = (int)(cpu.S.Star >> 48);
        ref Segment ss = ref cpu.S.Segments[(int)SegmentName.SS];
        ss = ss with { Selector = (ushort)((selector + 8) | 3) };
        cpu.S.Rflags |= Rflags.IF;
        cpu.SetCs(Segment.FlatCode(selector | 3, 3, longMode: false));
        cpu.S.Rip = (uint)cpu.S.Gpr[(int)Gpr.Rcx];
        return Outcome.Branch;
    }

    private static Outcome Sysret32(Processor cpu, Operation op)
    {
        if (!CanSysret(cpu))
            return Outcome.Fault;
        if (!cpu.IsLongModeActive)
            return LegacySysret(cpu);
        int selector = (int)(cpu.S.Star >> 48);
        Return(cpu, Segment.FlatCode(selector | 3, 3, longMode: false), selector, (uint)cpu.S.Gpr[(int)Gpr.Rcx]);
        return Outcome.Branch;
    }

    /// <summary>
    /// Intel checks RCX before anything changed, so that #GP arrives in ring 0 with the user's stack pointer; AMD goes to ring 3 and
    /// faults at the fetch.
    /// </summary>
    private static Outcome Sysret64(Processor cpu, Operation op)
    {
        if (!CanSysret(cpu))
            return Outcome.Fault;
        ulong target = cpu.S.Gpr[(int)Gpr.Rcx];
        if (cpu.Model.Vendor == CpuVendor.Intel && !cpu.IsCanonical(target))
            return cpu.GeneralProtection();
        int selector = (int)(cpu.S.Star >> 48);
        Return(cpu, Segment.FlatCode((selector + 16) | 3, 3, longMode: true), selector, target);
        return Outcome.Branch;
    }

    private static bool CanSysret(Processor cpu)
    {
        bool fromThisMode = cpu.Is64Bit || cpu.Model.HasCompatibilitySyscall;
        if (cpu.IsFredEnabled || (cpu.S.Efer & Efer.SCE) == 0 || !fromThisMode)
        {
            cpu.Raise(Vector.InvalidOpcode);
            return false;
        }

        if (cpu.Cpl == 0)
            return true;
        cpu.GeneralProtection();
        return false;
    }

    private static void Return(Processor cpu, in Segment code, int starSelector, ulong target)
    {
        // AMD loads the selector of SS only: its attributes stay what they were, which a NULL SS of an interrupt entry makes visible.
        ushort stackSelector = (ushort)((starSelector + 8) | 3);
        ref Segment ss = ref cpu.S.Segments[(int)SegmentName.SS];
        ss = cpu.Model.Vendor == CpuVendor.Amd
            ? ss with { Selector = stackSelector }
            : Segment.FlatStack(stackSelector, 3);
        cpu.S.Rflags = (cpu.S.Gpr[(int)Gpr.R11] & SysretFlags) | Rflags.Fixed;
        cpu.SetCs(code);
        cpu.S.Rip = target;

        // TF takes effect at once: the trap comes before the first user instruction.
        cpu.SingleStepTrap = (cpu.S.Rflags & Rflags.TF) != 0;
    }

    /// <summary>Loads CS, SS, RIP and RSP from MSRs and clears IF. Return address, TF, NT, AC, DF and IOPL are the user's problem.</summary>
    private static Outcome Sysenter(Processor cpu, Operation op)
    {
        if (!cpu.Model.Has(CpuFeature.Sep) || (cpu.IsLongModeActive && !cpu.Model.HasLongModeSysenter))
            return cpu.Raise(Vector.InvalidOpcode);
        if (cpu.IsFredEnabled)
            return cpu.DeliverSoftware(FredSysenterVector, EventSource.FastSystemCall, op);
        if ((cpu.S.SysenterCs & 0xFFFC) == 0)
            return cpu.GeneralProtection();

        int selector = (int)cpu.S.SysenterCs & 0xFFFC;
        cpu.S.Rflags &= ~(Rflags.VM | Rflags.IF | Rflags.RF);
        cpu.S.Segments[(int)SegmentName.SS] = Segment.FlatStack(selector + 8, 0);
        cpu.SetCs(Segment.FlatCode(selector, 0, longMode: cpu.IsLongModeActive));
        cpu.S.Gpr[(int)Gpr.Rsp] = cpu.IsLongModeActive ? cpu.S.SysenterEsp : (uint)cpu.S.SysenterEsp;
        cpu.S.Rip = cpu.IsLongModeActive ? cpu.S.SysenterEip : (uint)cpu.S.SysenterEip;
        return Outcome.Branch;
    }

    private static Outcome Sysexit32(Processor cpu, Operation op) => Sysexit(cpu, to64Bit: false);

    private static Outcome Sysexit64(Processor cpu, Operation op) => Sysexit(cpu, to64Bit: true);

    private static Outcome Sysexit(Processor cpu, bool to64Bit)
    {
        if (!cpu.Model.Has(CpuFeature.Sep) || cpu.IsFredEnabled)
            return cpu.Raise(Vector.InvalidOpcode);

        // AMD looks at the privilege level before it looks at the mode.
        if (cpu.Cpl != 0)
            return cpu.GeneralProtection();
        if (cpu.IsLongModeActive && !cpu.Model.HasLongModeSysenter)
            return cpu.Raise(Vector.InvalidOpcode);
        if ((cpu.S.SysenterCs & 0xFFFC) == 0)
            return cpu.GeneralProtection();
        ulong target = cpu.S.Gpr[(int)Gpr.Rdx];
        ulong stack = cpu.S.Gpr[(int)Gpr.Rcx];
        if (to64Bit && !(cpu.IsCanonical(target) && cpu.IsCanonical(stack)))
            return cpu.GeneralProtection();

        int selector = ((int)cpu.S.SysenterCs & 0xFFFC) + (to64Bit ? 32 : 16);
        cpu.S.Segments[(int)SegmentName.SS] = Segment.FlatStack((selector + 8) | 3, 3);
        cpu.SetCs(Segment.FlatCode(selector | 3, 3, longMode: to64Bit));
        cpu.S.Gpr[(int)Gpr.Rsp] = to64Bit ? stack : (uint)stack;
        cpu.S.Rip = to64Bit ? target : (uint)target;
        return Outcome.Branch;
    }
}
