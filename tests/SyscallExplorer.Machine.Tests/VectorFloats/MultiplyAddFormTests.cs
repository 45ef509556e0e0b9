using System.Runtime.Intrinsics;
using Iced.Intel;
using Xunit;

namespace SyscallExplorer.Machine.Tests;

/// <summary>
/// The 96 forms of FMA, each against the host's fused operation on the operands and with the signs that its name says. SDM vol. 2, VFMADD132PD and its kin.
/// </summary>
public sealed class MultiplyAddFormTests
{
    [Fact]
    public void Every_form_multiplies_and_adds_the_operands_in_its_name()
    {
        int forms = 0;
        foreach (string operation in (string[])["fmadd", "fmsub", "fnmadd", "fnmsub", "fmaddsub", "fmsubadd"])
        {
            foreach (string order in (string[])["132", "213", "231"])
            {
                foreach (string suffix in (string[])["ps", "pd", "ss", "sd"])
                {
                    bool alternates = operation is "fmaddsub" or "fmsubadd";
                    if (alternates && suffix[0] == 's')
                        continue;
                    foreach (Code form in VectorFloatForms.Of($"v{operation}{order}{suffix}", EncodingKind.VEX))
                    {
                        forms++;
                        if (suffix[1] == 'd')
                            Check(form, operation, order, suffix[0] == 's', Double, Math.FusedMultiplyAdd, x => -x);
                        else
                            Check(form, operation, order, suffix[0] == 's', random => (float)Double(random), MathF.FusedMultiplyAdd, x => -x);
                    }
                }
            }
        }

        Assert.Equal(96, forms);
    }

    private static double Double(Random random) => (random.NextDouble() - 0.5) * Math.Pow(2, random.Next(40));

    private static void Check<T>(Code form, string operation, string order, bool scalar, Func<Random, T> sample, Func<T, T, T, T> fused, Func<T, T> negate)
        where T : unmanaged
    {
        var random = new Random((int)form);
        FloatBench bench = new FloatBench().Load(form);
        for (int run = 0; run < 8; run++)
        {
            var operands = new Vector256<byte>[3];
            for (int operand = 0; operand < 3; operand++)
            {
                for (int i = 0; i < Vector256<T>.Count; i++)
                    FloatBench.Element<T>(ref operands[operand], i) = sample(random);
                bench[operand] = operands[operand];
            }

            bench.Mxcsr = FloatBench.Masked | (run % 2 == 0 ? 0 : (uint)FloatExceptions.Precision);
            bench.Run();
            Vector256<byte> expected = scalar ? operands[0].GetLower().ToVector256() : default;
            int count = scalar ? 1 : form.ToString().Contains("ymm") ? Vector256<T>.Count : Vector128<T>.Count;
            for (int i = 0; i < count; i++)
            {
                T x = FloatBench.Element<T>(ref operands[order[0] - '1'], i);
                T y = FloatBench.Element<T>(ref operands[order[1] - '1'], i);
                T z = FloatBench.Element<T>(ref operands[order[2] - '1'], i);
                bool subtracts = operation switch
                {
                    "fmaddsub" => i % 2 == 0,
                    "fmsubadd" => i % 2 != 0,
                    _ => operation.EndsWith("sub"),
                };
                T result = fused(operation.StartsWith("fn") ? negate(x) : x, y, subtracts ? negate(z) : z);
                FloatBench.Element<T>(ref expected, i) = result;
            }

            Assert.True(expected == bench[0], $"{form}: {bench[0]} and not {expected}");
        }
    }
}
