using SyscallExplorer.Linux;
using SyscallExplorer.Machine;
using Xunit;

namespace SyscallExplorer.Tests;

/// <summary>What a lab shows of every kernel generation.</summary>
public sealed class GenerationTests
{
    public static TheoryData<string, string> Machines()
    {
        var rows = new TheoryData<string, string>();
        foreach (KernelGeneration kernel in Kernels.All)
        {
            foreach (CpuModel cpu in (CpuModel[])[Cpus.Core2, Cpus.Haswell, Cpus.Skylake, Cpus.SapphireRapids, Cpus.PantherLake, Cpus.K8, Cpus.Zen2, Cpus.Zen4])
                rows.Add(kernel.Name, cpu.Name);
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Each_path_is_compared_and_its_phases_add_up(string kernel, string cpu)
    {
        Lab lab = Lab.Boot(kernel, cpu);
        Comparison comparison = lab.Compare("getpid");
        Assert.Equal(lab.Paths, comparison.Rows.Select(row => row.Path));
        Assert.All(comparison.Rows, row => Assert.Equal(row.Cycles, row.Phases.Sum(phase => phase.Cycles), 6));
        Assert.All(comparison.Rows, row => Assert.Contains(row.Phases, phase => phase.Phase.Kind == PhaseKind.Dispatch && phase.Instructions > 0));
        Assert.All(comparison.Rows, row => Assert.DoesNotContain(row.Phases, phase => phase.Phase.Kind == PhaseKind.Interrupted && phase.Cycles > 0));
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Each_path_is_traced_with_the_registers_of_the_call(string kernel, string cpu)
    {
        Lab lab = Lab.Boot(kernel, cpu);
        foreach (EntryPath path in lab.Paths)
        {
            Trace trace = lab.Trace(path);
            Assert.All(trace.Steps.Skip(1), step => Assert.Equal(0, step.Ring));
            Assert.All(trace.Steps.Skip(1), step => Assert.NotEqual("", step.Symbol));
            Assert.Equal(path == EntryPath.Syscall ? 39ul : 20ul, trace.PtRegs![PtRegsOffsets.OrigAx]);
        }
    }

    /// <summary>Page-table isolation comes with 4.15, the write to IA32_SPEC_CTRL with 5.19, the loop over the branch history with 6.9.</summary>
    [Theory]
    [InlineData("2.6.39", "Skylake", "")]
    [InlineData("4.4", "Skylake", "")]
    [InlineData("4.20", "Skylake", "KPTI, index mask, retpoline")]
    [InlineData("5.13", "Skylake", "KPTI, MDS, index mask, retpoline")]
    [InlineData("6.1", "Skylake", "IBRS, KPTI, MDS, index mask")]
    [InlineData("6.12", "Skylake", "IBRS, KPTI, MDS, branch history, index mask")]
    [InlineData("6.1", "Zen2", "index mask, retpoline, untrain return")]
    [InlineData("6.12", "Zen4", "index mask, safe return")]
    [InlineData("6.12", "SapphireRapids", "index mask")]
    [InlineData("6.12", "CascadeLake", "branch history, index mask")]
    [InlineData("6.12", "SandyBridge", "KPTI, MDS, index mask")]
    [InlineData("6.12", "Bulldozer", "index mask, untrain return")]
    [InlineData("6.12", "Zen3", "index mask, safe return")]
    [InlineData("6.12", "K8", "index mask")]
    public void A_boot_chooses_the_mitigations_of_its_time_and_its_processor(string kernel, string cpu, string mitigations)
    {
        PathCost cost = Lab.Boot(kernel, cpu).Compare("getpid", EntryPath.Syscall)[EntryPath.Syscall];
        IEnumerable<string?> seen = cost.Phases.Where(phase => phase.Phase.Mitigation is not null && phase.Instructions > 0).Select(phase => phase.Phase.Mitigation);
        Assert.Equal(mitigations, string.Join(", ", seen.Order(StringComparer.Ordinal)));
    }

    [Fact]
    public void A_boot_without_32_bit_programs_has_the_64_bit_path_alone()
    {
        Lab lab = Lab.Boot("6.8", "Zen2", "ia32_emulation=off");
        Assert.Equal([EntryPath.Syscall], lab.Paths);
        Assert.Single(lab.Compare("getpid").Rows);
    }

    [Theory]
    [InlineData("6.8", "Zen2", "", "safe return")]
    [InlineData("6.1", "Zen2", "retbleed=ibpb", "IBPB")]
    [InlineData("6.12", "Zen4", "spec_rstack_overflow=ibpb", "IBPB")]
    [InlineData("5.13", "Zen2", "sysx.stackleak=on", "STACKLEAK")]
    public void A_measurement_names_what_an_option_costs(string kernel, string cpu, string options, string mitigation)
    {
        PathCost cost = Lab.Boot(kernel, cpu, options).Compare("getpid", EntryPath.Syscall)[EntryPath.Syscall];
        Assert.Contains(cost.Phases, phase => phase.Phase.Mitigation == mitigation && phase.Cycles > 0);
        Assert.Equal(cost.Cycles, cost.Phases.Sum(phase => phase.Cycles), 6);
    }

    [Fact]
    public void An_option_of_a_later_version_is_refused_with_its_version()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => Lab.Boot("4.4", "Skylake", "pti=off"));
        Assert.Contains("Linux 4.4 has no option 'pti': it came with Linux 4.15", error.Message, StringComparison.Ordinal);
    }
}
