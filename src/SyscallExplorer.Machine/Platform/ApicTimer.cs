namespace SyscallExplorer.Machine;

/// <summary>
/// The timer of a local APIC. SDM vol. 3A, 10.5.4. It is where it started and how fast it counts; the count itself follows from the clock.
/// </summary>
internal struct ApicTimer
{
    /// <summary>The initial count, from which a periodic timer starts anew.</summary>
    public uint InitialCount;

    /// <summary>DCR.</summary>
    public uint DivideConfiguration;

    /// <summary>When it started to count.</summary>
    public long StartClock;

    /// <summary>What it started from; 0 when it stands.</summary>
    public uint StartCount;

    /// <summary>How often it has reached zero since, as far as that has been seen.</summary>
    public ulong Expirations;

    /// <summary>IA32_TSC_DEADLINE; 0 when it is not armed.</summary>
    public ulong Deadline;

    private readonly int Divisor => ((DivideConfiguration >> 1 & 4) | (DivideConfiguration & 3)) is < 7 and uint shift ? 2 << (int)shift : 1;

    /// <summary>Starts at a count.</summary>
    public void Start(uint count, long now)
    {
        StartCount = count;
        StartClock = now;
        Expirations = 0;
    }

    /// <summary>Goes on from the present count: a tick that has begun begins anew.</summary>
    public void Rebase(bool periodic, in ApicClock clock, long now) => Start(Count(periodic, clock, now), now);

    /// <summary>The current count.</summary>
    public readonly uint Count(bool periodic, in ApicClock clock, long now)
    {
        ulong ticks = Ticks(clock, now);
        if (ticks < StartCount)
            return (uint)(StartCount - ticks);
        return periodic && StartCount != 0 && InitialCount != 0 ? (uint)(InitialCount - (ticks - StartCount) % InitialCount) : 0;
    }

    /// <summary>Takes note of the zeros that were reached until now.</summary>
    /// <returns>Whether there were any.</returns>
    public bool Expire(bool periodic, in ApicClock clock, long now)
    {
        ulong ticks = Ticks(clock, now);
        if (StartCount == 0 || ticks < StartCount)
            return false;
        ulong expirations = 1 + (periodic && InitialCount != 0 ? (ticks - StartCount) / InitialCount : 0);
        bool more = expirations > Expirations;
        Expirations = expirations;
        return more;
    }

    /// <summary>The first clock at which it reaches zero once more.</summary>
    public readonly long NextExpiration(bool periodic, in ApicClock clock)
    {
        if (StartCount == 0 || (Expirations != 0 && (!periodic || InitialCount == 0)))
            return long.MaxValue;
        UInt128 ticks = StartCount + (UInt128)Expirations * InitialCount;
        return ApicClock.Saturate((UInt128)StartClock + clock.TimeOf(ticks, Divisor));
    }

    private readonly ulong Ticks(in ApicClock clock, long now) => clock.Ticks(now - StartClock, Divisor);
}
