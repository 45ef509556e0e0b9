using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>INS and OUTS. SDM vol. 2A, INS; vol. 2B, OUTS.</summary>
public sealed class StringPortTests
{
    private const ulong Buffer = BenchLayout.KernelData;
    private readonly Queue _device = new();
    private readonly MachineBench _bench;

    public StringPortTests()
    {
        _bench = new MachineBench(null, _device);
        (_bench[Gpr.Rdx], _bench[Gpr.Rcx], _bench[Gpr.Rdi], _bench[Gpr.Rsi]) = (Queue.Port, 3, Buffer, Buffer);
    }

    [Fact]
    public void Rep_outs_sends_and_rep_ins_receives_as_many_elements_as_RCX_says()
    {
        _bench.WriteBytes(Buffer, 1, 2, 3, 4, 5, 6);
        _bench.Run64(a => a.rep.outsw());
        Assert.Equal([0x0201u, 0x0403u, 0x0605u], _device.Values);
        Assert.Equal((0ul, Buffer + 6), (_bench[Gpr.Rcx], _bench[Gpr.Rsi]));

        _bench[Gpr.Rcx] = 2;
        _bench[Gpr.Rdi] = Buffer + 0x100;
        _bench.Run64(a => a.rep.insd());
        Assert.Equal((0x0403_0000_0201ul, Buffer + 0x108), (_bench.Read64(Buffer + 0x100), _bench[Gpr.Rdi]));
    }

    [Fact]
    public void A_page_that_cannot_be_written_takes_nothing_from_the_device()
    {
        _device.Values.Enqueue(7);
        _bench.Unmap(Buffer);
        Assert.Equal(Vector.PageFault, _bench.Fault(BenchMode.Kernel64, a => a.insb()).Vector);
        Assert.Single(_device.Values);
    }

    [Fact]
    public void The_port_is_refused_before_memory_is_looked_at()
    {
        _bench[Gpr.Rdi] = 0;
        TakenException taken = _bench.Fault(BenchMode.User64, a => a.rep.insb());
        Assert.Equal((Vector.GeneralProtection, 0u, 3ul), (taken.Vector, taken.ErrorCode, _bench[Gpr.Rcx]));
    }

    [Fact]
    public void A_count_of_zero_asks_for_no_right()
    {
        _bench[Gpr.Rcx] = 0;
        _bench.RunUser64(a => a.rep.outsb());
    }

    [Fact]
    public void A_segment_override_moves_the_source_of_OUTS()
    {
        _bench.WriteBytes(Buffer, 1, 2, 3);
        _bench.Cpu.Registers[SegmentName.FS] = new Segment(0, Buffer, 0, 0);
        _bench[Gpr.Rsi] = 2;
        _bench.Complete(BenchMode.Kernel64, 0x64, 0x6E);
        Assert.Equal([3u], _device.Values);
    }

    private sealed class Queue : IPortDevice
    {
        public const ushort Port = 0x60;

        public Queue<uint> Values { get; } = [];

        public ushort FirstPort => Port;

        public int PortCount => 4;

        public uint In(ushort port, int size) => Values.Dequeue();

        public void Out(ushort port, int size, uint value) => Values.Enqueue(value);

        public object Capture() => Values.ToArray();

        public void Restore(object state)
        {
            Values.Clear();
            foreach (uint value in (uint[])state)
                Values.Enqueue(value);
        }
    }
}
