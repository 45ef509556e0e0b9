using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>RCPPS and RSQRTPS. SDM vol. 2B, each under its name.</summary>
public sealed class ReciprocalTests
{
    private const double Bound = 1.5 / 4096;

    public static TheoryData<int> Vendors => [(int)CpuVendor.Intel, (int)CpuVendor.Amd];

    [Theory, MemberData(nameof(Vendors))]
    public void Estimates_are_within_the_bound_for_every_fraction(int vendor)
    {
        for (uint fraction = 0; fraction < 1 << 23; fraction += 0x7F)
        {
            foreach (uint exponent in (uint[])[1, 2, 126, 127, 128, 251, 252])
            {
                uint bits = (exponent << 23) | fraction;
                double value = BitConverter.UInt32BitsToSingle(bits);
                double reciprocal = BitConverter.UInt32BitsToSingle(Reciprocals.Reciprocal(bits, (CpuVendor)vendor));
                Assert.InRange((reciprocal * value) - 1, -Bound, Bound);
                double root = BitConverter.UInt32BitsToSingle(Reciprocals.ReciprocalRoot(bits, (CpuVendor)vendor));
                Assert.InRange((root * Math.Sqrt(value)) - 1, -Bound, Bound);
            }
        }
    }

    /// <summary>Zero and denormals, infinities, NaNs, results below the normal numbers, negative numbers.</summary>
    [Theory]
    [InlineData(0x0000_0000u, 0x7F80_0000u, 0x7F80_0000u)]
    [InlineData(0x8000_0001u, 0xFF80_0000u, 0xFF80_0000u)]
    [InlineData(0x7F80_0000u, 0x0000_0000u, 0x0000_0000u)]
    [InlineData(0xFF80_0000u, 0x8000_0000u, 0xFFC0_0000u)]
    [InlineData(0x7F80_0001u, 0x7FC0_0001u, 0x7FC0_0001u)]
    [InlineData(0xFFC0_0007u, 0xFFC0_0007u, 0xFFC0_0007u)]
    [InlineData(0xFF00_0000u, 0x8000_0000u, 0xFFC0_0000u)]
    public void Special_operands_give_special_results_and_no_exception(uint value, uint reciprocal, uint root)
    {
        foreach (CpuModel model in (CpuModel[])[Cpus.Skylake, Cpus.Zen2])
        {
            var bench = new FloatBench(model);
            bench.Set(1, value, value);
            Assert.Null(bench.Run(0, a => a.rcpps(xmm0, xmm1)).Exception);
            Assert.Equal([reciprocal, reciprocal], bench.Get<uint>(0, 2));
            Assert.Null(bench.Run(0, a => a.rsqrtss(xmm0, xmm1)).Exception);
            Assert.Equal([root, reciprocal], bench.Get<uint>(0, 2));
            Assert.Equal(FloatExceptions.None, bench.Flags);
        }
    }

    /// <summary>Values read from a processor of family 1Ah, at the ends of its tables and inside.</summary>
    [Theory]
    [InlineData(0x3F80_0000u, 0x3F7F_F000u, 0x3F7F_F800u)]
    [InlineData(0x3F80_1000u, 0x3F7F_D800u, 0x3F7F_E800u)]
    [InlineData(0x4080_0000u, 0x3E7F_F000u, 0x3EFF_F800u)]
    [InlineData(0x7F00_0000u, 0x0000_0000u, 0x1FB5_0000u)]
    [InlineData(0x7EFF_FFFFu, 0x0000_0000u, 0x1FB5_0800u)]
    [InlineData(0x0080_0000u, 0x7E7F_F000u, 0x5EFF_F800u)]
    public void Estimates_of_AMD_are_those_of_its_tables(uint value, uint reciprocal, uint root)
    {
        Assert.Equal(reciprocal, Reciprocals.Reciprocal(value, CpuVendor.Amd));
        Assert.Equal(root, Reciprocals.ReciprocalRoot(value, CpuVendor.Amd));
    }

    [Theory, InlineData("rcp"), InlineData("rsqrt")]
    public void Every_form_estimates_its_elements(string stem)
    {
        float[] values = [1f, 2f, 3f, 4f, 5f, 6f, 7f, 8f];
        foreach (Code form in VectorFloatForms.Of($"v{stem}ps", EncodingKind.VEX).Concat(VectorFloatForms.Of($"{stem}ps", EncodingKind.Legacy)))
        {
            FloatBench bench = new FloatBench().Load(form);
            bench.Set(1, values);
            bench.Run();
            int count = form.ToString().Contains("ymm") ? 8 : 4;
            float[] expected = values.Select((value, i) => i < count ? Estimate(stem, value) : 0).ToArray();
            Assert.Equal(expected, bench.Get<float>(0, 8));
        }
    }

    private static float Estimate(string stem, float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return BitConverter.UInt32BitsToSingle(stem == "rcp" ? Reciprocals.Reciprocal(bits, CpuVendor.Intel) : Reciprocals.ReciprocalRoot(bits, CpuVendor.Intel));
    }
}
