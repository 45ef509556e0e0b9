using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>Conversions between MMX and XMM registers, which share their registers with the x87 FPU. SDM vol. 2A, CVTPI2PS to CVTTPS2PI.</summary>
public sealed class MmxFloatConversionTests
{
    [Fact]
    public void Results_go_to_the_MMX_register_and_TOP_and_the_tags_are_set()
    {
        var bench = new FloatBench();
        bench.Set(1, 2.5, -1e10);
        foreach (Action<Assembler> code in (Action<Assembler>[])[a => a.cvtpd2pi(mm3, xmm1), a => a.cvttpd2pi(mm3, xmm1)])
        {
            StandAt(bench, top: 5);
            bench.Run(FloatBench.Masked, code);
            Assert.Equal(0x8000_0000_0000_0002, bench.Machine.Cpu.Mm(3));
            Assert.True(IsMmx(bench));
        }
    }

    [Fact]
    public void CVTPI2PS_writes_half_of_the_register_and_CVTPI2PD_all_of_it()
    {
        var bench = new FloatBench();
        bench.Machine.Cpu.SetMm(2, 0xFFFF_FFFE_0000_0007);
        bench.Set(0, 1f, 2f, 3f, 4f);
        bench.Run(FloatBench.Masked, a => a.cvtpi2ps(xmm0, mm2));
        Assert.Equal([7f, -2f, 3f, 4f], bench.Get<float>(0, 4));
        bench.Run(FloatBench.Masked, a => a.cvtpi2pd(xmm0, mm2));
        Assert.Equal([7.0, -2.0], bench.Get<double>(0, 2));
    }

    [Fact]
    public void A_pending_x87_exception_comes_first_where_MMX_is_involved()
    {
        foreach ((CpuModel model, bool singleFromMemory) in ((CpuModel, bool)[])[(Cpus.Skylake, true), (Cpus.Zen2, false)])
        {
            var bench = new FloatBench(model);
            foreach ((Action<Assembler> code, bool usesMmx) in ((Action<Assembler>, bool)[])[
                (a => a.cvtps2pi(mm0, xmm0), true), (a => a.cvtpd2pi(mm0, __xmmword_ptr[rsi]), true),
                (a => a.cvtpi2pd(xmm0, mm0), true), (a => a.cvtpi2ps(xmm0, mm0), true),
                (a => a.cvtpi2pd(xmm0, __qword_ptr[rsi]), false), (a => a.cvtpi2ps(xmm0, __qword_ptr[rsi]), singleFromMemory)])
            {
                StandAt(bench, top: 5);
                Assert.Null(bench.Run(FloatBench.Masked, code).Exception);
                Assert.Equal(usesMmx, IsMmx(bench));
                StandAt(bench, top: 5);
                bench.Machine.Cpu.S.X87.Status |= X87Status.ES;
                Assert.Equal(usesMmx ? Vector.FloatingPoint : null, bench.Run(FloatBench.Masked, code).Exception?.Vector);
                Assert.False(IsMmx(bench));
            }
        }
    }

    /// <summary>As a Zen 5 does.</summary>
    [Fact]
    public void The_FPU_changes_over_to_MMX_even_when_a_conversion_faults()
    {
        var bench = new FloatBench(Cpus.Zen2);
        bench.Set(0, float.NaN);
        StandAt(bench, top: 5);
        Assert.Equal(Vector.SimdFloatingPoint, bench.Run(0, a => a.cvtps2pi(mm0, xmm0)).Exception!.Vector);
        Assert.True(IsMmx(bench));
    }

    private static void StandAt(FloatBench bench, int top)
    {
        bench.Machine.Cpu.S.X87.Status = (ushort)(top << X87Status.TopShift);
        bench.Machine.Cpu.S.X87.Valid = 0;
    }

    private static bool IsMmx(FloatBench bench) => bench.Machine.Cpu.S.X87.Top == 0 && bench.Machine.Cpu.S.X87.Valid == 0xFF;
}
