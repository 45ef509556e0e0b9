using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>timer_create and its relatives. man 2 timer_create.</summary>
internal sealed class TimerCalls(LinuxMachine machine) : HostedCalls(machine)
{
    private const int Narrow = 4;
    private const int Wide = 8;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("timer_create", Create),
        ("timer_settime", a => Set(a, Wide)),
        ("timer_settime32", a => Set(a, Narrow)),
        ("timer_gettime", a => Get(a, Wide)),
        ("timer_gettime32", a => Get(a, Narrow)),
        ("timer_getoverrun", a => Find(a.Int(0)) is { } timer ? PosixTimers.OverrunOf(timer.LastOverrun) : -Errno.EINVAL),
        ("timer_delete", a => Delete(a.Int(0))),
    ];

    private PosixTimer? Find(int id) => Machine.PosixTimers.Find(id);

    private long Create(SyscallArguments arguments)
    {
        int clock = arguments.Int(0);
        Func<int, TimerNotification>? notification = id => new TimerNotification(SignalNumbers.SIGALRM, null, (uint)id);
        if (arguments[1] != 0)
        {
            notification = ReadEvent(arguments[1], arguments.IsCompat, out long fault);
            if (fault != 0)
                return fault;
        }

        if (!ClockIds.Exists(clock) && clock >= 0)
            return -Errno.EINVAL;
        bool isProcessorTime = ClockIds.IsProcessorTime(clock);
        if (!isProcessorTime && !ClockIds.CanBeWaitedFor(clock))
            return -Errno.EOPNOTSUPP;
        CpuClock? processorTime = isProcessorTime ? Machine.CpuClocks.Find(clock) : null;
        if (notification is null || (isProcessorTime && processorTime is null))
            return -Errno.EINVAL;
        if ((ulong)Process.Timers.Posix.Count >= Process.LimitOf(ResourceLimit.PendingSignals).Soft)
            return -Errno.EAGAIN;
        if (Give(arguments[2], BitConverter.GetBytes(Process.Timers.Next)) != 0)
            return -Errno.EFAULT;
        Machine.PosixTimers.Create(clock, processorTime, notification);
        return 0;
    }

    /// <summary>A sigevent. A thread that is told must be one of the process.</summary>
    /// <param name="address">Where.</param>
    /// <param name="compat">Whether it is a 32-bit program's.</param>
    /// <param name="error">-EFAULT, or 0.</param>
    /// <returns>Null for what cannot be.</returns>
    private Func<int, TimerNotification>? ReadEvent(ulong address, bool compat, out long error)
    {
        const int size = 64, bySignal = 0, silent = 1, byThread = 2, toThread = 4;
        int word = compat ? Narrow : Wide;
        byte[] bytes = new byte[size];
        error = Memory.TryRead(address, bytes) ? 0 : -Errno.EFAULT;
        if (error != 0)
            return null;
        int Field(int index) => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(word + index * Narrow));
        ulong value = compat ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        (int signal, int how, int thread) = (Field(0), Field(1), Field(2));
        if (how == silent)
            return _ => new TimerNotification(0, null, value);
        if (how is not (bySignal or byThread or toThread) || signal is < 1 or > SignalNumbers.Last)
            return null;
        if (how != toThread)
            return _ => new TimerNotification(signal, null, value);
        return Tasks.Find(thread) is { IsAlive: true } told && told.Process == Process.Id ? _ => new TimerNotification(signal, thread, value) : null;
    }

    private long Set(SyscallArguments arguments, int word)
    {
        const int absolute = 1;
        if (arguments[2] == 0)
            return -Errno.EINVAL;
        if (new TimespecReader(Memory).Read(arguments[2], word, arguments.IsCompat, out TimerSetting setting) is var error && error != 0)
            return error;
        if (Find(arguments.Int(0)) is not { } timer)
            return -Errno.EINVAL;
        TimerSetting old = Machine.PosixTimers.Get(timer);
        Machine.PosixTimers.Set(Find(timer.Id) ?? timer, setting, (arguments.Int(1) & absolute) != 0);
        return arguments[3] == 0 ? 0 : Give(arguments[3], TimespecWriter.Write(old, word).Bytes);
    }

    private long Get(SyscallArguments arguments, int word) =>
        Find(arguments.Int(0)) is { } timer ? Give(arguments[1], TimespecWriter.Write(Machine.PosixTimers.Get(timer), word).Bytes) : -Errno.EINVAL;

    private long Delete(int id)
    {
        if (Find(id) is not { } timer)
            return -Errno.EINVAL;
        Machine.PosixTimers.Delete(timer);
        return 0;
    }
}
