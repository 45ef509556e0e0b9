using Iced.Intel;
using Xunit;

namespace SyscallExplorer.Machine.Tests;

/// <summary>What the host computes, where it may, is what integer arithmetic computes: bits and MXCSR, on operands of all kinds.</summary>
public sealed class HostPathTests
{
    private const int Runs = 3000;

    public static TheoryData<string> Names => ["addsd", "subsd", "mulsd", "divsd", "sqrtsd", "addss", "subss", "mulss", "divss", "sqrtss"];

    [Theory, MemberData(nameof(Names))]
    public void Scalar_results_and_flags_are_those_of_integer_arithmetic(string name)
    {
        FloatBench bench = new FloatBench().Load(VectorFloatForms.Of(name, EncodingKind.Legacy).Single());
        if (name[^1] == 'd')
            Compare<Binary64, ulong>(bench, FloatSamples.Double, name);
        else
            Compare<Binary32, uint>(bench, FloatSamples.Single, name);
    }

    [Theory, InlineData("add"), InlineData("sub"), InlineData("mul"), InlineData("div"), InlineData("sqrt")]
    public void Packed_results_are_the_scalar_results(string stem)
    {
        var random = new Random(77);
        FloatBench packed = new FloatBench().Load(VectorFloatForms.Of($"v{stem}ps", EncodingKind.VEX).Last());
        FloatBench scalar = new FloatBench().Load(VectorFloatForms.Of($"{stem}ss", EncodingKind.Legacy).Single());
        bool unary = stem == "sqrt";
        for (int run = 0; run < Runs / 10; run++)
        {
            uint[] left = Ordinary(random, 8), right = Ordinary(random, 8);
            packed.Set(unary ? 2 : 1, left);
            packed.Set(unary ? 1 : 2, right);
            packed.Mxcsr = FloatBench.MaskedAndInexact;
            packed.Run();
            uint[] results = packed.Get<uint>(0, 8);
            scalar.Mxcsr = FloatBench.MaskedAndInexact;
            for (int i = 0; i < 8; i++)
            {
                scalar.Set(0, left[i]);
                scalar.Set(1, right[i]);
                scalar.Run();
                Assert.Equal(scalar.Lowest<uint>(0), results[i]);
            }

            Assert.Equal(scalar.Mxcsr, packed.Mxcsr);
        }
    }

    [Theory, InlineData("cvtss2sd"), InlineData("cvtsd2ss")]
    public void Changes_of_precision_are_those_of_integer_arithmetic(string name)
    {
        var random = new Random(5);
        FloatBench bench = new FloatBench().Load(VectorFloatForms.Of(name, EncodingKind.Legacy).Single());
        for (int run = 0; run < Runs; run++)
        {
            FloatContext context = RandomControls(random, bench);
            if (name == "cvtss2sd")
            {
                uint value = FloatSamples.Single(random);
                bench.Set(1, value);
                bench.Run();
                Assert.Equal(FloatConversion.Convert<Binary64, ulong>(Binary32.Unpack(value, context), ref context), bench.Lowest<ulong>(0));
            }
            else
            {
                ulong value = random.Next(2) == 0 ? FloatSamples.Double(random)
                    : BitConverter.DoubleToUInt64Bits(BitConverter.UInt32BitsToSingle(FloatSamples.Single(random)) * (1 + random.NextDouble()));
                bench.Set(1, value);
                bench.Run();
                Assert.Equal(FloatConversion.Convert<Binary32, uint>(Binary64.Unpack(value, context), ref context), bench.Lowest<uint>(0));
            }

            Assert.Equal(context.Raised, bench.Flags);
        }
    }

    [Theory, InlineData("cvtsd2si", false), InlineData("cvttsd2si", true)]
    public void Integers_are_those_of_integer_arithmetic(string name, bool truncates)
    {
        var random = new Random(6);
        foreach (Code form in VectorFloatForms.Of(name, EncodingKind.Legacy))
        {
            bool wide = form.ToString().Contains("r64");
            FloatBench bench = new FloatBench().Load(a => a.AddInstruction(Instruction.Create(form, wide ? Register.RAX : Register.EAX, Register.XMM1)));
            for (int run = 0; run < Runs; run++)
            {
                FloatContext context = RandomControls(random, bench);
                ulong value = random.Next(2) == 0 ? FloatSamples.Double(random)
                    : BitConverter.DoubleToUInt64Bits((random.NextDouble() - 0.5) * Math.Pow(2, random.Next(66)));
                bench.Set(1, value);
                bench.Run();
                long expected = FloatConversion.ToSigned<Binary64, ulong>(value, wide ? 64 : 32, truncates ? RoundingControl.Zero : context.Rounding, ref context);
                Assert.Equal(wide ? (ulong)expected : (uint)expected, bench.Rax);
                Assert.Equal(context.Raised, bench.Flags);
            }
        }
    }

    private static void Compare<TFormat, TBits>(FloatBench bench, Func<Random, TBits> sample, string name)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        var random = new Random(4711);
        TBits previous = default;
        for (int run = 0; run < Runs; run++)
        {
            FloatContext context = RandomControls(random, bench);
            TBits left = sample(random), right = random.Next(8) == 0 ? previous : sample(random);
            previous = left;
            uint before = bench.Mxcsr;
            bench.Set(0, left);
            bench.Set(1, right);
            bench.Run();
            FloatNumber x = TFormat.Unpack(left, context), y = TFormat.Unpack(right, context);
            TBits expected = name[..3] switch
            {
                "add" => FloatArithmetic.Add<TFormat, TBits>(x, y, ref context),
                "sub" => FloatArithmetic.Subtract<TFormat, TBits>(x, y, ref context),
                "mul" => FloatArithmetic.Multiply<TFormat, TBits>(x, y, ref context),
                "div" => FloatArithmetic.Divide<TFormat, TBits>(x, y, ref context),
                _ => FloatArithmetic.SquareRoot<TFormat, TBits>(y, ref context),
            };
            TBits actual = bench.Lowest<TBits>(0);
            Assert.True(expected.Equals(actual), $"{name} of {left} and {right} under MXCSR {before:x} is {expected} and not {actual}");
            Assert.Equal(before | (uint)context.Raised, bench.Mxcsr);
        }
    }

    /// <summary>All exceptions masked; half of the time what the host may compute with.</summary>
    private static FloatContext RandomControls(Random random, FloatBench bench)
    {
        bench.Mxcsr = random.Next(2) == 0 ? FloatBench.MaskedAndInexact
            : FloatBench.Masked | (uint)random.Next(4) << Mxcsr.RoundingShift | (random.Next(3) == 0 ? Mxcsr.FZ : 0) | (random.Next(3) == 0 ? Mxcsr.DAZ : 0);
        FloatContext context = FloatContext.FromMxcsr(bench.Mxcsr);
        context.Raised = bench.Flags;
        return context;
    }

    /// <summary>Ordinary numbers with a zero now and then, and sometimes something odd.</summary>
    private static uint[] Ordinary(Random random, int count)
    {
        var values = new uint[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = random.Next(40) == 0 ? FloatSamples.Single(random)
                : random.Next(10) == 0 ? 0 : BitConverter.SingleToUInt32Bits((float)(random.NextDouble() * Math.Pow(2, random.Next(-70, 70))));
        }

        return values;
    }
}
