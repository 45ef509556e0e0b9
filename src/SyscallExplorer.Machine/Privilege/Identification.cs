using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>CPUID: the model's answer, with the few bits that follow the state of the processor. SDM vol. 2A, CPUID.</summary>
internal static unsafe class Identification
{
    private const uint MonitorBit = 1u << 3;
    private const uint OsxsaveBit = 1u << 27;
    private const uint ApicBit = 1u << 9;

    public static void Register(InstructionTableBuilder table) => table.One(Code.Cpuid, &Cpuid);

    private static Outcome Cpuid(Processor cpu, Operation op)
    {
        uint leaf = (uint)cpu.S.Gpr[(int)Gpr.Rax];
        uint subleaf = (uint)cpu.S.Gpr[(int)Gpr.Rcx];
        (uint eax, uint ebx, uint ecx, uint edx) = cpu.Model.Cpuid(leaf, subleaf);
        if (leaf != 0)
            cpu.Charge(TimingEvent.CpuidFeatureLeaf);
        switch (leaf, subleaf)
        {
            case (1, _):
                ecx |= (cpu.S.Cr4 & Cr4.OSXSAVE) != 0 ? OsxsaveBit : 0;
                ecx &= cpu.IsMonitorEnabled ? uint.MaxValue : ~MonitorBit;
                edx &= cpu.LocalApic.Mode != ApicMode.Disabled ? uint.MaxValue : ~ApicBit;
                break;
            case (0x80000001, _) when cpu.Model.Vendor == CpuVendor.Amd:
                edx &= cpu.LocalApic.Mode != ApicMode.Disabled ? uint.MaxValue : ~ApicBit;
                break;
            case (StateComponentLeaf.Leaf, 0) when cpu.Model.Has(CpuFeature.Xsave):
                ebx = (uint)StateComponents.SizeFor(cpu.S.Xcr0);
                break;
            case (StateComponentLeaf.Leaf, 1) when cpu.Model.Has(CpuFeature.Xsaves):
                ebx = (uint)StateComponents.SizeFor(cpu.S.Xcr0 | cpu.S.Xss);
                break;
        }

        cpu.S.Gpr[(int)Gpr.Rax] = eax;
        cpu.S.Gpr[(int)Gpr.Rbx] = ebx;
        cpu.S.Gpr[(int)Gpr.Rcx] = ecx;
        cpu.S.Gpr[(int)Gpr.Rdx] = edx;
        return Outcome.Next;
    }
}

/// <summary>CPUID leaf 0Dh: the layout of the XSAVE area. SDM vol. 1, 13.2.</summary>
internal static class StateComponentLeaf
{
    public const uint Leaf = 0xD;

    /// <summary>The part of the leaf that the model alone decides; EBX of subleaves 0 and 1 follows XCR0 and IA32_XSS.</summary>
    public static (uint Eax, uint Ebx, uint Ecx, uint Edx) Of(CpuModel model, uint subleaf)
    {
        if (!model.Has(CpuFeature.Xsave))
            return default;
        ulong supported = StateComponents.Supported(model);
        return subleaf switch
        {
            0 => ((uint)supported, 0, (uint)StateComponents.SizeFor(supported), 0),
            2 when (supported & StateComponents.Avx) != 0 => (StateComponents.AvxSize, StateComponents.AvxOffset, 0, 0),
            _ => default,
        };
    }
}
