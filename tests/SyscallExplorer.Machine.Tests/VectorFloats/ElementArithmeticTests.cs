using System.Runtime.Intrinsics;
using Iced.Intel;
using Xunit;

namespace SyscallExplorer.Machine.Tests;

/// <summary>
/// Packed and scalar arithmetic in every encoding: which elements are computed, from what, and what becomes of the rest of the destination. SDM vol. 1, 14.1.4.
/// </summary>
public sealed class ElementArithmeticTests
{
    private const int Runs = 60;

    public static TheoryData<string> Stems => ["add", "sub", "mul", "div", "min", "max", "sqrt"];

    [Theory, MemberData(nameof(Stems))]
    public void Every_form_computes_its_elements_and_keeps_or_clears_the_rest(string stem)
    {
        foreach (string suffix in (string[])["ps", "pd", "ss", "sd"])
        {
            foreach (Code form in VectorFloatForms.Of(stem + suffix, EncodingKind.Legacy).Concat(VectorFloatForms.Of("v" + stem + suffix, EncodingKind.VEX)))
            {
                if (suffix[1] == 's')
                    Check<float>(form, suffix[0] == 's', Single, (x, y) => Reference(stem, x, y));
                else
                    Check<double>(form, suffix[0] == 's', Double, (x, y) => Reference(stem, x, y));
            }
        }
    }

    private static void Check<T>(Code form, bool scalar, Func<Random, T> sample, Func<T, T, T> reference) where T : unmanaged
    {
        var random = new Random((int)form);
        FloatBench bench = new FloatBench().Load(form);
        bool vex = form.ToOpCode().Encoding == EncodingKind.VEX;
        bool wide = form.ToString().Contains("ymm");
        for (int run = 0; run < Runs; run++)
        {
            Vector256<byte>[] before = [Random(random, sample), Random(random, sample), Random(random, sample)];
            for (int i = 0; i < before.Length; i++)
                bench[i] = before[i];
            bench.Mxcsr = FloatBench.Masked | (run % 2 == 0 ? 0u : (uint)FloatExceptions.Precision);
            Assert.Null(bench.Run().Exception);

            int first = vex && form.ToOpCode().OpCount == 3 ? 1 : 0;
            int second = form.ToOpCode().OpCount == 3 ? 2 : 1;
            Vector256<byte> expected = !vex ? before[0] : scalar ? before[1].GetLower().ToVector256() : default;
            for (int i = 0; i < (scalar ? 1 : (wide ? 2 : 1) * Vector128<T>.Count); i++)
            {
                T result = reference(FloatBench.Element<T>(ref before[first], i), FloatBench.Element<T>(ref before[second], i));
                FloatBench.Element<T>(ref expected, i) = result;
            }

            Assert.True(expected == bench[0], $"{form}: {before[first]}, {before[second]} gave {bench[0]} and not {expected}");
        }
    }

    private static Vector256<byte> Random<T>(Random random, Func<Random, T> sample) where T : unmanaged
    {
        Vector256<byte> vector = default;
        for (int i = 0; i < Vector256<T>.Count; i++)
            FloatBench.Element<T>(ref vector, i) = sample(random);
        return vector;
    }

    /// <summary>No NaN, and nothing that makes one: which it is is not the host's to say.</summary>
    private static float Single(Random random)
    {
        float value = BitConverter.UInt32BitsToSingle(FloatSamples.Single(random));
        return float.IsFinite(value) && value != 0 ? value : 1.25f;
    }

    private static double Double(Random random)
    {
        double value = BitConverter.UInt64BitsToDouble(FloatSamples.Double(random));
        return double.IsFinite(value) && value != 0 ? value : 1.25;
    }

    private static float Reference(string stem, float x, float y) => stem switch
    {
        "add" => x + y,
        "sub" => x - y,
        "mul" => x * y,
        "div" => x / y,
        "min" => x < y ? x : y,
        "max" => x > y ? x : y,
        _ => y < 0 ? BitConverter.UInt32BitsToSingle(0xFFC0_0000) : MathF.Sqrt(y),
    };

    private static double Reference(string stem, double x, double y) => stem switch
    {
        "add" => x + y,
        "sub" => x - y,
        "mul" => x * y,
        "div" => x / y,
        "min" => x < y ? x : y,
        "max" => x > y ? x : y,
        _ => y < 0 ? BitConverter.UInt64BitsToDouble(0xFFF8_0000_0000_0000) : Math.Sqrt(y),
    };
}
