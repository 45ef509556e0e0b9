using System.Collections.Frozen;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>
/// Which processors have an instruction: the rule by which a form is executed or is #UD. Each of the decoder's features stands for a feature
/// that a model may have, or belongs to every processor of the kit; one that is named in neither table is on none of them (VMX, SVM, SGX, TSX,
/// CET, AVX-512, XOP, 3DNow!, the instructions of other makers and of other decades), so that a form which needs it is #UD everywhere.
/// </summary>
internal static class InstructionFeatures
{
    private static readonly FrozenDictionary<CpuidFeature, CpuFeature> Optional = new Dictionary<CpuidFeature, CpuFeature>
    {
        [CpuidFeature.ADX] = CpuFeature.Adx,
        [CpuidFeature.AES] = CpuFeature.Aes,
        [CpuidFeature.AVX] = CpuFeature.Avx,
        [CpuidFeature.AVX2] = CpuFeature.Avx2,
        [CpuidFeature.BMI1] = CpuFeature.Bmi1,
        [CpuidFeature.BMI2] = CpuFeature.Bmi2,
        [CpuidFeature.CLFLUSHOPT] = CpuFeature.Clflushopt,
        [CpuidFeature.CLFSH] = CpuFeature.Clflush,
        [CpuidFeature.CLWB] = CpuFeature.Clwb,
        [CpuidFeature.CLZERO] = CpuFeature.Clzero,
        [CpuidFeature.CMOV] = CpuFeature.Cmov,
        [CpuidFeature.CMPXCHG16B] = CpuFeature.Cx16,
        [CpuidFeature.CPUID] = CpuFeature.Cpuid,
        [CpuidFeature.CX8] = CpuFeature.Cx8,
        [CpuidFeature.F16C] = CpuFeature.F16c,
        [CpuidFeature.FMA] = CpuFeature.Fma,
        [CpuidFeature.FPU] = CpuFeature.Fpu,
        [CpuidFeature.FPU287] = CpuFeature.Fpu,
        [CpuidFeature.FPU387] = CpuFeature.Fpu,
        [CpuidFeature.FRED] = CpuFeature.Fred,
        [CpuidFeature.FSGSBASE] = CpuFeature.Fsgsbase,
        [CpuidFeature.FXSR] = CpuFeature.Fxsr,
        [CpuidFeature.INTEL486] = CpuFeature.I486,
        [CpuidFeature.INVPCID] = CpuFeature.Invpcid,
        [CpuidFeature.LKGS] = CpuFeature.Lkgs,
        [CpuidFeature.LZCNT] = CpuFeature.Abm,
        [CpuidFeature.MMX] = CpuFeature.Mmx,
        [CpuidFeature.MONITOR] = CpuFeature.Monitor,
        [CpuidFeature.MONITORX] = CpuFeature.Monitorx,
        [CpuidFeature.MOVBE] = CpuFeature.Movbe,
        [CpuidFeature.MSR] = CpuFeature.Msr,
        [CpuidFeature.PCLMULQDQ] = CpuFeature.Pclmulqdq,
        [CpuidFeature.POPCNT] = CpuFeature.Popcnt,
        [CpuidFeature.RDPID] = CpuFeature.Rdpid,
        [CpuidFeature.RDPRU] = CpuFeature.Rdpru,
        [CpuidFeature.RDRAND] = CpuFeature.Rdrand,
        [CpuidFeature.RDSEED] = CpuFeature.Rdseed,
        [CpuidFeature.RDTSCP] = CpuFeature.Rdtscp,
        [CpuidFeature.SEP] = CpuFeature.Sep,
        [CpuidFeature.SHA] = CpuFeature.Sha,
        [CpuidFeature.SMAP] = CpuFeature.Smap,
        [CpuidFeature.SSE] = CpuFeature.Sse,
        [CpuidFeature.SSE2] = CpuFeature.Sse2,
        [CpuidFeature.SSE3] = CpuFeature.Sse3,
        [CpuidFeature.SSE4_1] = CpuFeature.Sse41,
        [CpuidFeature.SSE4_2] = CpuFeature.Sse42,
        [CpuidFeature.SSE4A] = CpuFeature.Sse4a,
        [CpuidFeature.SSSE3] = CpuFeature.Ssse3,
        [CpuidFeature.SYSCALL] = CpuFeature.Syscall,
        [CpuidFeature.TSC] = CpuFeature.Tsc,
        [CpuidFeature.X64] = CpuFeature.Lm,
        [CpuidFeature.XSAVE] = CpuFeature.Xsave,
        [CpuidFeature.XSAVEC] = CpuFeature.Xsavec,
        [CpuidFeature.XSAVEOPT] = CpuFeature.Xsaveopt,
        [CpuidFeature.XSAVES] = CpuFeature.Xsaves,
    }.ToFrozenDictionary();

    /// <summary>
    /// What no processor lacks, among it the hints, which are NOPs where nothing answers to them, and WBNOINVD, which is WBINVD then. Long NOPs came with the
    /// Pentium Pro, but one of them names each hypercall of the kit.
    /// </summary>
    private static readonly FrozenSet<CpuidFeature> Universal = new[]
    {
        CpuidFeature.INTEL8086, CpuidFeature.INTEL186, CpuidFeature.INTEL286, CpuidFeature.INTEL386, CpuidFeature.RDPMC, CpuidFeature.MULTIBYTENOP, CpuidFeature.PAUSE, CpuidFeature.PREFETCHW, CpuidFeature.PREFETCHWT1,
        CpuidFeature.PREFETCHITI, CpuidFeature.CLDEMOTE, CpuidFeature.CET_IBT, CpuidFeature.WBNOINVD,
    }.ToFrozenSet();

    /// <summary>Forms of extensions that no model has, but which do not fault: RDSSP is a NOP without shadow stacks, and VMCALL is the kit's hypercall.</summary>
    private static readonly FrozenSet<Code> Exempt = new[] { Code.Rdsspd_r32, Code.Rdsspq_r64, Code.Vmcall }.ToFrozenSet();

    /// <summary>0F 0D with a register, a NOP of Intel's and no instruction of AMD's. APM vol. 3, PREFETCHlevel and appendix A, table A-6.</summary>
    private static readonly FrozenSet<Code> NotOnAmd =
        new[] { Code.Reservednop_rm16_r16_0F0D, Code.Reservednop_rm32_r32_0F0D, Code.Reservednop_rm64_r64_0F0D }.ToFrozenSet();

    /// <summary>Whether a model executes a form; otherwise it is #UD.</summary>
    public static bool Has(CpuModel model, Code code)
    {
        if (Exempt.Contains(code))
            return true;
        if (model.Vendor == CpuVendor.Amd && NotOnAmd.Contains(code))
            return false;
        foreach (CpuidFeature needed in code.CpuidFeatures())
        {
            if (!Universal.Contains(needed) && !(Optional.TryGetValue(needed, out CpuFeature feature) && model.Has(feature)))
                return false;
        }

        return true;
    }

    /// <summary>The feature of a model that one of the decoder's stands for; none where every processor has it, or none of the kit's.</summary>
    public static bool TryMap(CpuidFeature needed, out CpuFeature feature) => Optional.TryGetValue(needed, out feature);

    /// <summary>Whether any model of the kit executes a form.</summary>
    public static bool IsKnown(Code code) => Cpus.Known.Any(model => Has(model, code));
}
