using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>ADDSUB, HADD, HSUB and DP. SDM vol. 2, each under its name.</summary>
public sealed class FloatPairTests
{
    private static readonly float[] Left = [1, 2, 3, 4, 5, 6, 7, 8];
    private static readonly float[] Right = [10, 20, 30, 40, 50, 60, 70, 80];

    public static TheoryData<string, float[]> Expected => new()
    {
        { "addsub", [-9, 22, -27, 44, -45, 66, -63, 88] },
        { "hadd", [3, 7, 30, 70, 11, 15, 110, 150] },
        { "hsub", [-1, -1, -10, -10, -1, -1, -10, -10] },
    };

    [Theory, MemberData(nameof(Expected))]
    public void Each_half_is_for_itself(string stem, float[] expected)
    {
        foreach (Code form in VectorFloatForms.Of(stem + "ps", EncodingKind.Legacy).Concat(VectorFloatForms.Of($"v{stem}ps", EncodingKind.VEX)))
        {
            FloatBench bench = new FloatBench().Load(form);
            bool vex = form.ToOpCode().Encoding == EncodingKind.VEX;
            bench.Set(vex ? 1 : 0, Left);
            bench.Set(vex ? 2 : 1, Right);
            bench.Run();
            float[] above = form.ToString().Contains("ymm") ? expected[4..] : vex ? [0, 0, 0, 0] : Left[4..];
            Assert.Equal([.. expected[..4], .. above], bench.Get<float>(0, 8));
        }
    }

    [Fact]
    public void Double_precision_pairs_are_the_whole_half()
    {
        var bench = new FloatBench();
        bench.Set(1, 1.0, 2.0, 3.0, 4.0);
        bench.Set(2, 10.0, 20.0, 30.0, 40.0);
        bench.Run(FloatBench.Masked, a => a.vhsubpd(ymm0, ymm1, ymm2));
        Assert.Equal([-1.0, -10.0, -1.0, -10.0], bench.Get<double>(0, 4));
        bench.Run(FloatBench.Masked, a => a.vaddsubpd(ymm0, ymm1, ymm2));
        Assert.Equal([-9.0, 22.0, -27.0, 44.0], bench.Get<double>(0, 4));
    }

    [Fact]
    public void Dot_products_select_factors_and_destinations_by_the_immediate()
    {
        var bench = new FloatBench();
        bench.Set(1, Left);
        bench.Set(2, Right);
        bench.Run(FloatBench.Masked, a => a.vdpps(ymm0, ymm1, ymm2, 0xB5));
        float low = (1 * 10) + (2 * 20) + (4 * 40), high = (5 * 50) + (6 * 60) + (8 * 80);
        Assert.Equal([low, 0, low, 0, high, 0, high, 0], bench.Get<float>(0, 8));
        bench.Set(0, 3.0, 4.0);
        bench.Set(1, 5.0, 7.0);
        bench.Run(FloatBench.Masked, a => a.dppd(xmm0, xmm1, 0x32));
        Assert.Equal([0.0, 43.0], bench.Get<double>(0, 2));
    }

    [Fact]
    public void Dot_products_sum_in_pairs()
    {
        var bench = new FloatBench();
        bench.Set(0, 1e30f, -1e30f, 1f, 2f);
        bench.Set(1, 1f, 1f, 1f, 1f);
        bench.Run(FloatBench.Masked, a => a.dpps(xmm0, xmm1, 0xF1));
        Assert.Equal(3f, bench.Lowest<float>(0));
        bench.Set(0, 1e30f, 1f, -1e30f, 2f);
        bench.Run(FloatBench.Masked, a => a.dpps(xmm0, xmm1, 0xF1));
        Assert.Equal(0f, bench.Lowest<float>(0));
    }

    [Fact]
    public void An_unmasked_exception_of_the_products_ends_a_dot_product_before_its_sums()
    {
        var bench = new FloatBench();
        bench.Set(0, float.MaxValue, float.MaxValue);
        bench.Set(1, 2f, -2f);
        uint allButOverflow = FloatBench.Masked & ~((uint)FloatExceptions.Overflow << Mxcsr.MaskShift);
        Assert.NotNull(bench.Run(allButOverflow, a => a.dpps(xmm0, xmm1, 0x31)).Exception);
        Assert.Equal(FloatExceptions.Overflow, bench.Flags);
        Assert.Null(bench.Run(FloatBench.Masked, a => a.dpps(xmm0, xmm1, 0x31)).Exception);
        Assert.Equal(FloatExceptions.Overflow | FloatExceptions.Precision | FloatExceptions.Invalid, bench.Flags);
    }
}
