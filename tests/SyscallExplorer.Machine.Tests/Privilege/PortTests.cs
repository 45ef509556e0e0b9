using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 1, 19.5: IN and OUT, IOPL and the I/O permission bit map.</summary>
public class PortTests
{
    private const ushort MapBase = TaskStateSegment.Size;
    private readonly Latch _latch = new(0x3F8, 8);
    private readonly MachineBench _bench;

    public PortTests() => _bench = new MachineBench(null, _latch);

    [Fact]
    public void Ring_0_reaches_every_port()
    {
        _bench[Gpr.Rdx] = 0x3F8;
        _bench[Gpr.Rax] = 0x1122_3344;
        _bench.Run64(a => { a.@out(dx, eax); a.mov(eax, 0); a.@in(ax, dx); });
        Assert.Equal((0x1122_3344u, 0x3344ul), (_latch.Value, _bench[Gpr.Rax]));
    }

    [Fact]
    public void A_port_that_nobody_answers_reads_as_all_ones()
    {
        _bench[Gpr.Rax] = 0x1234_5678_0000_0000;
        _bench.Run64(a => a.@in(al, 0x10));
        Assert.Equal(0x1234_5678_0000_00FFul, _bench[Gpr.Rax]);
        _bench.Run64(a => a.@in(eax, 0x10));
        Assert.Equal(0xFFFF_FFFFul, _bench[Gpr.Rax]);
    }

    [Fact]
    public void Ring_3_without_a_bit_map_is_refused()
    {
        TakenException taken = _bench.Fault(BenchMode.User64, a => a.@in(al, 0x10));
        Assert.Equal((Vector.GeneralProtection, 0u, BenchLayout.UserCode), (taken.Vector, taken.ErrorCode, taken.Rip));
    }

    [Fact]
    public void Ring_3_with_the_IO_privilege_level_needs_no_bit_map()
    {
        _bench.Flags = Rflags.IOPL;
        _bench.RunUser64(a => a.@in(al, 0x10));
    }

    [Theory]
    [InlineData(0x3F8, 1, true), InlineData(0x3F8, 4, true), InlineData(0x3FC, 4, true), InlineData(0x3FD, 4, false), InlineData(0x3F7, 1, false), InlineData(0x400, 1, false)]
    public void A_clear_bit_for_every_byte_lets_ring_3_through(int port, int size, bool allowed)
    {
        GrantPorts(0x3F8, limit: MapBase + 0x2000);
        _bench[Gpr.Rdx] = (ulong)port;
        BenchRun run = _bench.Try(BenchMode.User64, a =>
        {
            if (size == 1)
                a.@in(al, dx);
            else
                a.@in(eax, dx);
        });
        Assert.Equal(allowed ? null : Vector.GeneralProtection, run.Exception?.Vector);
    }

    [Theory]
    [InlineData(0u, true), InlineData(1u, false)]
    public void Two_bytes_of_the_bit_map_must_lie_within_the_TSS(uint shortage, bool allowed)
    {
        GrantPorts(0x3F8, limit: MapBase + 0x3F8 / 8 + 1 - shortage);
        _bench[Gpr.Rdx] = 0x3F8;
        Assert.Equal(allowed ? null : Vector.GeneralProtection, _bench.Try(BenchMode.User64, a => a.@in(al, dx)).Exception?.Vector);
    }

    private void GrantPorts(int first, uint limit)
    {
        byte[] map = Enumerable.Repeat((byte)0xFF, 0x400).ToArray();
        map[first / 8] = 0;
        _bench.WriteBytes(BenchLayout.Tss + MapBase, map);
        _bench.Cpu.Registers.TaskRegister = _bench.Cpu.Registers.TaskRegister with { Limit = limit };
    }

    private sealed class Latch(ushort firstPort, int count) : IPortDevice
    {
        public uint Value { get; private set; }

        public ushort FirstPort => firstPort;

        public int PortCount => count;

        public uint In(ushort port, int size) => Value;

        public void Out(ushort port, int size, uint value) => Value = value;

        public object Capture() => Value;

        public void Restore(object state) => Value = (uint)state;
    }
}
