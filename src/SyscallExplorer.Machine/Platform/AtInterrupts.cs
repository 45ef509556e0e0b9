namespace SyscallExplorer.Machine;

/// <summary>
/// What a PC/AT has in the place of a local APIC: two 8259A, the second behind line 2 of the first, at the ports 20h and A0h, and an 8254 at port 40h, whose counter 0 is line 0. IBM, Personal
/// Computer AT Technical Reference. No other line is connected to anything.
/// </summary>
/// <remarks>Make it before the processor, whose bus gets <see cref="Devices"/>, and then connect the two.</remarks>
public sealed class AtInterrupts
{
    /// <summary>The interval timer's ticks a second.</summary>
    public const long TimerHertz = IntervalTimer.Hertz;

    /// <summary>The first 8259A's ports: commands, and behind it the mask.</summary>
    public const ushort MasterPort = 0x20;

    /// <summary>The second 8259A's ports.</summary>
    public const ushort SlavePort = 0xA0;

    /// <summary>The 8254's counter 0.</summary>
    public const ushort TimerPort = 0x40;

    /// <summary>The 8254's control port.</summary>
    public const ushort TimerControlPort = 0x43;

    private const int TimerLine = 0, CascadeLine = 2;

    private readonly ApicClock _clock;
    private Processor? _cpu;
    private InterruptController _master;
    private InterruptController _slave;
    private IntervalTimer _timer;

    /// <summary>Makes them for a processor of a model, by whose clock the timer counts.</summary>
    public AtInterrupts(CpuModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        _clock = ApicClock.Of(model) with { TimerHertz = IntervalTimer.Hertz };
        Devices = [new Ports(this, MasterPort, 2), new Ports(this, SlavePort, 2), new Ports(this, TimerPort, 4)];
    }

    /// <summary>Raised when <see cref="NextClock"/> has changed.</summary>
    internal event Action? NextClockChanged;

    /// <summary>What belongs on the bus: the ports. Their state is that of the first.</summary>
    public IReadOnlyList<IDevice> Devices { get; }

    /// <summary>From which clock on an interrupt is pending, in 1/256 cycles: 0 when one is now, <see cref="long.MaxValue"/> when none will come by itself.</summary>
    public long NextClock { get; private set; } = long.MaxValue;

    /// <summary>Connects INTR and INTA, and the clock.</summary>
    public void Connect(Processor processor)
    {
        ArgumentNullException.ThrowIfNull(processor);
        _cpu = processor;
        processor.Connect(this);
        Refresh();
    }

    /// <summary>INTA: takes the interrupt that is pending now.</summary>
    /// <returns>False when there is none after all.</returns>
    internal bool TryAcknowledge(out byte vector)
    {
        Advance();
        int line = _master.Pending;
        vector = 0;
        if (line >= 0)
            vector = _master.Acknowledge(line);
        if (line == CascadeLine)
            vector = _slave.Acknowledge(Math.Max(_slave.Pending, 0));
        Refresh();
        return line >= 0;
    }

    private long Now => _cpu?.S.Clock ?? 0;

    /// <summary>Does what the timer has done until now. Whatever reads or changes a request calls this first.</summary>
    private void Advance()
    {
        if (_timer.Expire(_clock, Now))
            _master.Raise(TimerLine);
        if (_slave.Pending >= 0)
            _master.Raise(CascadeLine);
        else
            _master.Lower(CascadeLine);
    }

    private void Refresh()
    {
        Advance();
        long next = _master.Pending >= 0 ? 0 : _master.Listens(TimerLine) ? _timer.NextEnd(_clock) : long.MaxValue;
        if (next == NextClock)
            return;
        NextClock = next;
        NextClockChanged?.Invoke();
    }

    private byte In(ushort port)
    {
        Advance();
        return port switch
        {
            MasterPort or MasterPort + 1 => _master.Read(port != MasterPort),
            SlavePort or SlavePort + 1 => _slave.Read(port != SlavePort),
            TimerPort => _timer.Read(_clock, Now),
            _ => byte.MaxValue,
        };
    }

    private void Out(ushort port, byte value)
    {
        Advance();
        switch (port)
        {
            case MasterPort or MasterPort + 1:
                _master.Write(port != MasterPort, value);
                break;
            case SlavePort or SlavePort + 1:
                _slave.Write(port != SlavePort, value);
                break;
            case TimerPort:
                _timer.Write(value, Now);
                break;
            case TimerControlPort:
                _timer.Control(value, _clock, Now);
                break;
        }

        Refresh();
    }

    private sealed record Registers(InterruptController Master, InterruptController Slave, IntervalTimer Timer);

    /// <summary>Some of the ports. Each byte of a wider access goes to the next port.</summary>
    private sealed class Ports(AtInterrupts owner, ushort first, int count) : IPortDevice
    {
        public ushort FirstPort => first;

        public int PortCount => count;

        public uint In(ushort port, int size)
        {
            uint value = 0;
            for (int i = 0; i < size; i++)
                value |= (uint)owner.In((ushort)(port + i)) << (8 * i);
            return value;
        }

        public void Out(ushort port, int size, uint value)
        {
            for (int i = 0; i < size; i++)
                owner.Out((ushort)(port + i), (byte)(value >> (8 * i)));
        }

        public object Capture() => new Registers(owner._master, owner._slave, owner._timer);

        /// <summary>The processor's clock must be that of the state already.</summary>
        public void Restore(object state)
        {
            (owner._master, owner._slave, owner._timer) = (Registers)state;
            owner.Refresh();
        }
    }
}
