namespace SyscallExplorer.Machine;

/// <summary>Addresses of model-specific registers. SDM vol. 4; APM vol. 2, appendix A.</summary>
public static class Msr
{
    /// <summary>IA32_TIME_STAMP_COUNTER.</summary>
    public const uint Tsc = 0x10;

    /// <summary>IA32_APIC_BASE.</summary>
    public const uint ApicBase = 0x1B;

    /// <summary>IA32_SPEC_CTRL: IBRS, STIBP, SSBD.</summary>
    public const uint SpecCtrl = 0x48;

    /// <summary>IA32_PRED_CMD: IBPB.</summary>
    public const uint PredCmd = 0x49;

    /// <summary>IA32_ARCH_CAPABILITIES.</summary>
    public const uint ArchCapabilities = 0x10A;

    /// <summary>IA32_SYSENTER_CS.</summary>
    public const uint SysenterCs = 0x174;

    /// <summary>IA32_SYSENTER_ESP.</summary>
    public const uint SysenterEsp = 0x175;

    /// <summary>IA32_SYSENTER_EIP.</summary>
    public const uint SysenterEip = 0x176;

    /// <summary>IA32_MISC_ENABLE.</summary>
    public const uint MiscEnable = 0x1A0;

    /// <summary>IA32_FRED_RSP0; those of levels 1 to 3 follow.</summary>
    public const uint FredRsp0 = 0x1CC;

    /// <summary>IA32_FRED_STKLVLS: two bits for each vector below 32.</summary>
    public const uint FredStackLevels = 0x1D0;

    /// <summary>IA32_FRED_CONFIG.</summary>
    public const uint FredConfig = 0x1D4;

    /// <summary>IA32_DEBUGCTL.</summary>
    public const uint DebugCtl = 0x1D9;

    /// <summary>IA32_PAT.</summary>
    public const uint Pat = 0x277;

    /// <summary>IA32_XSS.</summary>
    public const uint Xss = 0xDA0;

    /// <summary>IA32_EFER.</summary>
    public const uint Efer = 0xC0000080;

    /// <summary>IA32_STAR.</summary>
    public const uint Star = 0xC0000081;

    /// <summary>IA32_LSTAR.</summary>
    public const uint Lstar = 0xC0000082;

    /// <summary>IA32_CSTAR.</summary>
    public const uint Cstar = 0xC0000083;

    /// <summary>IA32_FMASK.</summary>
    public const uint Fmask = 0xC0000084;

    /// <summary>IA32_FS_BASE.</summary>
    public const uint FsBase = 0xC0000100;

    /// <summary>IA32_GS_BASE.</summary>
    public const uint GsBase = 0xC0000101;

    /// <summary>IA32_KERNEL_GS_BASE.</summary>
    public const uint KernelGsBase = 0xC0000102;

    /// <summary>IA32_TSC_DEADLINE.</summary>
    public const uint TscDeadline = 0x6E0;

    /// <summary>IA32_TSC_AUX.</summary>
    public const uint TscAux = 0xC0000103;

    /// <summary>The MSR that is a register of the local APIC in x2APIC mode. SDM vol. 3A, 10.12.1.2.</summary>
    public static uint X2Apic(ApicRegister register) => LocalApic.FirstMsr + ((uint)register >> 4);
}

/// <summary>One register: who has it, how it reads, what a write of a value does or refuses.</summary>
/// <param name="Address">Its number.</param>
/// <param name="Name">Its name in the manual.</param>
/// <param name="Exists">Whether a CPU model has it.</param>
/// <param name="Read">Its value.</param>
/// <param name="Write">Takes a value, or returns false for #GP.</param>
internal sealed record MsrDefinition(uint Address, string Name, Func<CpuModel, bool> Exists, Func<Processor, ulong> Read, Func<Processor, ulong, bool> Write);

/// <summary>The table of model-specific registers. What is not in it is #GP.</summary>
internal static class MsrTable
{
    private const ulong SpecCtrlBits = 7;
    private const int PatSlot = 2;

    /// <summary>Where IA32_MISC_ENABLE is among the stored registers.</summary>
    public const int MiscEnableSlot = 0;

    /// <summary>Where IA32_DEBUGCTL is.</summary>
    public const int DebugControlSlot = 1;

    /// <summary>Bit 18 of IA32_MISC_ENABLE: MONITOR and MWAIT, and CPUID's bit for them.</summary>
    public const ulong EnableMonitor = 1ul << 18;
    private static readonly Func<CpuModel, bool> Always = _ => true;

    private static readonly Dictionary<uint, MsrDefinition> ByAddress = new MsrDefinition[]
    {
        new(Msr.Tsc, "IA32_TIME_STAMP_COUNTER", model => model.Has(CpuFeature.Tsc), cpu => cpu.ReadTsc(), (cpu, value) => cpu.WriteTsc(value)),
        new(Msr.ApicBase, "IA32_APIC_BASE", model => model.Has(CpuFeature.Apic), cpu => cpu.LocalApic.Base, (cpu, value) => cpu.LocalApic.WriteBase(value)),
        new(Msr.TscDeadline, "IA32_TSC_DEADLINE", model => model.Has(CpuFeature.TscDeadlineTimer), cpu => cpu.LocalApic.ReadDeadline(), WriteTscDeadline),
        new(Msr.SpecCtrl, "IA32_SPEC_CTRL", HasSpecCtrl, cpu => cpu.S.SpecCtrl, (cpu, value) => WriteSpecCtrl(cpu, value)),
        new(Msr.PredCmd, "IA32_PRED_CMD", HasPredCmd, _ => throw new InvalidOperationException(), (cpu, value) => WritePredCmd(cpu, value)),
        new(Msr.SysenterCs, "IA32_SYSENTER_CS", HasSep, cpu => cpu.S.SysenterCs, (cpu, value) => Set(out cpu.S.SysenterCs, (uint)value)),
        new(Msr.SysenterEsp, "IA32_SYSENTER_ESP", HasSep, cpu => cpu.S.SysenterEsp, (cpu, value) => SetSysenterAddress(cpu, out cpu.S.SysenterEsp, cpu.S.SysenterEsp, value)),
        new(Msr.SysenterEip, "IA32_SYSENTER_EIP", HasSep, cpu => cpu.S.SysenterEip, (cpu, value) => SetSysenterAddress(cpu, out cpu.S.SysenterEip, cpu.S.SysenterEip, value)),
        Stored(MiscEnableSlot, Msr.MiscEnable, "IA32_MISC_ENABLE", model => model.Vendor == CpuVendor.Intel, writable: 0x4_0085_0889),
        Stored(DebugControlSlot, Msr.DebugCtl, "IA32_DEBUGCTL", Always, writable: 0xDFC3),
        Stored(PatSlot, Msr.Pat, "IA32_PAT", Always, writable: 0x0707_0707_0707_0707) with { Write = WritePat },
        new(Msr.Xss, "IA32_XSS", model => model.Has(CpuFeature.Xsaves), cpu => cpu.S.Xss, (_, value) => value == 0),
        new(Msr.Efer, "IA32_EFER", HasEfer, cpu => cpu.S.Efer, (cpu, value) => cpu.WriteEfer(value)),
        new(Msr.Star, "IA32_STAR", HasSyscall, cpu => cpu.S.Star, (cpu, value) => Set(out cpu.S.Star, value)),
        new(Msr.Lstar, "IA32_LSTAR", HasSyscall, cpu => cpu.S.Lstar, (cpu, value) => SetAddress(cpu, out cpu.S.Lstar, cpu.S.Lstar, value)),
        new(Msr.Cstar, "IA32_CSTAR", HasSyscall, cpu => cpu.S.Cstar, (cpu, value) => SetAddress(cpu, out cpu.S.Cstar, cpu.S.Cstar, value)),
        new(Msr.Fmask, "IA32_FMASK", HasSyscall, cpu => cpu.S.Fmask, (cpu, value) => value <= uint.MaxValue && Set(out cpu.S.Fmask, value)),
        new(Msr.FsBase, "IA32_FS_BASE", HasLongMode, cpu => cpu.SegmentBase(SegmentName.FS), (cpu, value) => cpu.TrySetSegmentBase(SegmentName.FS, value)),
        new(Msr.GsBase, "IA32_GS_BASE", HasLongMode, cpu => cpu.SegmentBase(SegmentName.GS), (cpu, value) => cpu.TrySetSegmentBase(SegmentName.GS, value)),
        new(Msr.KernelGsBase, "IA32_KERNEL_GS_BASE", HasLongMode, cpu => cpu.S.KernelGsBase, (cpu, value) => SetAddress(cpu, out cpu.S.KernelGsBase, cpu.S.KernelGsBase, value)),
        new(Msr.TscAux, "IA32_TSC_AUX", model => model.Has(CpuFeature.Rdtscp), cpu => cpu.S.TscAux, (cpu, value) => value <= uint.MaxValue && Set(out cpu.S.TscAux, value)),
        FredStack(0), FredStack(1), FredStack(2), FredStack(3),
        new(Msr.FredStackLevels, "IA32_FRED_STKLVLS", HasFred, cpu => cpu.S.Fred.StackLevels, (cpu, value) => Set(out cpu.S.Fred.StackLevels, value)),
        new(Msr.FredConfig, "IA32_FRED_CONFIG", HasFred, cpu => cpu.S.Fred.Config, WriteFredConfig),
    }.ToDictionary(definition => definition.Address);

    /// <summary>All of them; whether a processor has one is another question.</summary>
    public static IReadOnlyCollection<MsrDefinition> All => ByAddress.Values;

    /// <summary>The registers that are only remembered, with their values after a reset.</summary>
    public static ulong[] StoredAtReset => [0x1 | EnableMonitor, 0, 0x0007_0406_0007_0406];

    public static MsrDefinition? Find(CpuModel model, uint address) =>
        ByAddress.TryGetValue(address, out MsrDefinition? definition) && definition.Exists(model) ? definition : null;

    private static bool HasSep(CpuModel model) => model.Has(CpuFeature.Sep);

    private static bool HasLongMode(CpuModel model) => model.Has(CpuFeature.Lm);

    private static bool HasEfer(CpuModel model) => model.Has(CpuFeature.Lm) || model.Has(CpuFeature.Syscall) || model.Has(CpuFeature.Nx);

    private static bool HasSyscall(CpuModel model) => model.Has(CpuFeature.Syscall);

    private static bool HasSpecCtrl(CpuModel model) => model.Has(CpuFeature.SpecCtrl) || model.Has(CpuFeature.AmdStibp);

    private static bool HasPredCmd(CpuModel model) => model.Has(CpuFeature.SpecCtrl) || model.Has(CpuFeature.AmdIbpb);

    private static MsrDefinition Stored(int slot, uint address, string name, Func<CpuModel, bool> exists, ulong writable) => new(
        address, name, exists,
        cpu => cpu.StoredMsr(slot),
        (cpu, value) => (value & ~writable) == 0 && Set(out cpu.StoredMsr(slot), value));

    private static bool HasFred(CpuModel model) => model.Has(CpuFeature.Fred);

    private static MsrDefinition FredStack(int level) => new(
        Msr.FredRsp0 + (uint)level, $"IA32_FRED_RSP{level}", HasFred,
        cpu => cpu.S.Fred.Stacks[level],
        (cpu, value) => (value & FredRegisters.StackReserved) == 0 && SetAddress(cpu, out cpu.S.Fred.Stacks[level], cpu.S.Fred.Stacks[level], value));

    private static bool WriteFredConfig(Processor cpu, ulong value) =>
        (value & FredRegisters.ConfigReserved) == 0 && SetAddress(cpu, out cpu.S.Fred.Config, cpu.S.Fred.Config, value);

    private static bool Set(out ulong register, ulong value)
    {
        register = value;
        return true;
    }

    private static bool SetAddress(Processor cpu, out ulong register, ulong old, ulong value)
    {
        bool canonical = cpu.IsCanonicalBase(value);
        register = canonical ? value : old;
        return canonical;
    }

    private static bool SetSysenterAddress(Processor cpu, out ulong register, ulong old, ulong value) =>
        cpu.Model.Vendor == CpuVendor.Amd
            ? Set(out register, (uint)value)
            : SetAddress(cpu, out register, old, value);

    /// <summary>Eight memory types, of which 2 and 3 do not exist.</summary>
    private static bool WritePat(Processor cpu, ulong value)
    {
        for (int shift = 0; shift < 64; shift += 8)
        {
            if ((byte)(value >> shift) is 2 or 3 or > 7)
                return false;
        }

        return Set(out cpu.StoredMsr(PatSlot), value);
    }

    private static bool WriteTscDeadline(Processor cpu, ulong value)
    {
        cpu.LocalApic.WriteDeadline(value);
        return true;
    }

    private static bool WriteSpecCtrl(Processor cpu, ulong value)
    {
        if ((value & ~SpecCtrlBits) != 0)
            return false;
        cpu.S.SpecCtrl = value;
        cpu.Charge(TimingEvent.WriteSpecCtrl);
        return true;
    }

    private static bool WritePredCmd(Processor cpu, ulong value)
    {
        if ((value & ~1ul) != 0)
            return false;
        if (value == 0)
            return true;
        cpu.Charge(TimingEvent.WritePredCmdIbpb);
        cpu.ForgetBranchTargets();
        return true;
    }
}
