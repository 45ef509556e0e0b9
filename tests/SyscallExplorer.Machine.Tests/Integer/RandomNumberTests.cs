using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>RDRAND and RDSEED. SDM vol. 2B.</summary>
public sealed class RandomNumberTests
{
    [Fact]
    public void Equal_seeds_give_equal_numbers_and_other_seeds_others()
    {
        Assert.Equal(Draw(seed: 5), Draw(seed: 5));
        Assert.NotEqual(Draw(seed: 5), Draw(seed: 6));
        Assert.Equal(4, Draw(seed: 5).Distinct().Count());
    }

    [Fact]
    public void A_snapshot_goes_on_with_the_numbers_that_would_have_come()
    {
        var bench = new MachineBench();
        bench.Run64(a => a.rdrand(rax));
        ProcessorSnapshot snapshot = bench.Cpu.Capture();
        bench.Run64(a => a.rdrand(rax));
        ulong number = bench[Gpr.Rax];
        bench.Cpu.Restore(snapshot);
        bench.Run64(a => a.rdrand(rax));
        Assert.Equal(number, bench[Gpr.Rax]);
    }

    [Fact]
    public void CF_is_set_and_the_other_arithmetic_flags_are_cleared()
    {
        var bench = new MachineBench { Flags = Rflags.Arithmetic & ~Rflags.CF };
        Assert.Equal(Rflags.CF, bench.Run64(a => a.rdseed(eax)).Flags & Rflags.Arithmetic);
    }

    [Fact]
    public void A_number_is_as_wide_as_its_register()
    {
        var bench = new MachineBench();
        bench[Gpr.Rax] = bench[Gpr.Rcx] = ulong.MaxValue;
        bench.Run64(a => { a.rdrand(ax); a.rdseed(ecx); });
        Assert.Equal((0xFFFF_FFFF_FFFFul, 0ul), (bench[Gpr.Rax] >> 16, bench[Gpr.Rcx] >> 32));
        Assert.NotEqual(0xFFFFul, bench[Gpr.Rax] & 0xFFFF);
    }

    private static ulong[] Draw(ulong seed)
    {
        var bench = new MachineBench();
        bench.Cpu.RandomSeed = seed;
        bench.Run64(a => { a.rdrand(rax); a.rdrand(rbx); a.rdseed(rcx); a.rdseed(rdx); });
        return [bench[Gpr.Rax], bench[Gpr.Rbx], bench[Gpr.Rcx], bench[Gpr.Rdx]];
    }
}
