using SyscallExplorer.Linux;
using SyscallExplorer.Machine;
using Xunit;

namespace SyscallExplorer.Tests;

/// <summary>How addresses are mapped, entry by entry.</summary>
public sealed class PageMapTests
{
    [Fact]
    public void The_entry_code_is_mapped_for_both_sides_and_the_rest_of_the_kernel_only_for_itself()
    {
        Lab lab = Lab.Boot("Linux_5_13", "Skylake", "pti=on");
        PageMap entry = lab.Pages(lab.Machine.AddressOf("entry_SYSCALL_64")), inside = lab.Pages(lab.Machine.AddressOf("do_syscall_64"));
        Assert.Equal(["kernel", "user"], entry.Tables.Select(walk => walk.Root.Name));
        Assert.All(entry.Tables, walk =>
        {
            Assert.Equal(["PML4E", "PDPTE", "PDE"], walk.Path.Steps.Take(3).Select(step => step.Level));
            Assert.True(walk.Path is { IsExecutable: true, IsWritable: false, IsUser: false });
        });
        Assert.Equal(entry.Tables[0].Path.Physical, entry.Tables[1].Path.Physical);
        Assert.NotNull(inside.Tables[0].Path.Physical);
        Assert.Null(inside.Tables[1].Path.Physical);
        Assert.False(inside.Tables[1].Path.Steps[^1].IsPresent);
    }

    [Fact]
    public void Without_isolation_there_is_one_set_of_tables()
    {
        Lab lab = Lab.Boot("Linux_5_13", "Zen2");
        PageMap pages = lab.Pages(lab.Machine.AddressOf("do_syscall_64"));
        Assert.Equal("kernel", Assert.Single(pages.Tables).Root.Name);
    }

    [Theory]
    [InlineData("Haswell")]
    [InlineData("Zen2")]
    [InlineData("SapphireRapids")]
    public void A_walk_leads_where_the_processor_goes_and_changes_nothing(string cpu)
    {
        Lab lab = Lab.Boot("Linux_5_13", cpu);
        lab.Load(a => a.nop());
        foreach (ulong address in (ulong[])[UserSpace.Data64 + 0x123, lab.Machine.AddressOf("do_syscall_64") + 5])
        {
            PageMap before = lab.Pages(address);
            Assert.Equal(lab.Machine.Processor.TryTranslate(address, out ulong physical), before.Tables[0].Path.Physical is not null);
            if (before.Tables[0].Path.Physical is { } found)
                Assert.Equal(physical, found);
            Assert.Equal(before.ToText(), lab.Pages(address).ToText());
        }
    }

    [Theory]
    [InlineData("Linux_5_13", "SapphireRapids", "PML5E PML4E PDPTE PDE PTE")]
    [InlineData("Linux_5_13", "Skylake", "PML4E PDPTE PDE PTE")]
    [InlineData("Linux_4_20_i386", "Skylake", "PDPTE PDE PTE")]
    [InlineData("Linux_2_6_39_i386", "PentiumIII", "PDE PTE")]
    public void A_walk_has_as_many_levels_as_the_kernel_pages_in(string kernel, string cpu, string levels)
    {
        Lab lab = Lab.Boot(kernel, cpu);
        lab.Load(a => a.nop(), bitness: lab.Kernel.Is32Bit ? 32 : 64);
        PageMap map = lab.Pages(lab.Kernel.Is32Bit ? UserSpace.Code32 : UserSpace.Code64);
        Assert.All(map.Tables, walk => Assert.Equal(levels.Split(' '), walk.Path.Steps.Select(step => step.Level)));
        Assert.True(map.Tables[0].Path is { IsUser: true, Physical: not null });
    }

    [Fact]
    public void What_is_not_mapped_says_at_which_level_the_way_ends()
    {
        Lab lab = Lab.Boot("Linux_5_13", "Skylake");
        PagePath path = lab.Pages(0x1234).Tables[0].Path;
        Assert.Equal("PML4E", Assert.Single(path.Steps).Level);
        Assert.Equal((null, 0ul), (path.Physical, path.PageSize));
        Assert.Contains("not present", lab.Pages(0x1234).ToText(), StringComparison.Ordinal);
        Assert.Contains("not mapped", lab.Pages(0x1234).ToHtml(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_that_is_not_canonical_is_refused_with_the_rule()
    {
        Lab lab = Lab.Boot("Linux_5_13", "Skylake");
        ArgumentException e = Assert.Throws<ArgumentException>(() => lab.Pages(0x8000_0000_0000));
        Assert.Contains("bits 63 to 47 of an address are all alike", e.Message, StringComparison.Ordinal);
    }
}
