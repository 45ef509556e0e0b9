using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>What happens when an exception of SSE is not masked, and when an instruction may not run. SDM vol. 1, 11.5; vol. 2A, 2.4.</summary>
public sealed class SimdExceptionTests
{
    private const uint InvalidMask = (uint)FloatExceptions.Invalid << Mxcsr.MaskShift;
    private const uint OverflowMask = (uint)FloatExceptions.Overflow << Mxcsr.MaskShift;
    private const uint ZeroDivideMask = (uint)FloatExceptions.DivideByZero << Mxcsr.MaskShift;
    private const uint DenormalMask = (uint)FloatExceptions.Denormal << Mxcsr.MaskShift;

    [Theory, InlineData(true, Vector.SimdFloatingPoint), InlineData(false, Vector.InvalidOpcode)]
    public void An_unmasked_exception_is_XM_or_without_support_UD_and_writes_nothing(bool supported, Vector expected)
    {
        var bench = new FloatBench();
        if (!supported)
            bench.Machine.Cpu.Registers.ControlRegister4 &= ~Cr4.OSXMMEXCPT;
        bench.Set(0, 1.0, 2.0);
        bench.Set(1, 3.0, 0.0);
        BenchRun run = bench.Run(FloatBench.Masked & ~ZeroDivideMask, a => a.divpd(xmm0, xmm1));
        Assert.Equal(expected, run.Exception!.Vector);
        Assert.Equal([1.0, 2.0], bench.Get<double>(0, 2));
        Assert.Equal(FloatExceptions.DivideByZero, bench.Flags);
    }

    [Fact]
    public void Flags_of_all_elements_come_together()
    {
        var bench = new FloatBench();
        bench.Set(1, 1f, float.NegativeInfinity, float.MaxValue, 1f);
        bench.Set(2, 0f, float.PositiveInfinity, 1e-30f, 3f);
        Assert.Null(bench.Run(FloatBench.Masked, a => a.vdivps(xmm0, xmm1, xmm2)).Exception);
        Assert.Equal(FloatExceptions.DivideByZero | FloatExceptions.Invalid | FloatExceptions.Overflow | FloatExceptions.Precision, bench.Flags);
    }

    [Fact]
    public void An_unmasked_exception_found_before_computing_hides_those_that_computing_would_find()
    {
        var bench = new FloatBench();
        bench.Set(0, double.MaxValue, 1.0);
        bench.Set(1, double.Epsilon, 0.0);
        Assert.NotNull(bench.Run(FloatBench.Masked & ~ZeroDivideMask, a => a.divpd(xmm0, xmm1)).Exception);
        Assert.Equal(FloatExceptions.Denormal | FloatExceptions.DivideByZero, bench.Flags);
    }

    [Fact]
    public void An_unmasked_exception_found_by_computing_leaves_the_others_their_flags()
    {
        var bench = new FloatBench();
        bench.Set(0, double.MaxValue, 1.0);
        bench.Set(1, 0.5, 0.0);
        Assert.NotNull(bench.Run(FloatBench.Masked & ~OverflowMask, a => a.divpd(xmm0, xmm1)).Exception);
        Assert.Equal(FloatExceptions.Overflow | FloatExceptions.DivideByZero, bench.Flags);
    }

    [Theory, InlineData(0u, true), InlineData(Mxcsr.DAZ, false)]
    public void Denormals_that_are_zeros_raise_nothing(uint control, bool raises)
    {
        var bench = new FloatBench();
        bench.Set(0, 1.0);
        bench.Set(1, double.Epsilon);
        bench.Run(FloatBench.Masked | control, a => a.comisd(xmm0, xmm1));
        Assert.Equal(raises ? FloatExceptions.Denormal : FloatExceptions.None, bench.Flags);
    }

    [Theory, InlineData(0u, 0x8000_0000ul), InlineData(Mxcsr.FZ, 0ul)]
    public void Tiny_results_are_flushed_to_zero_only_while_underflow_is_masked(uint control, ulong expected)
    {
        var bench = new FloatBench();
        bench.Set(0, BitConverter.UInt64BitsToDouble(0x0010_0000_0000_0001));
        bench.Set(1, BitConverter.UInt64BitsToDouble(0x3E00_0000_0000_0000));
        bench.Run(FloatBench.Masked | control, a => a.mulsd(xmm0, xmm1));
        Assert.Equal(expected, bench.Lowest<ulong>(0) << 10);
        Assert.Equal(FloatExceptions.Underflow | FloatExceptions.Precision, bench.Flags);
        bench.Set(0, BitConverter.UInt64BitsToDouble(0x0010_0000_0000_0001));
        Assert.NotNull(bench.Run((FloatBench.Masked | control) & ~((uint)FloatExceptions.Underflow << Mxcsr.MaskShift), a => a.mulsd(xmm0, xmm1)).Exception);
    }

    /// <summary>The product is just below the normal numbers, and only the coarser grid of the denormal ones rounds it up to one. SDM vol. 1, 4.9.1.5.</summary>
    [Theory, InlineData(0u, 0x0010_0000_0000_0000ul), InlineData(Mxcsr.FZ, 0ul)]
    public void A_result_is_tiny_even_if_rounding_makes_it_normal(uint control, ulong expected)
    {
        var bench = new FloatBench();
        bench.Set(0, BitConverter.UInt64BitsToDouble(0x3FEF_FFFF_FFFF_FFFF));
        bench.Set(1, BitConverter.UInt64BitsToDouble(0x0010_0000_0000_0000));
        bench.Run(FloatBench.MaskedAndInexact | control, a => a.mulsd(xmm0, xmm1));
        Assert.Equal(expected, bench.Lowest<ulong>(0));
        Assert.Equal(FloatExceptions.Underflow | FloatExceptions.Precision, bench.Flags);
    }

    [Fact]
    public void Of_two_NaNs_the_first_source_is_the_result_made_quiet()
    {
        var bench = new FloatBench();
        bench.Set(1, 0x7FF0_0000_0000_0001ul, 0x3FF0_0000_0000_0000ul);
        bench.Set(2, 0xFFF8_0000_0000_0002ul, 0xFFF8_0000_0000_0003ul);
        bench.Run(FloatBench.Masked, a => a.vaddpd(xmm0, xmm1, xmm2));
        Assert.Equal([0x7FF8_0000_0000_0001ul, 0xFFF8_0000_0000_0003ul], bench.Get<ulong>(0, 2));
        Assert.Equal(FloatExceptions.Invalid, bench.Flags);
    }

    [Fact]
    public void COMISD_leaves_the_flags_alone_when_it_faults()
    {
        var bench = new FloatBench();
        bench.Set(0, double.NaN);
        bench.Machine.Flags = Rflags.Fixed | Rflags.OF;
        BenchRun run = bench.Run(FloatBench.Masked & ~InvalidMask, a => a.comisd(xmm0, xmm1));
        Assert.Equal(Rflags.OF, run.Flags & Rflags.Arithmetic);
        bench.Machine.Flags = Rflags.Fixed | Rflags.OF;
        run = bench.Run(FloatBench.Masked & ~InvalidMask, a => a.ucomisd(xmm0, xmm1));
        Assert.Null(run.Exception);
        Assert.Equal(Rflags.ZF | Rflags.PF | Rflags.CF, run.Flags & Rflags.Arithmetic);
    }

    [Fact]
    public void Only_packed_legacy_memory_operands_must_be_aligned()
    {
        var bench = new FloatBench();
        Assert.Equal(Vector.GeneralProtection, bench.Run(FloatBench.Masked, a => a.addps(xmm0, __xmmword_ptr[rsi + 8])).Exception!.Vector);
        Assert.Equal(Vector.GeneralProtection, bench.Run(FloatBench.Masked, a => a.cvtdq2ps(xmm0, __xmmword_ptr[rsi + 8])).Exception!.Vector);
        Assert.Null(bench.Run(FloatBench.Masked, a => a.addss(xmm0, __dword_ptr[rsi + 1])).Exception);
        Assert.Null(bench.Run(FloatBench.Masked, a => a.cvtdq2pd(xmm0, __qword_ptr[rsi + 1])).Exception);
        Assert.Null(bench.Run(FloatBench.Masked, a => a.vaddps(xmm0, xmm1, __xmmword_ptr[rsi + 1])).Exception);
        Assert.Null(bench.Run(FloatBench.Masked, a => a.vaddps(ymm0, ymm1, __ymmword_ptr[rsi + 1])).Exception);
    }

    [Fact]
    public void Memory_comes_before_the_exceptions_of_numbers()
    {
        var bench = new FloatBench();
        bench.Machine.Unmap(BenchLayout.KernelData);
        bench.Set(0, BitConverter.UInt32BitsToSingle(0x7F80_0001));
        foreach (Action<Assembler> code in (Action<Assembler>[])[a => a.addss(xmm0, __dword_ptr[rsi]), a => a.vcvtps2ph(__qword_ptr[rsi], xmm0, 0)])
        {
            Assert.Equal(Vector.PageFault, bench.Run(FloatBench.Masked & ~(InvalidMask | DenormalMask), code).Exception!.Vector);
            Assert.Equal(FloatExceptions.None, bench.Flags);
        }
    }

    [Fact]
    public void Without_the_operating_systems_support_every_form_is_UD()
    {
        var bench = new FloatBench();
        bench.Machine.Cpu.Registers.ControlRegister4 &= ~(Cr4.OSFXSR | Cr4.OSXSAVE);
        foreach (Action<Assembler> code in (Action<Assembler>[])[a => a.addps(xmm0, __xmmword_ptr[rsi + 8]), a => a.cvtsi2sd(xmm0, eax), a => a.ucomiss(xmm0, xmm1),
            a => a.vaddps(ymm0, ymm1, ymm2), a => a.vfmadd132sd(xmm0, xmm1, xmm2), a => a.vcvtps2ph(xmm0, xmm1, 0),
            a => a.cvtps2pi(mm0, xmm0), a => a.dpps(xmm0, xmm1, 0)])
        {
            Assert.Equal(Vector.InvalidOpcode, bench.Run(FloatBench.Masked, code).Exception!.Vector);
        }
    }
}
