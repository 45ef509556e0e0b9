using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>Signals that wait, of a thread or of a process: which, and what is known of them in the order in which they came.</summary>
/// <param name="Pending">Signal 1 in bit 0.</param>
/// <param name="Entries">What is known. A pending signal has none when there was no room, or when it is SIGKILL.</param>
internal sealed record SignalQueue(ulong Pending, ImmutableList<SignalInfo> Entries)
{
    public static SignalQueue Empty { get; } = new(0, []);

    /// <summary>
    /// Adds a signal. A standard signal that waits already is not added again. Where the sender's user has as many queued signals as it may,
    /// those of the kernel and of kill come through without what is known of them; a real-time signal that carries a value is refused.
    /// </summary>
    /// <param name="info">The signal.</param>
    /// <param name="isFull">Whether RLIMIT_SIGPENDING is reached.</param>
    /// <returns>0, or -EAGAIN with an unchanged queue.</returns>
    public (SignalQueue Queue, int Result) Add(SignalInfo info, bool isFull = false)
    {
        int signal = info.Signal;
        bool isRealTime = signal >= SignalSets.FirstRealTime;
        if (!isRealTime && Pending.Has(signal))
            return (this, 0);
        SignalQueue marked = this with { Pending = Pending | SignalSets.Bit(signal) };
        if (signal == SignalNumbers.SIGKILL)
            return (marked, 0);

        bool isExempt = !isRealTime && info.Code >= SignalCodes.User;
        if (!isFull || isExempt)
            return (marked with { Entries = Entries.Add(info) }, 0);
        bool mayForget = !isRealTime || info.Code is SignalCodes.User or SignalCodes.Kernel;
        return mayForget ? (marked, 0) : (this, -Errno.EAGAIN);
    }

    /// <summary>Adds a POSIX timer's signal, which has a place of its own; while it waits, further expirations only count as overruns.</summary>
    public SignalQueue AddTimer(SignalInfo info)
    {
        int index = Entries.FindIndex(entry => entry.Code == SignalCodes.Timer && entry.TimerId == info.TimerId && entry.Signal == info.Signal);
        if (index < 0)
            return new SignalQueue(Pending | SignalSets.Bit(info.Signal), Entries.Add(info));
        SignalInfo waiting = Entries[index];
        SignalInfo counted = SignalInfo.FromTimer(info.Signal, info.TimerId, waiting.Overrun + 1, info.Value, info.TimerGeneration);
        return this with { Entries = Entries.SetItem(index, counted) };
    }

    /// <summary>Takes some signals out.</summary>
    public SignalQueue Without(ulong signals) =>
        (Pending & signals) == 0 ? this : new SignalQueue(Pending & ~signals, Entries.RemoveAll(entry => signals.Has(entry.Signal)));

    /// <summary>Takes out what timers have sent.</summary>
    public SignalQueue WithoutTimers()
    {
        ImmutableList<SignalInfo> gone = Entries.RemoveAll(entry => entry.Code != SignalCodes.Timer);
        if (gone.IsEmpty)
            return this;
        ImmutableList<SignalInfo> rest = Entries.RemoveAll(entry => entry.Code == SignalCodes.Timer);
        ulong pending = gone.Where(entry => !rest.Exists(other => other.Signal == entry.Signal)).Aggregate(Pending, (set, entry) => set & ~SignalSets.Bit(entry.Signal));
        return new SignalQueue(pending, rest);
    }

    /// <summary>What a signal removes before it is added: SIGCONT the stop signals, those SIGCONT.</summary>
    public SignalQueue PreparedFor(int signal) =>
        signal == SignalNumbers.SIGCONT ? Without(SignalSets.Stop) : SignalSets.Stop.Has(signal) ? Without(SignalSets.Continue) : this;

    /// <summary>The signal that comes next, or 0: faults of the thread first, then the lowest number.</summary>
    public int Next(ulong blocked)
    {
        ulong ready = Pending & ~blocked;
        ulong first = (ready & SignalSets.Synchronous) != 0 ? ready & SignalSets.Synchronous : ready;
        return first == 0 ? 0 : System.Numerics.BitOperations.TrailingZeroCount(first) + 1;
    }

    /// <summary>Takes the next signal that is not blocked.</summary>
    public (SignalQueue Queue, SignalInfo? Taken) Take(ulong blocked) => Next(blocked) is > 0 and int signal ? Take(signal) : (this, null);

    /// <summary>
    /// Takes the oldest fault that an instruction caused. It goes before everything else, since the frame of its handler must show that
    /// instruction; a signal of the same number that somebody sent is no fault.
    /// </summary>
    public (SignalQueue Queue, SignalInfo? Taken) TakeFault(ulong blocked)
    {
        if ((Pending & SignalSets.Synchronous & ~blocked) == 0)
            return (this, null);
        int index = Entries.FindIndex(entry =>
            entry.Code > SignalCodes.User && SignalSets.Synchronous.Has(entry.Signal) && !blocked.Has(entry.Signal));
        return index < 0 ? (this, null) : Collect(index);
    }

    private (SignalQueue Queue, SignalInfo Taken) Take(int signal)
    {
        int index = Entries.FindIndex(entry => entry.Signal == signal);
        return index < 0
            ? (this with { Pending = Pending & ~SignalSets.Bit(signal) }, SignalInfo.Forgotten(signal))
            : Collect(index);
    }

    /// <summary>The signal goes on waiting while another entry of it is there.</summary>
    private (SignalQueue Queue, SignalInfo Taken) Collect(int index)
    {
        SignalInfo taken = Entries[index];
        ImmutableList<SignalInfo> rest = Entries.RemoveAt(index);
        bool more = rest.Exists(entry => entry.Signal == taken.Signal);
        return (new SignalQueue(more ? Pending : Pending & ~SignalSets.Bit(taken.Signal), rest), taken);
    }
}
