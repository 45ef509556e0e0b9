namespace SyscallExplorer.Machine;

/// <content>The timer. SDM vol. 3A, 10.5.4.</content>
public sealed partial class LocalApic
{
    private const uint TimerModes = ApicBits.Periodic | ApicBits.TscDeadline;

    private uint TimerMode => State.Local[TimerVector] & TimerModes;

    private bool IsPeriodic => TimerMode == ApicBits.Periodic;

    private long Now => _cpu.S.Clock;

    private uint CurrentCount => TimerMode == ApicBits.TscDeadline ? 0 : State.Timer.Count(IsPeriodic, _clock, Now);

    private long NextExpiration => TimerMode == ApicBits.TscDeadline ? DeadlineClock : State.Timer.NextExpiration(IsPeriodic, _clock);

    /// <summary>The first clock at which the time-stamp counter has reached the deadline.</summary>
    private long DeadlineClock
    {
        get
        {
            ulong deadline = State.Timer.Deadline;
            if (deadline == 0)
                return long.MaxValue;
            ulong tsc = _cpu.ReadTsc();
            return tsc >= deadline ? Now : _clock.FirstClockAt((UInt128)(tsc - _cpu.S.TscOffset) + (deadline - tsc));
        }
    }

    /// <summary>Does what the timer has done until now. Whatever reads or changes its registers or IRR calls this first.</summary>
    private void Advance()
    {
        if (TimerMode == ApicBits.TscDeadline)
        {
            if (DeadlineClock > Now)
                return;
            State.Timer.Deadline = 0;
            Fire(TimerVector);
        }
        else if (State.Timer.Expire(IsPeriodic, _clock, Now))
        {
            Fire(TimerVector);
        }
    }

    private void WriteLocalTimer(uint value)
    {
        uint old = TimerMode;
        uint mode = value & TimerModes;
        if (mode == old)
        {
            State.Local[TimerVector] = value;
            return;
        }

        // A change to or from the deadline disarms it; between the others the count goes on.
        if (mode == ApicBits.TscDeadline || old == ApicBits.TscDeadline)
            State.Timer = new ApicTimer { DivideConfiguration = State.Timer.DivideConfiguration };
        else
            State.Timer.Rebase(IsPeriodic, _clock, Now);
        State.Local[TimerVector] = value;
    }

    private void WriteInitialCount(uint value)
    {
        if (TimerMode == ApicBits.TscDeadline)
            return;
        State.Timer.InitialCount = value;
        State.Timer.Start(value, Now);
    }

    private void WriteDivideConfiguration(uint value)
    {
        if (value == State.Timer.DivideConfiguration)
            return;
        State.Timer.Rebase(IsPeriodic, _clock, Now);
        State.Timer.DivideConfiguration = value;
    }
}
