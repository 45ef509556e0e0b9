using Iced.Intel;
using Xunit;

namespace SyscallExplorer.Machine.Tests;

/// <summary>CMPPS and its kin by the names of their predicates, and COMISS. SDM vol. 2A, CMPPD, table 3-1.</summary>
public sealed class FloatComparisonFormTests
{
    /// <summary>The 32 predicates: O or U says what unordered operands give, Q or S whether a quiet NaN is invalid.</summary>
    private static readonly string[] Predicates =
    [
        "EQ_OQ", "LT_OS", "LE_OS", "UNORD_Q", "NEQ_UQ", "NLT_US", "NLE_US", "ORD_Q", "EQ_UQ", "NGE_US", "NGT_US", "FALSE_OQ", "NEQ_OQ", "GE_OS", "GT_OS", "TRUE_UQ",
        "EQ_OS", "LT_OQ", "LE_OQ", "UNORD_S", "NEQ_US", "NLT_UQ", "NLE_UQ", "ORD_S", "EQ_US", "NGE_UQ", "NGT_UQ", "FALSE_OS", "NEQ_OS", "GE_OQ", "GT_OQ", "TRUE_US",
    ];

    private static readonly double[] Values = [1, 2, 0.0, -0.0, -1, double.PositiveInfinity, double.NegativeInfinity, double.NaN, double.Epsilon, -double.Epsilon];

    [Fact]
    public void Each_predicate_is_what_its_name_says()
    {
        for (int predicate = 0; predicate < 64; predicate++)
        {
            FloatBench vex = new FloatBench().Load(VectorFloatForms.Of("vcmpsd", EncodingKind.VEX).Single(), (byte)predicate);
            FloatBench legacy = new FloatBench().Load(VectorFloatForms.Of("cmpsd", EncodingKind.Legacy).Single(), (byte)predicate);
            foreach (double left in Values)
            {
                foreach (double right in Values)
                {
                    vex.Set(1, left);
                    vex.Set(2, right);
                    Check(vex, Predicates[predicate & 31], left, right);
                    legacy.Set(0, left);
                    legacy.Set(1, right);
                    Check(legacy, Predicates[predicate & 7], left, right);
                }
            }
        }
    }

    [Fact]
    public void Every_width_compares_every_element()
    {
        foreach (Code form in VectorFloatForms.Of("cmpps", EncodingKind.Legacy).Concat(VectorFloatForms.Of("vcmpps", EncodingKind.VEX)))
        {
            FloatBench bench = new FloatBench().Load(form, 1);
            int first = form.ToOpCode().Encoding == EncodingKind.VEX ? 1 : 0;
            bench.Set(first, 1f, 2f, 3f, 4f, -1f, -2f, -3f, -4f);
            bench.Set(first + 1, 4f, 3f, 2f, 1f, -4f, -3f, -2f, -1f);
            uint above = form.ToString().Contains("ymm") ? uint.MaxValue : first == 0 ? BitConverter.SingleToUInt32Bits(-4f) : 0;
            bench.Run();
            uint[] results = bench.Get<uint>(0, 8);
            Assert.Equal([uint.MaxValue, uint.MaxValue, 0, 0], results[..4]);
            Assert.Equal(above, results[7]);
        }
    }

    [Theory, InlineData("comisd", true), InlineData("ucomisd", false)]
    public void COMISD_sets_ZF_PF_and_CF_and_clears_the_rest(string name, bool signaling)
    {
        foreach (Code form in VectorFloatForms.Of(name, EncodingKind.Legacy).Concat(VectorFloatForms.Of("v" + name, EncodingKind.VEX)))
        {
            FloatBench bench = new FloatBench().Load(form);
            foreach (double left in Values)
            {
                foreach (double right in Values)
                {
                    bench.Set(0, left);
                    bench.Set(1, right);
                    bench.Machine.Flags = Rflags.Fixed | Rflags.Arithmetic;
                    bench.Mxcsr = FloatBench.Masked;
                    bool unordered = double.IsNaN(left) || double.IsNaN(right);
                    ulong expected = unordered ? Rflags.ZF | Rflags.PF | Rflags.CF : left < right ? Rflags.CF : left == right ? Rflags.ZF : 0;
                    Assert.Equal(expected, bench.Run().Flags & Rflags.Arithmetic);
                    Assert.Equal(Flags(left, right, signaling), bench.Flags);
                }
            }
        }
    }

    private static void Check(FloatBench bench, string predicate, double left, double right)
    {
        bench.Mxcsr = FloatBench.Masked;
        bench.Run();
        bool unordered = double.IsNaN(left) || double.IsNaN(right);
        string relation = predicate[..predicate.IndexOf('_')];
        bool holds = relation switch
        {
            "EQ" => left == right,
            "LT" or "NGE" => left < right,
            "LE" or "NGT" => left <= right,
            "GT" or "NLE" => left > right,
            "GE" or "NLT" => left >= right,
            "NEQ" => left != right,
            "UNORD" or "FALSE" => false,
            _ => true,
        };
        if (unordered)
            holds = predicate.Contains("_U") || relation == "UNORD";
        Assert.True((holds ? ulong.MaxValue : 0) == bench.Lowest<ulong>(0), $"{left} {predicate} {right}");
        Assert.Equal(Flags(left, right, predicate[^1] == 'S'), bench.Flags);
    }

    private static FloatExceptions Flags(double left, double right, bool signaling)
    {
        if (double.IsNaN(left) || double.IsNaN(right))
            return signaling ? FloatExceptions.Invalid : FloatExceptions.None;
        return double.IsSubnormal(left) || double.IsSubnormal(right) ? FloatExceptions.Denormal : FloatExceptions.None;
    }
}
