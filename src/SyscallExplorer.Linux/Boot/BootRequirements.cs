using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>What a kernel must find in a processor.</summary>
internal static class BootRequirements
{
    /// <summary>Linux 3.8 took the support of the 386 out.</summary>
    private static readonly Version s_without386 = new(3, 8);

    /// <summary>Refuses a processor that a kernel cannot run on.</summary>
    /// <exception cref="ArgumentException">It lacks something; the message says what, and which kernel would do.</exception>
    public static void Check(KernelGeneration kernel, CpuModel cpu)
    {
        if (!kernel.Is32Bit && !cpu.Has(CpuFeature.Lm))
            throw Lacks(cpu, "no long mode", kernel, $"take a 32-bit kernel, such as {Kernels.I386[0].Name}");
        if (!kernel.Is32Bit && !cpu.Has(CpuFeature.Apic))
            throw Lacks(cpu, "no local APIC", kernel, $"add {nameof(CpuFeature.Apic)}");
        if (kernel.Traits.Version >= s_without386 && !cpu.Has(CpuFeature.I486))
            throw Lacks(cpu, "neither CMPXCHG nor XADD nor INVLPG", kernel, $"Linux {s_without386} was the first without the 386; take {Kernels.I386[0].Name}");
    }

    private static ArgumentException Lacks(CpuModel cpu, string what, KernelGeneration kernel, string remedy) =>
        new($"The CPU model '{cpu.Name}' has {what}, which {kernel} needs: {remedy}.", nameof(cpu));
}
