namespace SyscallExplorer.Machine;

/// <summary>
/// External interrupts that are to come, as an interrupt controller at the processor's INTR pin would request them: each has the clock from which on it is
/// pending. It is taken at the first instruction boundary at or after that clock where IF is set and no shadow holds it back. The local APIC neither
/// masks nor ranks it; when both have one pending, this one comes first.
/// </summary>
public sealed class InterruptLine
{
    private readonly List<(long Clock, byte Vector)> _scheduled = [];

    /// <summary>Raised when <see cref="NextClock"/> may have changed.</summary>
    internal event Action? NextClockChanged;

    /// <summary>Clock of the next interrupt in 1/256 cycles, or <see cref="long.MaxValue"/>.</summary>
    public long NextClock { get; private set; } = long.MaxValue;

    /// <summary>Schedules an interrupt.</summary>
    /// <param name="vector">32 to 255.</param>
    /// <param name="clock">Clock in 1/256 cycles from which on it is pending.</param>
    /// <exception cref="ArgumentOutOfRangeException">The vector is one of the processor's own.</exception>
    public void Schedule(byte vector, long clock)
    {
        if (vector < 32)
            throw new ArgumentOutOfRangeException(nameof(vector), vector, "Vectors 0 to 31 belong to exceptions; an external interrupt has 32 to 255.");
        int index = _scheduled.FindIndex(entry => entry.Clock > clock);
        _scheduled.Insert(index < 0 ? _scheduled.Count : index, (clock, vector));
        NextClock = _scheduled[0].Clock;
        NextClockChanged?.Invoke();
    }

    /// <summary>Takes the first interrupt.</summary>
    internal byte Acknowledge()
    {
        byte vector = _scheduled[0].Vector;
        _scheduled.RemoveAt(0);
        NextClock = _scheduled.Count > 0 ? _scheduled[0].Clock : long.MaxValue;
        return vector;
    }

    internal (long Clock, byte Vector)[] Capture() => _scheduled.ToArray();

    internal void Restore((long Clock, byte Vector)[] scheduled)
    {
        _scheduled.Clear();
        _scheduled.AddRange(scheduled);
        NextClock = scheduled.Length > 0 ? scheduled[0].Clock : long.MaxValue;
    }
}
