namespace SyscallExplorer.Machine;

/// <summary>Features that a CPU model has or lacks, by the names of Linux' /proc/cpuinfo where it has one.</summary>
public enum CpuFeature
{
    /// <summary>What the 486 has beyond the 386: BSWAP, CMPXCHG, XADD, INVLPG, INVD, WBINVD and EFLAGS.AC.</summary>
    I486,

    /// <summary>CPUID and EFLAGS.ID.</summary>
    Cpuid,

    /// <summary>Time-stamp counter.</summary>
    Tsc,

    /// <summary>RDMSR and WRMSR.</summary>
    Msr,

    /// <summary>Physical address extension.</summary>
    Pae,

    /// <summary>Page size extensions.</summary>
    Pse,

    /// <summary>CMPXCHG8B.</summary>
    Cx8,

    /// <summary>On-chip APIC.</summary>
    Apic,

    /// <summary>SYSENTER and SYSEXIT.</summary>
    Sep,

    /// <summary>Global pages.</summary>
    Pge,

    /// <summary>Conditional moves.</summary>
    Cmov,

    /// <summary>CLFLUSH.</summary>
    Clflush,

    /// <summary>Debugging extensions.</summary>
    De,

    /// <summary>CMPXCHG16B.</summary>
    Cx16,

    /// <summary>POPCNT.</summary>
    Popcnt,

    /// <summary>MOVBE.</summary>
    Movbe,

    /// <summary>Process-context identifiers.</summary>
    Pcid,

    /// <summary>RDFSBASE and its family.</summary>
    Fsgsbase,

    /// <summary>BMI1.</summary>
    Bmi1,

    /// <summary>BMI2.</summary>
    Bmi2,

    /// <summary>Supervisor-mode execution prevention.</summary>
    Smep,

    /// <summary>Supervisor-mode access prevention.</summary>
    Smap,

    /// <summary>Enhanced REP MOVSB and STOSB.</summary>
    Erms,

    /// <summary>INVPCID.</summary>
    Invpcid,

    /// <summary>ADCX and ADOX.</summary>
    Adx,

    /// <summary>User-mode instruction prevention.</summary>
    Umip,

    /// <summary>RDPID.</summary>
    Rdpid,

    /// <summary>VERW overwrites buffers.</summary>
    MdClear,

    /// <summary>IBRS and IBPB: IA32_SPEC_CTRL and IA32_PRED_CMD (Intel's enumeration).</summary>
    SpecCtrl,

    /// <summary>Single thread indirect branch predictors (Intel's enumeration).</summary>
    IntelStibp,

    /// <summary>Speculative store bypass disable (Intel's enumeration).</summary>
    SpecCtrlSsbd,

    /// <summary>IBPB (AMD's enumeration).</summary>
    AmdIbpb,

    /// <summary>STIBP (AMD's enumeration).</summary>
    AmdStibp,

    /// <summary>SSBD (AMD's enumeration).</summary>
    AmdSsbd,

    /// <summary>LAHF and SAHF in 64-bit mode.</summary>
    LahfLm,

    /// <summary>LZCNT.</summary>
    Abm,

    /// <summary>PREFETCHW.</summary>
    Prefetchw,

    /// <summary>SYSCALL and SYSRET in 64-bit mode.</summary>
    Syscall,

    /// <summary>No-execute pages.</summary>
    Nx,

    /// <summary>1 GiB pages.</summary>
    Pdpe1gb,

    /// <summary>RDTSCP.</summary>
    Rdtscp,

    /// <summary>Long mode.</summary>
    Lm,

    /// <summary>The TSC runs at a constant rate in every power state.</summary>
    NonstopTsc,

    /// <summary>x87 FPU.</summary>
    Fpu,

    /// <summary>MMX.</summary>
    Mmx,

    /// <summary>FXSAVE and FXRSTOR.</summary>
    Fxsr,

    /// <summary>SSE.</summary>
    Sse,

    /// <summary>SSE2.</summary>
    Sse2,

    /// <summary>4 MiB pages above 4 GiB.</summary>
    Pse36,

    /// <summary>SSE3.</summary>
    Sse3,

    /// <summary>PCLMULQDQ.</summary>
    Pclmulqdq,

    /// <summary>MONITOR and MWAIT.</summary>
    Monitor,

    /// <summary>SSSE3.</summary>
    Ssse3,

    /// <summary>Fused multiply-add of three operands.</summary>
    Fma,

    /// <summary>SSE4.1.</summary>
    Sse41,

    /// <summary>SSE4.2.</summary>
    Sse42,

    /// <summary>AES-NI.</summary>
    Aes,

    /// <summary>XSAVE, XRSTOR, XGETBV and XSETBV.</summary>
    Xsave,

    /// <summary>AVX.</summary>
    Avx,

    /// <summary>Conversions of half precision.</summary>
    F16c,

    /// <summary>RDRAND.</summary>
    Rdrand,

    /// <summary>AVX2.</summary>
    Avx2,

    /// <summary>RDSEED.</summary>
    Rdseed,

    /// <summary>CLFLUSHOPT.</summary>
    Clflushopt,

    /// <summary>CLWB.</summary>
    Clwb,

    /// <summary>SHA extensions.</summary>
    Sha,

    /// <summary>Linear addresses of 57 bits and five-level paging.</summary>
    La57,

    /// <summary>XSAVEOPT.</summary>
    Xsaveopt,

    /// <summary>XSAVEC and the compacted format.</summary>
    Xsavec,

    /// <summary>XGETBV with ECX = 1.</summary>
    Xgetbv1,

    /// <summary>XSAVES, XRSTORS and IA32_XSS.</summary>
    Xsaves,

    /// <summary>AMD's extensions of MMX.</summary>
    Mmxext,

    /// <summary>EXTRQ, INSERTQ, MOVNTSD and MOVNTSS (AMD).</summary>
    Sse4a,

    /// <summary>MXCSR.MM: misaligned operands of SSE instructions (AMD).</summary>
    Misalignsse,

    /// <summary>CPUID leaves 8000001Dh and 8000001Eh (AMD).</summary>
    TopologyExtensions,

    /// <summary>MONITORX and MWAITX (AMD).</summary>
    Monitorx,

    /// <summary>CLZERO (AMD).</summary>
    Clzero,

    /// <summary>RDPRU (AMD).</summary>
    Rdpru,

    /// <summary>WBNOINVD.</summary>
    Wbnoinvd,

    /// <summary>The x87 data pointer changes only at an unmasked exception.</summary>
    FdpExcptnOnly,

    /// <summary>The x87 instruction and data pointers have selectors no longer: they are stored as zero.</summary>
    ZeroFcsFds,

    /// <summary>x2APIC mode: the local APIC's registers as MSRs.</summary>
    X2Apic,

    /// <summary>The local APIC's timer can wait for a value of the time-stamp counter.</summary>
    TscDeadlineTimer,

    /// <summary>The local APIC's timer goes on in every state of sleep.</summary>
    Arat,

    /// <summary>Flexible return and event delivery: events and returns without IDT, TSS and IRET.</summary>
    Fred,

    /// <summary>LKGS.</summary>
    Lkgs,
}

/// <summary>Hardware weaknesses, by the names of Linux' sysfs files.</summary>
[Flags]
public enum Vulnerabilities
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Rogue data cache load: user mode reads kernel memory that is mapped.</summary>
    Meltdown = 1,

    /// <summary>Bounds check bypass, including SWAPGS.</summary>
    SpectreV1 = 2,

    /// <summary>Branch target injection.</summary>
    SpectreV2 = 4,

    /// <summary>Microarchitectural data sampling.</summary>
    Mds = 8,

    /// <summary>L1 terminal fault.</summary>
    L1tf = 16,

    /// <summary>Speculative store bypass.</summary>
    SpecStoreBypass = 32,

    /// <summary>Returns that take their target from the branch target buffer.</summary>
    Retbleed = 64,

    /// <summary>Speculative return stack overflow (AMD).</summary>
    Srso = 128,

    /// <summary>Branch history injection, across privilege levels (Intel).</summary>
    Bhi = 256,

    /// <summary>Stale data that memory-mapped I/O leaves in buffers. Intel, "Processor MMIO Stale Data Vulnerabilities".</summary>
    MmioStaleData = 512,
}

/// <summary>Who made a processor: it decides the operation of a few instructions.</summary>
public enum CpuVendor
{
    /// <summary>Intel.</summary>
    Intel,

    /// <summary>AMD.</summary>
    Amd,
}
