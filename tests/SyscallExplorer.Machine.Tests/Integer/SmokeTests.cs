using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

public class SmokeTests
{
    [Theory]
    [InlineData(BenchMode.Kernel64), InlineData(BenchMode.Kernel32), InlineData(BenchMode.Kernel16), InlineData(BenchMode.User64), InlineData(BenchMode.User32)]
    public void Code_of_every_mode_runs_to_its_end(BenchMode mode)
    {
        var bench = new MachineBench();
        bench.Complete(mode, a => { a.mov(eax, 0x12345678); a.add(eax, 1); a.push(ax); a.pop(cx); });
        Assert.Equal(0x12345679u, bench[Gpr.Rax]);
    }
    [Theory]
    [InlineData(BenchMode.Kernel64), InlineData(BenchMode.Kernel32), InlineData(BenchMode.Kernel16), InlineData(BenchMode.User64), InlineData(BenchMode.User32)]
    public void Ex(BenchMode mode)
    {
        var bench = new MachineBench();
        var t = bench.Fault(mode, a => { a.nop(); a.ud2(); });
        Assert.Equal(Vector.InvalidOpcode, t.Vector);
    }
}
