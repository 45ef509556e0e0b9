using Xunit;

namespace SyscallExplorer.Machine.Tests;

/// <summary>The host rounds to nearest as IEEE 754 says, special values included. Of NaNs only that they are is compared: hosts differ in their bits.</summary>
public class HostAgreementTests
{
    private const int Count = 60_000;

    [Fact]
    public void Double_precision_agrees_with_the_host()
    {
        var random = new Random(53);
        for (int i = 0; i < Count; i++)
        {
            ulong a = FloatSamples.Double(random), b = FloatSamples.Double(random), c = FloatSamples.Double(random);
            double x = BitConverter.UInt64BitsToDouble(a), y = BitConverter.UInt64BitsToDouble(b), z = BitConverter.UInt64BitsToDouble(c);
            FloatContext context = new(RoundingControl.Nearest);
            Same(x + y, FloatArithmetic.Add<Binary64, ulong>(a, b, ref context));
            Same(x - y, FloatArithmetic.Subtract<Binary64, ulong>(a, b, ref context));
            Same(x * y, FloatArithmetic.Multiply<Binary64, ulong>(a, b, ref context));
            Same(x / y, FloatArithmetic.Divide<Binary64, ulong>(a, b, ref context));
            Same(Math.Sqrt(x), FloatArithmetic.SquareRoot<Binary64, ulong>(a, ref context));
            Same(Math.FusedMultiplyAdd(x, y, z), FusedMultiplyAdd.Apply<Binary64, ulong>(a, b, c, ref context));
            Same(Math.Round(x), FloatConversion.RoundToIntegral<Binary64, ulong>(a, RoundingControl.Nearest, true, ref context));
            Same(Math.Floor(x), FloatConversion.RoundToIntegral<Binary64, ulong>(a, RoundingControl.Down, true, ref context));
            Same(Math.Ceiling(x), FloatConversion.RoundToIntegral<Binary64, ulong>(a, RoundingControl.Up, true, ref context));
            Same(Math.Truncate(x), FloatConversion.RoundToIntegral<Binary64, ulong>(a, RoundingControl.Zero, true, ref context));
            Same((float)x, FloatConversion.Convert<Binary64, ulong, Binary32, uint>(a, ref context));
            Same((Half)x, FloatConversion.Convert<Binary64, ulong, Binary16, ushort>(a, ref context));
            FloatOrder expected = x < y ? FloatOrder.Less : x > y ? FloatOrder.Greater : x == y ? FloatOrder.Equal : FloatOrder.Unordered;
            Assert.Equal(expected, FloatComparison.Compare<Binary64, ulong>(a, b, signaling: false, ref context));
        }
    }

    [Fact]
    public void Single_precision_agrees_with_the_host()
    {
        var random = new Random(24);
        for (int i = 0; i < Count; i++)
        {
            uint a = FloatSamples.Single(random), b = FloatSamples.Single(random), c = FloatSamples.Single(random);
            float x = BitConverter.UInt32BitsToSingle(a), y = BitConverter.UInt32BitsToSingle(b), z = BitConverter.UInt32BitsToSingle(c);
            FloatContext context = new(RoundingControl.Nearest);
            Same(x + y, FloatArithmetic.Add<Binary32, uint>(a, b, ref context));
            Same(x - y, FloatArithmetic.Subtract<Binary32, uint>(a, b, ref context));
            Same(x * y, FloatArithmetic.Multiply<Binary32, uint>(a, b, ref context));
            Same(x / y, FloatArithmetic.Divide<Binary32, uint>(a, b, ref context));
            Same(MathF.Sqrt(x), FloatArithmetic.SquareRoot<Binary32, uint>(a, ref context));
            Same(MathF.FusedMultiplyAdd(x, y, z), FusedMultiplyAdd.Apply<Binary32, uint>(a, b, c, ref context));
            Same((double)x, FloatConversion.Convert<Binary32, uint, Binary64, ulong>(a, ref context));
            Same((Half)x, FloatConversion.SingleToHalf(a, RoundingControl.Nearest, ref context));
            Same((float)BitConverter.UInt16BitsToHalf((ushort)a), FloatConversion.HalfToSingle((ushort)a, ref context));
        }
    }

    [Fact]
    public void The_path_over_the_host_gives_the_bits_and_flags_of_the_integer_path()
    {
        var random = new Random(64);
        int taken = 0;
        for (int i = 0; i < Count; i++)
        {
            ulong a = FloatSamples.Double(random), b = FloatSamples.Double(random);
            taken += Agree<Binary64, ulong>(a, b);
            Agree<Binary32, uint>(FloatSamples.Single(random), FloatSamples.Single(random));
        }

        Assert.InRange(taken, Count / 10, Count);
    }

    private static int Agree<TFormat, TBits>(TBits a, TBits b)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        FloatContext host = new(RoundingControl.Nearest), own = host;
        FloatNumber x = TFormat.Unpack(a, own), y = TFormat.Unpack(b, own);
        int taken = 0;
        if (HostArithmetic.TryAdd(a, b, ref host, out TBits result))
        {
            Assert.Equal(FloatArithmetic.Add<TFormat, TBits>(x, y, ref own), result);
            taken = 1;
        }

        if (HostArithmetic.TrySubtract(a, b, ref host, out result))
            Assert.Equal(FloatArithmetic.Subtract<TFormat, TBits>(x, y, ref own), result);
        Assert.Equal(own.Raised, host.Raised);
        host.Raised = own.Raised = 0;
        if (HostArithmetic.TryMultiply(a, b, ref host, out result))
            Assert.Equal(FloatArithmetic.Multiply<TFormat, TBits>(x, y, ref own), result);
        Assert.Equal(own.Raised, host.Raised);
        host.Raised = own.Raised = 0;
        if (HostArithmetic.TryDivide(a, b, ref host, out result))
            Assert.Equal(FloatArithmetic.Divide<TFormat, TBits>(x, y, ref own), result);
        Assert.Equal(own.Raised, host.Raised);
        host.Raised = own.Raised = 0;
        if (HostArithmetic.TrySquareRoot(a, ref host, out result))
            Assert.Equal(FloatArithmetic.SquareRoot<TFormat, TBits>(x, ref own), result);
        Assert.Equal(own.Raised, host.Raised);
        return taken;
    }

    private static void Same(double expected, ulong actual)
    {
        if (double.IsNaN(expected))
            Assert.True(double.IsNaN(BitConverter.UInt64BitsToDouble(actual)));
        else
            Assert.Equal(BitConverter.DoubleToUInt64Bits(expected), actual);
    }

    private static void Same(float expected, uint actual)
    {
        if (float.IsNaN(expected))
            Assert.True(float.IsNaN(BitConverter.UInt32BitsToSingle(actual)));
        else
            Assert.Equal(BitConverter.SingleToUInt32Bits(expected), actual);
    }

    private static void Same(Half expected, ushort actual)
    {
        if (Half.IsNaN(expected))
            Assert.True(Half.IsNaN(BitConverter.UInt16BitsToHalf(actual)));
        else
            Assert.Equal(BitConverter.HalfToUInt16Bits(expected), actual);
    }
}
