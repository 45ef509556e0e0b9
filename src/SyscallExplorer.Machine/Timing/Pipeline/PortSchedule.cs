using System.Numerics;

namespace SyscallExplorer.Machine;

/// <summary>Which execution ports are busy in the cycles to come. A micro-operation takes the first cycle that is free, before older ones that wait for longer.</summary>
internal sealed class PortSchedule
{
    private const int WordBits = 64;

    /// <summary>Cycles that are kept: a power of two.</summary>
    private const int Window = 4096;
    private const int Words = Window / WordBits;

    private readonly ulong[] _busy;
    private readonly long[] _load;
    private long _base;

    public PortSchedule(int ports)
    {
        _busy = new ulong[ports * Words];
        _load = new long[ports];
    }

    private PortSchedule(PortSchedule other)
    {
        _busy = (ulong[])other._busy.Clone();
        _load = (long[])other._load.Clone();
        _base = other._base;
    }

    public PortSchedule Clone() => new(this);

    public void CopyFrom(PortSchedule other)
    {
        other._busy.CopyTo(_busy, 0);
        other._load.CopyTo(_load, 0);
        _base = other._base;
    }

    /// <summary>Everything has come to its end: all ports are free from a cycle on.</summary>
    public void Reset(long cycle)
    {
        if (cycle - _base >= Window)
            Array.Clear(_busy);
        else
            Advance(cycle);
        Array.Clear(_load);
        _base = cycle / WordBits * WordBits;
    }

    /// <summary>Nothing will ask for a cycle before this one any more.</summary>
    public void Advance(long cycle)
    {
        long target = cycle / WordBits * WordBits;
        if (target - _base >= Window)
        {
            Array.Clear(_busy);
            _base = target;
            return;
        }

        for (; _base < target; _base += WordBits)
        {
            int word = (int)(_base / WordBits % Words);
            for (int i = word; i < _busy.Length; i += Words)
                _busy[i] = 0;
        }
    }

    /// <summary>Takes one of the ports for some cycles, as soon as one is free.</summary>
    /// <param name="ports">The set.</param>
    /// <param name="cycles">For how long.</param>
    /// <param name="ready">The first cycle that will do.</param>
    /// <returns>The cycle.</returns>
    public long Reserve(uint ports, int cycles, long ready)
    {
        // What lies beyond the window is so far away that nothing contends with it.
        for (long cycle = ready; cycle - _base < Window - cycles; cycle++)
        {
            int best = -1;
            for (uint left = ports; left != 0; left &= left - 1)
            {
                int port = BitOperations.TrailingZeroCount(left);
                if ((best < 0 || _load[port] < _load[best]) && IsFree(port, cycle, cycles))
                    best = port;
            }

            if (best < 0)
                continue;
            for (long taken = cycle; taken < cycle + cycles; taken++)
                _busy[WordOf(best, taken)] |= 1ul << (int)(taken % WordBits);
            _load[best] += cycles;
            return cycle;
        }

        return ready;
    }

    private bool IsFree(int port, long cycle, int cycles)
    {
        for (long wanted = cycle; wanted < cycle + cycles; wanted++)
        {
            if ((_busy[WordOf(port, wanted)] >> (int)(wanted % WordBits) & 1) != 0)
                return false;
        }

        return true;
    }

    private static int WordOf(int port, long cycle) => (port * Words) + (int)(cycle / WordBits % Words);
}
