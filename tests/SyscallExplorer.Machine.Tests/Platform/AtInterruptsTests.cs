using Xunit;

namespace SyscallExplorer.Machine.Tests;

/// <summary>Interrupt controllers and interval timer of a PC/AT. Intel, 8259A and 8254 data sheets.</summary>
public sealed class AtInterruptsTests
{
    private const byte FirstVector = 0x30;
    private const int Reload = 1000;
    private const int CoreHertz = 200_000_000;

    private readonly AtInterrupts _at = new(Cpus.Pentium);
    private readonly Processor _cpu;

    public AtInterruptsTests()
    {
        _cpu = new Processor(Cpus.Pentium, new Bus(new PhysicalMemory(2 << 20), _at.Devices));
        _at.Connect(_cpu);
        foreach ((ushort port, byte value) in (ReadOnlySpan<(ushort, byte)>)[(0x20, 0x11), (0x21, FirstVector), (0x21, 4), (0x21, 1), (0x43, 0x34), (0x40, Reload & 0xFF), (0x40, Reload >> 8)])
            _cpu.Bus.Out(port, 1, value);
    }

    /// <summary>The first clock, in 1/256 cycles, at which so many ticks have passed.</summary>
    private static long ClockOf(long ticks) => (long)(((Int128)ticks * CoreHertz * 256 + 1_193_181) / 1_193_182);

    [Fact]
    public void The_timer_interrupts_at_the_end_of_each_period()
    {
        foreach (int period in (int[])[1, 2, 3])
        {
            Assert.Equal(ClockOf(period * Reload), _at.NextClock);
            _cpu.S.Clock = ClockOf(period * Reload) - 1;
            Assert.False(_at.TryAcknowledge(out _));
            _cpu.S.Clock++;
            Assert.True(_at.TryAcknowledge(out byte vector));
            Assert.Equal(FirstVector, vector);
            _cpu.Bus.Out(0x20, 1, 0x60);
        }
    }

    [Fact]
    public void Nothing_interrupts_a_line_in_service_before_its_end_is_told()
    {
        _cpu.S.Clock = ClockOf(Reload);
        Assert.True(_at.TryAcknowledge(out _));
        Assert.Equal(long.MaxValue, _at.NextClock);
        _cpu.S.Clock = ClockOf(5 * Reload);
        Assert.False(_at.TryAcknowledge(out _));
        _cpu.Bus.Out(0x20, 1, 0x20);
        Assert.Equal(0, _at.NextClock);
        Assert.True(_at.TryAcknowledge(out _));

        // The edges of four periods are one request.
        _cpu.Bus.Out(0x20, 1, 0x20);
        Assert.Equal(ClockOf(6 * Reload), _at.NextClock);
    }

    [Fact]
    public void A_masked_line_is_remembered()
    {
        _cpu.Bus.Out(0x21, 1, 0xFF);
        Assert.Equal(long.MaxValue, _at.NextClock);
        _cpu.S.Clock = ClockOf(Reload);
        Assert.Equal(0xFFu, _cpu.Bus.In(0x21, 1) & 0xFF);
        Assert.Equal(1u, _cpu.Bus.In(0x20, 1) & 0xFF);
        Assert.False(_at.TryAcknowledge(out _));
        _cpu.Bus.Out(0x21, 1, 0xFE);
        Assert.Equal(0, _at.NextClock);
    }

    [Fact]
    public void A_latched_count_stays_until_both_its_bytes_are_read()
    {
        _cpu.S.Clock = ClockOf(300);
        _cpu.Bus.Out(0x43, 1, 0);
        _cpu.S.Clock = ClockOf(600);
        Assert.Equal(Reload - 300u, _cpu.Bus.In(0x40, 1) | _cpu.Bus.In(0x40, 1) << 8);
        Assert.Equal(Reload - 600u, _cpu.Bus.In(0x40, 1) | _cpu.Bus.In(0x40, 1) << 8);
    }

    [Fact]
    public void A_single_count_interrupts_once()
    {
        foreach ((ushort port, byte value) in (ReadOnlySpan<(ushort, byte)>)[(0x43, 0x30), (0x40, 100), (0x40, 0)])
            _cpu.Bus.Out(port, 1, value);
        Assert.Equal(ClockOf(100), _at.NextClock);
        _cpu.S.Clock = ClockOf(100);
        Assert.True(_at.TryAcknowledge(out _));
        _cpu.Bus.Out(0x20, 1, 0x60);
        Assert.Equal(long.MaxValue, _at.NextClock);
    }

    [Fact]
    public void A_state_that_was_captured_comes_back()
    {
        _cpu.S.Clock = ClockOf(300);
        IReadOnlyList<object> state = _cpu.Bus.CaptureDevices();
        _cpu.Bus.Out(0x21, 1, 0xFF);
        _cpu.Bus.RestoreDevices(state);
        Assert.Equal(ClockOf(Reload), _at.NextClock);
    }
}
