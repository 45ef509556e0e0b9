using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Silicon;

/// <summary>The processor that this program runs on.</summary>
internal static class HostProcessor
{
    private const uint FsGsBaseInAuxiliaryVector = 2;
    private static readonly Lazy<string?> Missing = new(FindMissing);

    /// <summary>Why nothing can be compared here, or null.</summary>
    public static string? WhyNot => Missing.Value;

    /// <summary>The model of the kit that stands for the host: one of its vendor.</summary>
    public static CpuModel Model => Vendor == CpuVendor.Amd ? Cpus.Zen2 : Has(CpuFeature.Clflushopt) ? Cpus.Skylake : Cpus.Haswell;

    /// <summary>Whether XSAVE stores FOP, FIP and FDP without an exception that waits; AMD stores zeros then. APM vol. 2, 11.4.4.</summary>
    public static bool SavesPointersAlways { get; } = X86Base.IsSupported && Vendor == CpuVendor.Intel;

    /// <summary>
    /// Whether every form has been compared on a processor of the host's family before, and differed nowhere but where it is known to. On others a
    /// difference is news to look at: the manuals leave much to the processor.
    /// </summary>
    public static bool IsProven { get; } = X86Base.IsSupported && ProvenFamilies.Contains((Vendor, Family));

    /// <summary>Whether the host reports a feature.</summary>
    public static bool Has(CpuFeature feature)
    {
        if (!X86Base.IsSupported)
            return false;
        foreach ((CpuFeature known, uint leaf, CpuidRegister register, int bit) in CpuidBits.Table)
        {
            if (known == feature && HasLeaf(leaf))
                return (Register(X86Base.CpuId((int)leaf, 0), register) >> bit & 1) != 0;
        }

        foreach ((CpuFeature known, int bit) in CpuidBits.StateSaving)
        {
            if (known == feature && HasLeaf(StateComponentLeaf))
                return (X86Base.CpuId((int)StateComponentLeaf, 1).Eax >> bit & 1) != 0;
        }

        return false;
    }

    private const uint StateComponentLeaf = 0xD;

    /// <summary>Zen 5.</summary>
    private static (CpuVendor Vendor, int Family)[] ProvenFamilies => [(CpuVendor.Amd, 0x1A)];

    /// <summary>The family with the extended family added. SDM vol. 2A, CPUID, figure 3-6.</summary>
    private static int Family
    {
        get
        {
            int signature = X86Base.CpuId(1, 0).Eax;
            int family = signature >> 8 & 15;
            return family == 15 ? family + (signature >> 20 & 255) : family;
        }
    }

    private static CpuVendor Vendor => X86Base.CpuId(0, 0).Ecx == BitConverter.ToInt32("cAMD"u8) ? CpuVendor.Amd : CpuVendor.Intel;

    private static bool HasLeaf(uint leaf) => leaf <= (uint)X86Base.CpuId((int)(leaf & 0x8000_0000), 0).Eax;

    private static uint Register((int Eax, int Ebx, int Ecx, int Edx) answer, CpuidRegister register) => (uint)(register switch
    {
        CpuidRegister.Eax => answer.Eax,
        CpuidRegister.Ebx => answer.Ebx,
        CpuidRegister.Ecx => answer.Ecx,
        _ => answer.Edx,
    });

    private static string? FindMissing()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
            return "instructions are compared with silicon on x86-64 Linux only";
        if (!Has(CpuFeature.Fsgsbase) || !Has(CpuFeature.Xsave) || !Has(CpuFeature.Avx))
            return "the host lacks FSGSBASE, XSAVE or AVX, which the worker needs";
        if (!KernelLetsProgramsSetBases())
            return "this kernel does not let programs execute WRFSBASE (Linux 5.9 and later do)";
        try
        {
            using var worker = new NativeWorker();
            return worker.Run(0) ? null : $"the worker cannot run here: it ended with {worker.LastExitCode}";
        }
        catch (Exception error) when (error is NativeWorkerException or IOException or UnauthorizedAccessException)
        {
            return error.Message;
        }
    }

    /// <summary>AT_HWCAP2 of the auxiliary vector, bit 1.</summary>
    private static bool KernelLetsProgramsSetBases()
    {
        ReadOnlySpan<ulong> vector = MemoryMarshal.Cast<byte, ulong>(File.ReadAllBytes("/proc/self/auxv"));
        for (int i = 0; i + 1 < vector.Length; i += 2)
        {
            if (vector[i] == 26)
                return (vector[i + 1] & FsGsBaseInAuxiliaryVector) != 0;
        }

        return false;
    }
}
