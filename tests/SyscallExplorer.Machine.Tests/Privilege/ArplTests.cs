using Xunit;

namespace SyscallExplorer.Machine.Tests;

/// <summary>ARPL. SDM vol. 2A.</summary>
public sealed class ArplTests
{
    private readonly MachineBench _bench = new();

    [Theory]
    [InlineData(0x10u, 0x03u, 0x13u, true), InlineData(0x12u, 0x01u, 0x12u, false), InlineData(0x13u, 0x03u, 0x13u, false)]
    public void The_requested_level_is_raised_to_the_callers(uint selector, uint caller, uint expected, bool adjusted)
    {
        (_bench[Gpr.Rax], _bench[Gpr.Rcx]) = (0xABCD_0000 | selector, caller);
        _bench.Flags = adjusted ? 0 : Rflags.ZF;

        // arpl ax, cx
        BenchRun run = _bench.Complete(BenchMode.User32, 0x63, 0xC8);
        Assert.Equal((0xABCD_0000 | expected, adjusted), (_bench[Gpr.Rax], (run.Flags & Rflags.ZF) != 0));
    }

    [Fact]
    public void Its_memory_operand_must_be_writable_only_when_it_changes()
    {
        _bench.Protect(BenchLayout.UserData, PageTables.Present | PageTables.User);
        (_bench[Gpr.Rbx], _bench[Gpr.Rcx]) = (BenchLayout.UserData, 0);
        _bench.Complete(BenchMode.User32, 0x63, 0x0B);
        _bench[Gpr.Rcx] = 3;
        TakenException taken = _bench.Fault(BenchMode.User32, 0x63, 0x0B);
        Assert.Equal((Vector.PageFault, 7u), (taken.Vector, taken.ErrorCode));
    }
}
