namespace SyscallExplorer.Machine;

/// <summary>
/// Counter 0 of an 8254, which counts binary and tells the interrupt controller when it has come to its end. Nothing ticks: the count follows from the clock. Intel, 8254
/// Programmable Interval Timer data sheet, no. 231164.
/// </summary>
/// <remarks>
/// The modes 2 and 3 repeat, the others end once, all after as many ticks as were written; a new count starts at once. Read-back commands, BCD and the counters 1 and 2, which drive memory
/// refresh and the speaker, are not built.
/// </remarks>
internal struct IntervalTimer
{
    /// <summary>Ticks a second: a third of the colour carrier of NTSC, 315/264 MHz.</summary>
    public const long Hertz = 1_193_182;

    private const int CounterShift = 6, AccessMask = 0x30, LatchCommand = 0, LowByte = 0x10, HighByte = 0x20, ModeShift = 1, ModeMask = 7, Longest = 0x1_0000;

    private byte _control;
    private byte _written;
    private bool _hasWritten;
    private bool _hasRead;
    private int _latch;
    private long _start;

    /// <summary>What it counts down from, 1 to 65536; 0 while it stands.</summary>
    private int _reload;

    /// <summary>How often its end has been seen since it was started.</summary>
    private ulong _ends;

    private readonly bool Repeats => (_control >> ModeShift & ModeMask & 3) is 2 or 3;

    /// <summary>An OUT to the control port. Another counter's is lost.</summary>
    public void Control(byte value, in ApicClock clock, long now)
    {
        if (value >> CounterShift != 0)
            return;
        if ((value & AccessMask) == LatchCommand)
        {
            _latch = _latch == 0 ? Count(clock, now) | Longest << 1 : _latch;
            return;
        }

        this = new IntervalTimer { _control = value };
    }

    /// <summary>An OUT to the counter: by the control word its low byte, its high byte, or one after the other.</summary>
    public void Write(byte value, long now)
    {
        int access = _control & AccessMask;
        if (access == AccessMask && !_hasWritten)
        {
            (_written, _hasWritten) = (value, true);
            return;
        }

        int count = access switch { LowByte => value, HighByte => value << 8, _ => _written | value << 8 };
        (_hasWritten, _start, _ends) = (false, now, 0);
        _reload = count == 0 ? Longest : count;
    }

    /// <summary>An IN from the counter, of the latched count where there is one.</summary>
    public byte Read(in ApicClock clock, long now)
    {
        int access = _control & AccessMask;
        int count = _latch != 0 ? _latch : Count(clock, now);
        bool high = access == HighByte || (access == AccessMask && _hasRead);
        _hasRead = access == AccessMask && !_hasRead;
        if (!_hasRead)
            _latch = 0;
        return (byte)(high ? count >> 8 : count);
    }

    /// <summary>Takes note of the ends until now.</summary>
    /// <returns>Whether there were any.</returns>
    public bool Expire(in ApicClock clock, long now)
    {
        if (_reload == 0)
            return false;
        ulong ends = Ticks(clock, now) / (ulong)_reload;
        if (!Repeats)
            ends = Math.Min(ends, 1);
        bool more = ends > _ends;
        _ends = ends;
        return more;
    }

    /// <summary>The clock of the next end that has not been seen, or that which never comes.</summary>
    public readonly long NextEnd(in ApicClock clock) =>
        _reload == 0 || (!Repeats && _ends > 0) ? long.MaxValue : ApicClock.Saturate((UInt128)_start + clock.TimeOf((UInt128)(_ends + 1) * (ulong)_reload, 1));

    private readonly int Count(in ApicClock clock, long now)
    {
        if (_reload == 0)
            return 0;
        ulong ticks = Ticks(clock, now);
        return Repeats ? _reload - (int)(ticks % (ulong)_reload) : (int)((ulong)_reload - ticks) & (Longest - 1);
    }

    private readonly ulong Ticks(in ApicClock clock, long now) => clock.Ticks(Math.Max(0, now - _start), 1);
}
