using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux.Tests;

/// <summary>The kernel's command line, and what it and the processor switch on.</summary>
public sealed class KernelOptionTests
{
    private static readonly KernelFeature[] Mitigations =
    [
        KernelFeature.Pti, KernelFeature.Retpoline, KernelFeature.RetpolineLfence, KernelFeature.FenceSwapgsUser, KernelFeature.FenceSwapgsKernel,
        KernelFeature.MdsClear, KernelFeature.RandomizeKstackOffset,
    ];

    [Theory]
    [InlineData("ptii=on", "ptii", "pti")]
    [InlineData("quiet mitigation=off", "mitigation", "mitigations")]
    [InlineData("pti=onn", "onn", "on")]
    [InlineData("mitigations=of", "of", "off")]
    public void An_unknown_option_or_value_is_a_sentence_with_the_nearest_right_one(string commandLine, string wrong, string right)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => KernelOptions.Parse(commandLine));
        Assert.Contains($"'{wrong}'", error.Message, StringComparison.Ordinal);
        Assert.Contains($"Did you mean '{right}'?", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_where_none_belongs_is_named()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => KernelOptions.Parse("nopti=1"));
        Assert.Contains("'nopti' takes no value", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_value_is_named_with_the_values_there_are()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => KernelOptions.Parse("pti"));
        Assert.Contains("auto, on, off", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Skylake", "", true)]
    [InlineData("Haswell", "", true)]
    [InlineData("Zen2", "", false)]
    [InlineData("Zen2", "pti=on", true)]
    [InlineData("Skylake", "nopti", false)]
    [InlineData("Skylake", "pti=off", false)]
    [InlineData("Skylake", "mitigations=off", false)]
    [InlineData("Skylake", "mitigations=off pti=on", true)]
    [InlineData("Skylake", "mitigations=off pti=auto", true)]
    [InlineData("Skylake", "nopti pti=on", true)]
    public void Isolation_follows_meltdown_unless_the_command_line_decides(string cpu, string options, bool expected) =>
        Assert.Equal(expected, Features(cpu, options).Contains(KernelFeature.Pti));

    [Theory]
    [InlineData("Skylake", "", KernelFeature.Retpoline)]
    [InlineData("Zen2", "", KernelFeature.RetpolineLfence)]
    [InlineData("Zen2", "spectre_v2=retpoline,generic", KernelFeature.Retpoline)]
    [InlineData("Zen2", "spectre_v2=retpoline,amd", KernelFeature.RetpolineLfence)]
    [InlineData("Skylake", "spectre_v2=retpoline,amd", KernelFeature.Retpoline)]
    [InlineData("Skylake", "spectre_v2=off", null)]
    [InlineData("Skylake", "nospectre_v2 spectre_v2=on", null)]
    [InlineData("Skylake", "mitigations=off spectre_v2=on", null)]
    public void The_retpoline_is_the_vendors_unless_the_command_line_decides(string cpu, string options, KernelFeature? expected)
    {
        IReadOnlySet<KernelFeature> features = Features(cpu, options);
        foreach (KernelFeature kind in (KernelFeature[])[KernelFeature.Retpoline, KernelFeature.RetpolineLfence])
            Assert.Equal(kind == expected, features.Contains(kind));
    }

    [Theory]
    [InlineData("SapphireRapids", "", null)]
    [InlineData("SapphireRapids", "spectre_v2=on", null)]
    [InlineData("SapphireRapids", "spectre_v2=eibrs", null)]
    [InlineData("SapphireRapids", "spectre_v2=eibrs,retpoline", KernelFeature.Retpoline)]
    [InlineData("SapphireRapids", "spectre_v2=eibrs,lfence", KernelFeature.RetpolineLfence)]
    [InlineData("Skylake", "spectre_v2=on", KernelFeature.KernelIbrs)]
    [InlineData("Skylake", "spectre_v2=eibrs", KernelFeature.KernelIbrs)]
    [InlineData("Haswell", "spectre_v2=eibrs", KernelFeature.Retpoline)]
    public void Enhanced_ibrs_stays_on_where_the_processor_has_it(string cpu, string options, KernelFeature? expected)
    {
        IReadOnlySet<KernelFeature> features = KernelOptions.Parse(options).FeaturesFor(Cpus.Find(cpu), new Version(6, 8));
        foreach (KernelFeature kind in (KernelFeature[])[KernelFeature.Retpoline, KernelFeature.RetpolineLfence, KernelFeature.KernelIbrs])
            Assert.Equal(kind == expected, features.Contains(kind));
        Assert.Contains(KernelFeature.RsbContextSwitch, features);
    }

    [Theory]
    [InlineData("SapphireRapids", "spectre_v2=eibrs,retpoline", false)]
    [InlineData("CascadeLake", "", true)]
    [InlineData("CascadeLake", "spectre_bhi=off", false)]
    [InlineData("CascadeLake", "nospectre_v2", false)]
    [InlineData("CascadeLake", "spectre_v2=off", false)]
    [InlineData("CascadeLake", "mitigations=off", false)]
    public void Branch_history_is_cleared_unless_a_retpoline_or_the_command_line_spares_it(string cpu, string options, bool expected) =>
        Assert.Equal(expected, KernelOptions.Parse(options).FeaturesFor(Cpus.Find(cpu), new Version(6, 12)).Contains(KernelFeature.ClearBranchHistory));

    [Theory]
    [InlineData("Skylake", "", true)]
    [InlineData("Zen2", "", false)]
    [InlineData("Skylake", "mds=off", false)]
    public void Verw_is_there_only_where_the_processor_leaks_its_buffers(string cpu, string options, bool expected) =>
        Assert.Equal(expected, Features(cpu, options).Contains(KernelFeature.MdsClear));

    [Theory]
    [InlineData("Skylake", "", true, false)]
    [InlineData("Skylake", "pti=off", true, true)]
    [InlineData("Haswell", "pti=off nofsgsbase", true, true)]
    [InlineData("Zen2", "", true, false)]
    [InlineData("Zen2", "nofsgsbase", false, false)]
    [InlineData("Zen2", "nofsgsbase nosmap", true, false)]
    [InlineData("Skylake", "nospectre_v1", false, false)]
    public void Swapgs_fences_follow_smap_fsgsbase_and_isolation(string cpu, string options, bool kernel, bool user)
    {
        IReadOnlySet<KernelFeature> features = Features(cpu, options);
        Assert.Equal(kernel, features.Contains(KernelFeature.FenceSwapgsKernel));
        Assert.Equal(user, features.Contains(KernelFeature.FenceSwapgsUser));
    }

    [Theory]
    [InlineData("Skylake", "", true, true)]
    [InlineData("Haswell", "nox2apic", false, true)]
    [InlineData("Skylake", "lapic=notscdeadline", true, false)]
    [InlineData("Skylake", "nox2apic lapic=notscdeadline", false, false)]
    [InlineData("Zen2", "", true, false)]
    [InlineData("Zen2", "nox2apic", false, false)]
    public void The_local_apic_follows_the_processor_unless_the_command_line_decides(string cpu, string options, bool extended, bool deadline)
    {
        IReadOnlySet<KernelFeature> features = Features(cpu, options);
        Assert.Equal(extended, features.Contains(KernelFeature.X2Apic));
        Assert.Equal(deadline, features.Contains(KernelFeature.TscDeadline));
    }

    [Fact]
    public void Mitigations_off_switches_every_mitigation_off_on_every_processor()
    {
        foreach (CpuModel cpu in Cpus.All)
            Assert.Empty(Features(cpu.Name, "mitigations=off").Intersect(Mitigations));
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("randomize_kstack_offset=on", true)]
    [InlineData("randomize_kstack_offset=off", false)]
    public void The_random_stack_offset_must_be_asked_for(string options, bool expected) =>
        Assert.Equal(expected, Features("Skylake", options).Contains(KernelFeature.RandomizeKstackOffset));

    private static IReadOnlySet<KernelFeature> Features(string cpu, string options) => KernelOptions.Parse(options).FeaturesFor(Cpus.Find(cpu));
}
