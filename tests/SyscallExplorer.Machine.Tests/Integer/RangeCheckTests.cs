using Xunit;

namespace SyscallExplorer.Machine.Tests;

/// <summary>BOUND. SDM vol. 2A.</summary>
public sealed class RangeCheckTests
{
    private readonly MachineBench _bench = new();

    [Theory]
    [InlineData(-5, true), InlineData(-6, false), InlineData(7, true), InlineData(8, false), InlineData(0, true), InlineData(int.MinValue, false)]
    public void An_index_between_signed_bounds_passes_and_another_is_a_fault(int index, bool passes)
    {
        _bench.WriteBytes(BenchLayout.UserData, [.. BitConverter.GetBytes(-5), .. BitConverter.GetBytes(7)]);
        (_bench[Gpr.Rax], _bench[Gpr.Rbx]) = ((uint)index, BenchLayout.UserData);

        // bound eax, [ebx]
        TakenException? taken = _bench.Try(BenchMode.User32, 0x62, 0x03).Exception;
        Assert.Equal(passes ? null : (Vector.BoundRange, BenchLayout.UserCode), taken is null ? ((Vector, ulong)?)null : (taken.Vector, taken.Rip));
    }

    [Fact]
    public void With_a_16_bit_operand_the_bounds_are_words_and_wrap_with_the_address()
    {
        _bench.WriteBytes(BenchLayout.UserData, [.. BitConverter.GetBytes((short)-1), .. BitConverter.GetBytes((short)1)]);
        (_bench[Gpr.Rax], _bench[Gpr.Rbx]) = (0x0005_FFFF, BenchLayout.UserData);
        _bench.Complete(BenchMode.User32, 0x66, 0x62, 0x03);
    }
}
