namespace SyscallExplorer.Machine;

/// <summary>A register that CPUID writes.</summary>
internal enum CpuidRegister
{
    Eax,
    Ebx,
    Ecx,
    Edx,
}

/// <summary>Where CPUID reports each feature. SDM vol. 2A, CPUID, tables 3-8 and following; APM vol. 3, appendix E.</summary>
internal static class CpuidBits
{
    public static readonly (CpuFeature Feature, uint Leaf, CpuidRegister Register, int Bit)[] Table =
    [
        (CpuFeature.De, 1, CpuidRegister.Edx, 2),
        (CpuFeature.Pse, 1, CpuidRegister.Edx, 3),
        (CpuFeature.Tsc, 1, CpuidRegister.Edx, 4),
        (CpuFeature.Msr, 1, CpuidRegister.Edx, 5),
        (CpuFeature.Pae, 1, CpuidRegister.Edx, 6),
        (CpuFeature.Cx8, 1, CpuidRegister.Edx, 8),
        (CpuFeature.Apic, 1, CpuidRegister.Edx, 9),
        (CpuFeature.Sep, 1, CpuidRegister.Edx, 11),
        (CpuFeature.Pge, 1, CpuidRegister.Edx, 13),
        (CpuFeature.Cmov, 1, CpuidRegister.Edx, 15),
        (CpuFeature.Clflush, 1, CpuidRegister.Edx, 19),
        (CpuFeature.Cx16, 1, CpuidRegister.Ecx, 13),
        (CpuFeature.Pcid, 1, CpuidRegister.Ecx, 17),
        (CpuFeature.Movbe, 1, CpuidRegister.Ecx, 22),
        (CpuFeature.Popcnt, 1, CpuidRegister.Ecx, 23),
        (CpuFeature.Fsgsbase, 7, CpuidRegister.Ebx, 0),
        (CpuFeature.Bmi1, 7, CpuidRegister.Ebx, 3),
        (CpuFeature.FdpExcptnOnly, 7, CpuidRegister.Ebx, 6),
        (CpuFeature.Smep, 7, CpuidRegister.Ebx, 7),
        (CpuFeature.Bmi2, 7, CpuidRegister.Ebx, 8),
        (CpuFeature.Erms, 7, CpuidRegister.Ebx, 9),
        (CpuFeature.Invpcid, 7, CpuidRegister.Ebx, 10),
        (CpuFeature.ZeroFcsFds, 7, CpuidRegister.Ebx, 13),
        (CpuFeature.Adx, 7, CpuidRegister.Ebx, 19),
        (CpuFeature.Smap, 7, CpuidRegister.Ebx, 20),
        (CpuFeature.Umip, 7, CpuidRegister.Ecx, 2),
        (CpuFeature.Rdpid, 7, CpuidRegister.Ecx, 22),
        (CpuFeature.MdClear, 7, CpuidRegister.Edx, 10),
        (CpuFeature.SpecCtrl, 7, CpuidRegister.Edx, 26),
        (CpuFeature.IntelStibp, 7, CpuidRegister.Edx, 27),
        (CpuFeature.SpecCtrlSsbd, 7, CpuidRegister.Edx, 31),
        (CpuFeature.X2Apic, 1, CpuidRegister.Ecx, 21),
        (CpuFeature.TscDeadlineTimer, 1, CpuidRegister.Ecx, 24),
        (CpuFeature.Arat, 6, CpuidRegister.Eax, 2),
        (CpuFeature.LahfLm, 0x80000001, CpuidRegister.Ecx, 0),
        (CpuFeature.Abm, 0x80000001, CpuidRegister.Ecx, 5),
        (CpuFeature.Prefetchw, 0x80000001, CpuidRegister.Ecx, 8),
        (CpuFeature.Syscall, 0x80000001, CpuidRegister.Edx, 11),
        (CpuFeature.Nx, 0x80000001, CpuidRegister.Edx, 20),
        (CpuFeature.Pdpe1gb, 0x80000001, CpuidRegister.Edx, 26),
        (CpuFeature.Rdtscp, 0x80000001, CpuidRegister.Edx, 27),
        (CpuFeature.Lm, 0x80000001, CpuidRegister.Edx, 29),
        (CpuFeature.NonstopTsc, 0x80000007, CpuidRegister.Edx, 8),
        (CpuFeature.AmdIbpb, 0x80000008, CpuidRegister.Ebx, 12),
        (CpuFeature.AmdStibp, 0x80000008, CpuidRegister.Ebx, 15),
        (CpuFeature.AmdSsbd, 0x80000008, CpuidRegister.Ebx, 24),
        (CpuFeature.Fpu, 1, CpuidRegister.Edx, 0),
        (CpuFeature.Pse36, 1, CpuidRegister.Edx, 17),
        (CpuFeature.Mmx, 1, CpuidRegister.Edx, 23),
        (CpuFeature.Fxsr, 1, CpuidRegister.Edx, 24),
        (CpuFeature.Sse, 1, CpuidRegister.Edx, 25),
        (CpuFeature.Sse2, 1, CpuidRegister.Edx, 26),
        (CpuFeature.Sse3, 1, CpuidRegister.Ecx, 0),
        (CpuFeature.Pclmulqdq, 1, CpuidRegister.Ecx, 1),
        (CpuFeature.Monitor, 1, CpuidRegister.Ecx, 3),
        (CpuFeature.Ssse3, 1, CpuidRegister.Ecx, 9),
        (CpuFeature.Fma, 1, CpuidRegister.Ecx, 12),
        (CpuFeature.Sse41, 1, CpuidRegister.Ecx, 19),
        (CpuFeature.Sse42, 1, CpuidRegister.Ecx, 20),
        (CpuFeature.Aes, 1, CpuidRegister.Ecx, 25),
        (CpuFeature.Xsave, 1, CpuidRegister.Ecx, 26),
        (CpuFeature.Avx, 1, CpuidRegister.Ecx, 28),
        (CpuFeature.F16c, 1, CpuidRegister.Ecx, 29),
        (CpuFeature.Rdrand, 1, CpuidRegister.Ecx, 30),
        (CpuFeature.Avx2, 7, CpuidRegister.Ebx, 5),
        (CpuFeature.Rdseed, 7, CpuidRegister.Ebx, 18),
        (CpuFeature.Clflushopt, 7, CpuidRegister.Ebx, 23),
        (CpuFeature.Clwb, 7, CpuidRegister.Ebx, 24),
        (CpuFeature.Sha, 7, CpuidRegister.Ebx, 29),
        (CpuFeature.La57, 7, CpuidRegister.Ecx, 16),
        (CpuFeature.Mmxext, 0x80000001, CpuidRegister.Edx, 22),
        (CpuFeature.Sse4a, 0x80000001, CpuidRegister.Ecx, 6),
        (CpuFeature.Misalignsse, 0x80000001, CpuidRegister.Ecx, 7),
        (CpuFeature.TopologyExtensions, 0x80000001, CpuidRegister.Ecx, 22),
        (CpuFeature.Monitorx, 0x80000001, CpuidRegister.Ecx, 29),
        (CpuFeature.Clzero, 0x80000008, CpuidRegister.Ebx, 0),
        (CpuFeature.Rdpru, 0x80000008, CpuidRegister.Ebx, 4),
        (CpuFeature.Wbnoinvd, 0x80000008, CpuidRegister.Ebx, 9),
    ];

    /// <summary>Bits of leaf 7's subleaf 1, in EAX. SDM vol. 2A, CPUID.</summary>
    public static readonly (CpuFeature Feature, int Bit)[] SecondExtended = [(CpuFeature.Fred, 17), (CpuFeature.Lkgs, 18)];

    /// <summary>Bits that leaf 0Dh has in its subleaf 1 only. SDM vol. 1, 13.2.</summary>
    public static readonly (CpuFeature Feature, int Bit)[] StateSaving =
    [
        (CpuFeature.Xsaveopt, 0), (CpuFeature.Xsavec, 1), (CpuFeature.Xgetbv1, 2), (CpuFeature.Xsaves, 3),
    ];

    /// <summary>What leaf 80000001h of AMD's processors repeats of leaf 1's EDX. APM vol. 3, appendix E.4.</summary>
    public const uint RepeatedByAmd = 0x0183_F3FF;
}
