namespace SyscallExplorer.Machine;

/// <content>Acceptance, priority and end of interrupts, and the time of the next one. SDM vol. 3A, 10.8.</content>
public sealed partial class LocalApic
{
    private const int TimerVector = 0;
    private const int ErrorVector = 5;
    private const uint VectorMask = 0xFF;
    private const uint ClassMask = 0xF0;

    /// <summary>TPR, which CR8 shows too.</summary>
    internal uint TaskPriority
    {
        get => State.TaskPriority;
        set
        {
            Advance();
            State.TaskPriority = value;
            Refresh();
        }
    }

    /// <summary>PPR: the higher of the priority of the task and of the interrupt in service.</summary>
    private uint ProcessorPriority
    {
        get
        {
            uint serviced = (uint)Math.Max(State.InService.Highest, 0) & ClassMask;
            return (State.TaskPriority & ClassMask) >= serviced ? State.TaskPriority : serviced;
        }
    }

    /// <summary>APR of AMD's processors: what they would bid for an interrupt that goes to the one with the least to do. APM vol. 2, 16.6.2.</summary>
    private uint ArbitrationPriority
    {
        get
        {
            uint requested = (uint)Math.Max(State.Requested.Highest, 0) & ClassMask;
            uint serviced = (uint)Math.Max(State.InService.Highest, 0) & ClassMask;
            uint task = State.TaskPriority & ClassMask;
            return task >= requested && task > serviced ? State.TaskPriority : Math.Max(Math.Max(task, serviced), requested);
        }
    }

    /// <summary>Takes the interrupt that is pending now.</summary>
    /// <returns>False when there is none after all.</returns>
    internal bool TryAcknowledge(out byte vector)
    {
        Advance();
        int pending = Pending;
        vector = (byte)Math.Max(pending, 0);
        if (pending >= 0)
        {
            State.Requested.Remove(pending);
            State.InService.Add(pending);
        }

        Refresh();
        return pending >= 0;
    }

    /// <summary>Finds out anew when the next interrupt will be pending, after the registers or the clocks were changed.</summary>
    internal void Refresh()
    {
        long next = Pending >= 0 ? 0 : Mode != ApicMode.Disabled && TimerWouldInterrupt() ? NextExpiration : long.MaxValue;
        if (next == NextClock)
            return;
        NextClock = next;
        NextClockChanged?.Invoke();
    }

    /// <summary>The requested vector that has priority over what the processor does, or -1.</summary>
    private int Pending
    {
        get
        {
            int highest = State.Requested.Highest;
            return highest >= 0 && OutranksProcessor((uint)highest) ? highest : -1;
        }
    }

    private bool OutranksProcessor(uint vector) => (vector & ClassMask) > (ProcessorPriority & ClassMask);

    /// <summary>Whether an interrupt would be pending as soon as the timer reaches its end: its own, or that of the error of an illegal vector.</summary>
    private bool TimerWouldInterrupt()
    {
        uint timer = State.Local[TimerVector];
        if ((timer & ApicBits.Masked) != 0)
            return false;
        if ((timer & VectorMask) >= FirstLegalVector)
            return OutranksProcessor(timer & VectorMask);
        uint error = State.Local[ErrorVector];
        return State.PendingErrors == 0 && (error & ApicBits.Masked) == 0 && (error & VectorMask) >= FirstLegalVector && OutranksProcessor(error & VectorMask);
    }

    /// <summary>EOI.</summary>
    private void EndInterrupt()
    {
        if (State.InService.Highest is >= 0 and int vector)
            State.InService.Remove(vector);
    }

    private void Accept(uint vector, bool levelTriggered)
    {
        if (!IsEnabled)
            return;
        if (vector < FirstLegalVector)
        {
            NoteError(ApicBits.ReceiveIllegalVector);
            return;
        }

        State.Requested.Add((int)vector);
        if (levelTriggered)
            State.TriggerMode.Add((int)vector);
        else
            State.TriggerMode.Remove((int)vector);
    }

    /// <summary>Fires a local vector, unless it is masked.</summary>
    private void Fire(int local)
    {
        if ((State.Local[local] & ApicBits.Masked) == 0)
            Accept(State.Local[local] & VectorMask, levelTriggered: false);
    }

    /// <summary>The first error since ESR was written last is an interrupt.</summary>
    private void NoteError(uint error)
    {
        bool first = State.PendingErrors == 0;
        State.PendingErrors |= error;
        if (first)
            Fire(ErrorVector);
    }
}
