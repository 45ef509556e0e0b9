using System.Runtime.Intrinsics;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>Conversions: how many elements, what is above them, rounding, and what does not fit. SDM vol. 2A, CVTDQ2PD to CVTTSS2SI; vol. 2, ROUNDPD.</summary>
public sealed class FloatConversionFormTests
{
    private static readonly double[] Doubles = [2.5, -2.5, 3.5, 1e10];
    private static readonly Vector256<byte> Ones = Vector256.Create((byte)0xFF);

    [Fact]
    public void Narrowing_forms_clear_what_is_above_their_result()
    {
        var bench = new FloatBench();
        foreach ((Action<Assembler> code, int count, bool vex) in ((Action<Assembler>, int, bool)[])[
            (a => a.cvtpd2dq(xmm0, xmm1), 2, false), (a => a.vcvtpd2dq(xmm0, xmm1), 2, true), (a => a.vcvtpd2dq(xmm0, ymm1), 4, true)])
        {
            bench[0] = Ones;
            bench.Set(1, Doubles);
            bench.Run(FloatBench.Masked, code);
            int[] expected = [2, -2, count == 4 ? 4 : 0, count == 4 ? int.MinValue : 0, vex ? 0 : -1, vex ? 0 : -1, vex ? 0 : -1, vex ? 0 : -1];
            Assert.Equal(expected, bench.Get<int>(0, 8));
            Assert.Equal(FloatExceptions.Precision | (count == 4 ? FloatExceptions.Invalid : 0), bench.Flags);
        }

        bench[0] = Ones;
        bench.Run(FloatBench.Masked, a => a.cvtpd2ps(xmm0, xmm1));
        Assert.Equal([2.5f, -2.5f, 0f, 0f], bench.Get<float>(0, 4));
        Assert.Equal(ulong.MaxValue, bench.Get<ulong>(0, 3)[2]);
    }

    [Fact]
    public void Widening_forms_read_only_the_low_elements()
    {
        var bench = new FloatBench();
        bench.Machine.Write64(BenchLayout.KernelData + 8, 0xFFFF_FFFF_0000_0007);
        bench.Run(FloatBench.Masked, a => a.cvtdq2pd(xmm0, __qword_ptr[rsi + 8]));
        Assert.Equal([7.0, -1.0], bench.Get<double>(0, 2));
        bench.Set(1, 1f, -2f, 3f, -4f);
        bench.Run(FloatBench.Masked, a => a.vcvtps2pd(ymm0, xmm1));
        Assert.Equal([1.0, -2.0, 3.0, -4.0], bench.Get<double>(0, 4));
        bench[0] = Ones;
        bench.Run(FloatBench.Masked, a => a.vcvtps2pd(xmm0, xmm1));
        Assert.Equal([1.0, -2.0, 0.0, 0.0], bench.Get<double>(0, 4));
    }

    [Theory, InlineData(0, 2, -2, 4), InlineData(1, 2, -3, 3), InlineData(2, 3, -2, 4), InlineData(3, 2, -2, 3)]
    public void Integers_are_rounded_by_the_mode_of_MXCSR(int mode, long ofTwoAndAHalf, long ofItsNegative, long ofThreeAndAHalf)
    {
        var bench = new FloatBench();
        uint mxcsr = FloatBench.Masked | (uint)mode << Mxcsr.RoundingShift;
        foreach ((double value, long expected) in ((double, long)[])[(2.5, ofTwoAndAHalf), (-2.5, ofItsNegative), (3.5, ofThreeAndAHalf)])
        {
            bench.Set(1, value);
            bench.Run(mxcsr, a => a.cvtsd2si(rax, xmm1));
            Assert.Equal(expected, (long)bench.Rax);
            bench.Run(mxcsr, a => a.cvttsd2si(rax, xmm1));
            Assert.Equal((long)value, (long)bench.Rax);
            foreach (byte control in (byte[])[(byte)mode, 4])
            {
                bench.Run(control == 4 ? mxcsr : FloatBench.Masked, a => a.roundsd(xmm0, xmm1, control));
                Assert.Equal(expected, bench.Lowest<double>(0));
                Assert.Equal(FloatExceptions.Precision, bench.Flags);
            }
        }
    }

    [Fact]
    public void ROUNDSD_keeps_signs_and_may_hide_precision()
    {
        var bench = new FloatBench();
        bench.Set(1, -0.25);
        bench.Run(FloatBench.Masked, a => a.roundsd(xmm0, xmm1, 8));
        Assert.Equal(1ul << 63, bench.Lowest<ulong>(0));
        Assert.Equal(FloatExceptions.None, bench.Flags);
    }

    [Theory]
    [InlineData(2147483648.0, 0x8000_0000ul, 0x8000_0000ul)]
    [InlineData(-2147483649.0, 0x8000_0000ul, 0xFFFF_FFFF_7FFF_FFFFul)]
    [InlineData(9223372036854775808.0, 0x8000_0000ul, 0x8000_0000_0000_0000ul)]
    [InlineData(double.NaN, 0x8000_0000ul, 0x8000_0000_0000_0000ul)]
    [InlineData(-2147483648.0, 0x8000_0000ul, 0xFFFF_FFFF_8000_0000ul)]
    public void What_does_not_fit_is_the_integer_indefinite_and_invalid(double value, ulong narrow, ulong wide)
    {
        var bench = new FloatBench();
        bench.Set(1, value);
        bench.Run(FloatBench.Masked, a => a.cvttsd2si(eax, xmm1));
        Assert.Equal(narrow, bench.Rax);
        Assert.Equal(value == int.MinValue ? FloatExceptions.None : FloatExceptions.Invalid, bench.Flags);
        bench.Run(FloatBench.Masked, a => a.cvtsd2si(rax, xmm1));
        Assert.Equal(wide, bench.Rax);
        Assert.Equal(wide == 1ul << 63 ? FloatExceptions.Invalid : FloatExceptions.None, bench.Flags);
    }

    [Fact]
    public void Integers_of_general_registers_and_memory_become_numbers()
    {
        var random = new Random(9);
        var bench = new FloatBench();
        for (int run = 0; run < 200; run++)
        {
            long value = random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64);
            bench.Rax = (ulong)value;
            bench.Set(1, 8.0, 9.0, 10.0, 11.0);
            bench.Run(FloatBench.Masked, a => a.vcvtsi2sd(xmm0, xmm1, rax));
            Assert.Equal([value, 9.0, 0.0, 0.0], bench.Get<double>(0, 4));
            Assert.Equal((Int128)(double)value != value, bench.Flags == FloatExceptions.Precision);
            bench.Machine.Write64(BenchLayout.KernelData, (ulong)value);
            bench.Run(FloatBench.Masked, a => a.cvtsi2ss(xmm0, __dword_ptr[rsi]));
            Assert.Equal((float)(int)value, bench.Lowest<float>(0));
            Assert.Equal((double)(float)(int)value != (int)value, bench.Flags == FloatExceptions.Precision);
        }
    }

    [Fact]
    public void Every_half_precision_number_goes_to_single_precision_and_back()
    {
        var bench = new FloatBench();
        for (int bits = 0; bits <= ushort.MaxValue; bits += 8)
        {
            ushort[] halves = Enumerable.Range(bits, 8).Select(i => (ushort)i).ToArray();
            bench.Set(1, halves);
            if (bits == 0)
                bench.Load(a => { a.vcvtph2ps(ymm0, xmm1); a.vcvtps2ph(xmm2, ymm0, 4); });
            bench.Mxcsr = FloatBench.Masked | Mxcsr.DAZ | Mxcsr.FZ;
            bench.Run();
            for (int i = 0; i < 8; i++)
            {
                var half = BitConverter.UInt16BitsToHalf(halves[i]);
                if (Half.IsNaN(half))
                    halves[i] |= 0x200;
                else
                    Assert.Equal((float)half, bench.Get<float>(0, 8)[i]);
            }

            Assert.Equal(halves, bench.Get<ushort>(2, 8));
            Assert.True(bench[2].GetUpper() == default);
        }
    }

    [Fact]
    public void VCVTPS2PH_rounds_by_its_immediate_and_writes_half_as_much_memory()
    {
        var bench = new FloatBench();
        float third = 1f / 3;
        bench.Set(1, third, -third, 1e6f, 1e-9f);
        foreach ((byte control, ushort[] expected) in ((byte, ushort[])[])[
            (0, [0x3555, 0xB555, 0x7C00, 0]), (1, [0x3555, 0xB556, 0x7BFF, 0]), (2, [0x3556, 0xB555, 0x7C00, 1]), (3, [0x3555, 0xB555, 0x7BFF, 0])])
        {
            bench.Machine.Write64(BenchLayout.KernelData + 8, ulong.MaxValue);
            bench.Run(FloatBench.Masked, a => a.vcvtps2ph(__qword_ptr[rsi], xmm1, control));
            Assert.Equal(expected, Enumerable.Range(0, 4).Select(i => bench.Machine.Read16(BenchLayout.KernelData + (ulong)(2 * i))));
            Assert.Equal(ulong.MaxValue, bench.Machine.Read64(BenchLayout.KernelData + 8));
            Assert.Equal(FloatExceptions.Overflow | FloatExceptions.Underflow | FloatExceptions.Precision, bench.Flags);
        }
    }
}
