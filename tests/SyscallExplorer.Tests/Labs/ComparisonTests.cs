using SyscallExplorer.Linux;
using SyscallExplorer.Machine;
using Xunit;

namespace SyscallExplorer.Tests;

/// <summary>What a comparison promises, whatever the figures are.</summary>
public sealed class ComparisonTests
{
    public static TheoryData<string, string> Machines() => new()
    {
        { "Skylake", "pti=on" },
        { "Skylake", "pti=off" },
        { "Zen2", "pti=on" },
        { "Zen2", "pti=off" },
        { "Haswell", "" },
        { "Skylake", "mitigations=off randomize_kstack_offset=on" },
    };

    [Theory]
    [MemberData(nameof(Machines))]
    public void The_phases_sum_to_the_total_exactly(string cpu, string options)
    {
        foreach (SyscallRequest call in Syscalls.All)
        {
            foreach (PathCost row in Lab.Boot("5.13", cpu, options).Compare(call).Rows)
            {
                Assert.Equal(row.Cost, row.Phases.Sum(phase => phase.Cost));
                Assert.Equal(row.Cycles, row.Phases.Sum(phase => phase.Cycles));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void The_figures_used_make_the_total_exactly_and_their_intervals_hold_it(string cpu, string options)
    {
        foreach (SyscallRequest call in Syscalls.All)
        {
            foreach (PathCost row in Lab.Boot("5.13", cpu, options).Compare(call).Rows)
            {
                Assert.Equal(row.Cost, row.Figures.Sum(use => use.Cost));
                Assert.InRange(row.Cost, row.Low, row.High);
                Assert.Equal(row.Weakest, row.Figures.Max(use => use.Figure.Confidence));
                Assert.Equal(1.0, row.Origins.Sum(origin => origin.Share), 9);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Every_path_answers_the_same(string cpu, string options)
    {
        Lab lab = Lab.Boot("5.13", cpu, options);
        Assert.All(lab.Compare(Syscalls.GetPid).Rows, row => Assert.Equal(TaskIdentity.Pid, row.Result));
        Assert.All(lab.Compare(Syscalls.Unused).Rows, row => Assert.Equal(-Errno.ENOSYS, row.Result));
        Assert.All(lab.Compare(Syscalls.WriteNull).Rows, row => Assert.Equal(64, row.Result));
        Assert.All(lab.Compare(Syscalls.ReadZero).Rows, row => Assert.Equal(64, row.Result));
        Assert.All(lab.Compare(Syscalls.ClockGetTime).Rows, row => Assert.Equal(0, row.Result));
    }

    [Fact]
    public void Measuring_leaves_no_trace_in_the_lab_and_repeats_to_the_bit()
    {
        Lab lab = Lab.Boot(Kernels.Linux_5_13, Cpus.Skylake);
        Comparison first = lab.Compare("getpid");
        lab.Trace(EntryPath.Int80);
        lab.Run([0x0F, 0x0B]);
        Comparison second = lab.Compare("getpid");
        Comparison elsewhere = Lab.Boot("Linux_5_13", "skylake").Compare("getpid");
        foreach (Comparison other in (Comparison[])[second, elsewhere])
        {
            Assert.Equal(first.Inputs, other.Inputs);
            Assert.Equal(first.Rows.Select(row => (row.Cost, row.Low, row.High)), other.Rows.Select(row => (row.Cost, row.Low, row.High)));
            Assert.Equal(first.Rows.SelectMany(row => row.Phases), other.Rows.SelectMany(row => row.Phases));
        }
    }

    [Fact]
    public void A_mitigation_that_is_off_has_no_phase()
    {
        Comparison with = Lab.Boot("5.13", "Skylake", "pti=on").Compare("getpid");
        Comparison without = Lab.Boot("5.13", "Skylake", "mitigations=off").Compare("getpid");
        Assert.All(with.Rows, row => Assert.Contains(row.Phases, phase => phase.Phase == Phase.OfMitigation("KPTI")));
        foreach (string name in (string[])["KPTI", "MDS", "retpoline"])
            Assert.DoesNotContain(Phase.OfMitigation(name), without.Phases);
    }

    [Fact]
    public void The_interval_of_a_difference_comes_from_what_distinguishes_the_paths()
    {
        Comparison comparison = Lab.Boot("5.13", "Skylake").Compare("getpid");
        PathDifference difference = comparison.Differences[0];
        PathCost slower = comparison.Rows.Single(row => row.Label == difference.Slower);
        PathCost faster = comparison.Rows.Single(row => row.Label == difference.Faster);
        Assert.Equal(slower.Cycles - faster.Cycles, difference.Cycles, 9);
        Assert.InRange(difference.Cycles, difference.LowCycles, difference.HighCycles);
        Assert.True(difference.HighCycles - difference.LowCycles < slower.HighCycles - faster.LowCycles - (slower.LowCycles - faster.HighCycles),
            "Figures that both paths use alike must cancel out.");
        Assert.Equal(difference.LowCycles > 0, difference.OrderSurvives);
        Assert.InRange(difference.AssumedShare, 0.0, 1.0);
    }

    [Fact]
    public void Asking_for_a_path_that_the_processor_lacks_says_which_to_ask_for()
    {
        var error = Assert.Throws<ArgumentException>(() => Lab.Boot("5.13", "Zen2").Compare("getpid", EntryPath.Sysenter));
        Assert.Contains("EntryPath.SyscallCompat", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<ArgumentException>(() => Lab.Boot("5.13", "Haswell").Trace(EntryPath.SyscallCompat));
        Assert.Contains("EntryPath.Sysenter", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_name_gets_the_nearest_right_ones()
    {
        Assert.Contains("Did you mean 'Skylake'?", Assert.Throws<ArgumentException>(() => Lab.Boot("5.13", "Skylke")).Message, StringComparison.Ordinal);
        Assert.Contains("Linux_5_13", Assert.Throws<ArgumentException>(() => Lab.Boot("Linux_5_31", "Skylake")).Message, StringComparison.Ordinal);
        Assert.Contains("Did you mean 'getpid'?",
            Assert.Throws<ArgumentException>(() => Lab.Boot("5.13", "Skylake").Compare("getpit", EntryPath.Syscall)).Message, StringComparison.Ordinal);
        Assert.Contains("Did you mean 'pti'?", Assert.Throws<ArgumentException>(() => Lab.Boot("5.13", "Skylake", "pit=off")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_hash_of_the_inputs_changes_with_each_of_them()
    {
        string[] hashes =
        [
            Lab.Boot("5.13", "Skylake").Inputs.Hash,
            Lab.Boot("5.13", "Haswell").Inputs.Hash,
            Lab.Boot("5.13", "Skylake", "pti=off").Inputs.Hash,
            Lab.Boot("5.13", "Skylake", seed: 1).Inputs.Hash,
            Lab.Boot("5.13", "Skylake").Compare("getpid").Inputs.Hash,
            Lab.Boot("5.13", "Skylake").Compare("gettid").Inputs.Hash,
        ];
        Assert.Equal(hashes.Length, hashes.Distinct().Count());
        Assert.Equal(hashes[0], Lab.Boot(Kernels.Linux_5_13, Cpus.Skylake).Inputs.Hash);
    }
}
