using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>I/O breakpoints, which CR4.DE enables. SDM vol. 3A, 17.2.4 and 17.3.1.2.</summary>
public sealed class PortBreakpointTests
{
    [Theory]
    [InlineData(0x60, 1, true), InlineData(0x5D, 4, true), InlineData(0x5C, 4, false), InlineData(0x61, 1, false)]
    public void An_access_that_touches_the_port_is_a_trap_behind_the_instruction(int port, int size, bool hits)
    {
        foreach (bool input in (bool[])[false, true])
        {
            MachineBench bench = Bench(Cr4.DE);
            bench[Gpr.Rdx] = (ulong)port;
            TakenException? taken = bench.Try(BenchMode.Kernel64, a =>
            {
                if (input && size == 1)
                    a.@in(al, dx);
                else if (input)
                    a.@in(eax, dx);
                else if (size == 1)
                    a.@out(dx, al);
                else
                    a.@out(dx, eax);
            }).Exception;
            Assert.Equal(hits ? (Vector.Debug, BenchLayout.KernelCode + 1) : null, taken is null ? ((Vector, ulong)?)null : (taken.Vector, taken.Rip));
        }
    }

    [Fact]
    public void Each_element_of_a_repeated_instruction_is_an_access()
    {
        MachineBench bench = Bench(Cr4.DE);
        (bench[Gpr.Rdx], bench[Gpr.Rcx], bench[Gpr.Rsi]) = (0x60, 3, BenchLayout.KernelData);
        Assert.Equal((Vector.Debug, 2ul), (bench.Fault(BenchMode.Kernel64, a => a.rep.outsb()).Vector, bench[Gpr.Rcx]));
    }

    [Fact]
    public void Without_CR4_DE_nothing_is_hit()
    {
        MachineBench bench = Bench(0);
        bench.Run64(a => a.@in(al, 0x60));
        bench[Gpr.Rax] = Cr4.PAE | Cr4.DE;
        Assert.Equal(Vector.Debug, bench.Fault(BenchMode.Kernel64, a => { a.mov(cr4, rax); a.@in(al, 0x60); }).Vector);
    }

    private static MachineBench Bench(ulong extra)
    {
        var bench = new MachineBench();
        bench.Cpu.Registers.ControlRegister4 |= extra;
        bench.Break(0x60, Watch.Port);
        return bench;
    }
}
