using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>
/// Processor time, resolutions, and what would set a clock: the machine's user may not. man 2 clock_getres, settimeofday, adjtimex.
/// </summary>
internal sealed class ClockCalls(LinuxMachine machine) : HostedCalls(machine)
{
    private const int Narrow = 4;
    private const int Wide = 8;

    /// <summary>STA_UNSYNC: nobody has synchronised the clock since boot.</summary>
    private const int Unsynchronised = 0x40;

    /// <summary>TIME_ERROR, which follows from it.</summary>
    private const int NotReliable = 5;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("cpu_clock", a => Machine.CpuClocks.Find(a.Int(0), onlyReads: true) is { } clock && Machine.CpuClocks.Now(clock) is { } now ? now : -Errno.EINVAL),
        ("clock_getres", a => Resolution(a, Wide)),
        ("clock_getres_time32", a => Resolution(a, Narrow)),
        ("clock_settime", a => SetClock(a, Wide)),
        ("clock_settime32", a => SetClock(a, Narrow)),
        ("settimeofday", SetTimeOfDay),
        ("stime", a => Memory.TryRead(a[0], stackalloc byte[Narrow]) ? -Errno.EPERM : -Errno.EFAULT),
        ("adjtimex", a => Adjust(a[0], Wide)),
        ("adjtimex_time32", a => Adjust(a[0], Narrow)),
        ("clock_adjtime", a => AdjustClock(a, Wide)),
        ("clock_adjtime32", a => AdjustClock(a, Narrow)),
    ];

    private long Resolution(SyscallArguments arguments, int word)
    {
        int clock = arguments.Int(0);
        bool isCoarse = clock is ClockIds.RealtimeCoarse or ClockIds.MonotonicCoarse;
        if (ClockIds.IsProcessorTime(clock))
        {
            if (Machine.CpuClocks.Find(clock) is not { } found)
                return -Errno.EINVAL;
            isCoarse = found.Kind != CpuTimeKind.Exact;
        }
        else if (!ClockIds.Exists(clock) || clock is ClockIds.RealtimeAlarm or ClockIds.BoottimeAlarm)
        {
            return -Errno.EINVAL;
        }

        return arguments[1] == 0 ? 0 : Give(arguments[1], TimespecWriter.Write(isCoarse ? Scheduler.NanosecondsPerTick : 1, word).Bytes);
    }

    private long SetClock(SyscallArguments arguments, int word)
    {
        int clock = arguments.Int(0);
        bool isProcessorTime = clock < 0 && ClockIds.IsProcessorTime(clock);
        if (clock != ClockIds.Realtime && !isProcessorTime)
            return -Errno.EINVAL;
        if (new TimespecReader(Memory).Read(arguments[1], word, arguments.IsCompat, out long _) is var error && (error == -Errno.EFAULT || (error != 0 && !isProcessorTime)))
            return error;
        return isProcessorTime && Machine.CpuClocks.Find(clock) is null ? -Errno.EINVAL : -Errno.EPERM;
    }

    private long SetTimeOfDay(SyscallArguments arguments)
    {
        if (arguments[0] != 0
            && new TimespecReader(Memory).ReadMicroseconds(arguments[0], arguments.IsCompat ? Narrow : Wide, out long _) is var error && error != 0)
        {
            return error;
        }

        return arguments[1] != 0 && !Memory.TryRead(arguments[1], stackalloc byte[Wide]) ? -Errno.EFAULT : -Errno.EPERM;
    }

    private long AdjustClock(SyscallArguments arguments, int word)
    {
        int clock = arguments.Int(0);
        if (clock == ClockIds.Realtime)
            return Adjust(arguments[1], word);
        return ClockIds.Exists(clock) || ClockIds.IsProcessorTime(clock) ? -Errno.EOPNOTSUPP : -Errno.EINVAL;
    }

    /// <summary>Tells of the clock's discipline, which is as boot left it.</summary>
    private long Adjust(ulong address, int word)
    {
        const uint adjtimeReads = 0xA001;
        const int maximumError = 16_000_000, timeConstant = 2, precision = 1, tolerance = 32_768_000, microsecondsPerTick = 10_000;
        int size = word == Wide ? 208 : 128;
        byte[] bytes = new byte[size];
        if (!Memory.TryRead(address, bytes))
            return -Errno.EFAULT;
        uint modes = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if (modes is not (0 or adjtimeReads))
            return -Errno.EPERM;
        (long seconds, long nanoseconds) = Math.DivRem(new EmulatedTime(Machine).WallClock, EmulatedTime.NanosecondsPerSecond);
        bool compat = word < Wide;
        CStructure Padded(CStructure c, int value) => compat ? c.Int32(value) : c.Int32(value).Int32(0);
        CStructure c = Padded(new CStructure(compat), (int)modes).Word(0L).Word(0L).Word((long)maximumError).Word((long)maximumError);
        c = Padded(c, Unsynchronised).Word((long)timeConstant).Word((long)precision).Word((long)tolerance)
            .Word(seconds).Word(nanoseconds / 1000).Word((long)microsecondsPerTick);
        CStructure whole = c.Zeroes(size - c.Bytes.Length);
        return Give(address, whole.Bytes) is var error && error != 0 ? error : NotReliable;
    }
}
