using SyscallExplorer.Linux;
using SyscallExplorer.Machine;
using Xunit;

namespace SyscallExplorer.Tests;

/// <summary>Labs with 32-bit kernels.</summary>
public sealed class I386LabTests
{
    public static TheoryData<string> Names() => [.. Kernels.I386.Select(kernel => kernel.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_32_bit_kernel_offers_int_80_and_Sysenter_and_measures_both(string kernel)
    {
        Lab lab = Lab.Boot(kernel, "PentiumIII");
        Assert.Equal([EntryPath.Int80, EntryPath.Sysenter], lab.Paths);
        Comparison comparison = lab.Compare("getpid");
        Assert.Equal(2, comparison.Rows.Count);
        foreach (PathCost row in comparison.Rows)
        {
            Assert.Equal(1000, row.Result);
            Assert.Equal(row.Cost, row.Phases.Sum(phase => phase.Cost));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_trace_goes_from_the_entry_instruction_to_the_one_that_leaves(string kernel)
    {
        Lab lab = Lab.Boot(kernel, "Core2");
        foreach ((EntryPath path, string last) in (ReadOnlySpan<(EntryPath, string)>)[(EntryPath.Int80, "iret"), (EntryPath.Sysenter, "sysexit")])
        {
            Trace trace = lab.Trace(path);
            Assert.StartsWith(last, trace.Steps[^1].Text);
            Assert.True(trace.Steps.Count > 30);
        }
    }

    [Fact]
    public void A_path_that_a_32_bit_kernel_has_not_is_refused_by_a_sentence()
    {
        Lab lab = Lab.Boot("Linux_4_20_i386", "K8");
        string message = Assert.Throws<ArgumentException>(() => lab.Compare("getpid", EntryPath.Syscall)).Message;
        Assert.Contains("Linux 4.20 (i386) is a 32-bit kernel", message);
    }

    [Fact]
    public void A_64_bit_kernel_refuses_a_processor_without_long_mode()
    {
        string message = Assert.Throws<ArgumentException>(() => Lab.Boot(Kernels.Linux_5_13, Cpus.PentiumIII)).Message;
        Assert.Contains("no long mode", message);
        Assert.Contains("Linux_2_6_39_i386", message);
    }
}
