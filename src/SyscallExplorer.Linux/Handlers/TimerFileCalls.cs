namespace SyscallExplorer.Linux;

/// <summary>timerfd_create, timerfd_settime and timerfd_gettime. man 2 timerfd_create.</summary>
internal sealed class TimerFileCalls(LinuxMachine machine) : HostedCalls(machine)
{
    private const int Narrow = 4;
    private const int Wide = 8;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("timerfd_create", a => Create(a.Int(0), a.Int(1))),
        ("timerfd_settime", a => Set(a, Wide)),
        ("timerfd_settime32", a => Set(a, Narrow)),
        ("timerfd_gettime", a => Get(a, Wide)),
        ("timerfd_gettime32", a => Get(a, Narrow)),
    ];

    private long Create(int clock, int flags)
    {
        if ((flags & ~(OpenFlags.CloseOnExec | OpenFlags.NonBlocking)) != 0)
            return -Errno.EINVAL;
        if (clock is ClockIds.RealtimeAlarm or ClockIds.BoottimeAlarm)
            return -Errno.EPERM;
        if (clock is not (ClockIds.Realtime or ClockIds.Monotonic or ClockIds.Boottime))
            return -Errno.EINVAL;
        TimerFile file = Machine.TimerFiles.Create(clock);
        long descriptor = Machine.Files.Open(
            new OpenFile(file, 0, OpenFlags.ReadWrite | (flags & OpenFlags.NonBlocking)), (flags & OpenFlags.CloseOnExec) != 0);
        if (descriptor < 0)
            Machine.TimerFiles.Release(file.Number);
        return descriptor;
    }

    private long Set(SyscallArguments arguments, int word)
    {
        const int absolute = 1, cancelOnSet = 2;
        int flags = arguments.Int(1);
        long error = new TimespecReader(Memory).Read(arguments[2], word, arguments.IsCompat, out TimerSetting setting);
        if (error == -Errno.EFAULT)
            return error;
        if ((flags & ~(absolute | cancelOnSet)) != 0 || error != 0)
            return -Errno.EINVAL;
        if (Find(arguments.Int(0), out error) is not { } file)
            return error;
        TimerSetting old = Machine.TimerFiles.Get(file.Number);
        Machine.TimerFiles.Set(file.Number, setting, (flags & absolute) != 0);
        return arguments[3] == 0 ? 0 : Give(arguments[3], TimespecWriter.Write(old, word).Bytes);
    }

    private long Get(SyscallArguments arguments, int word) =>
        Find(arguments.Int(0), out long error) is { } file ? Give(arguments[1], TimespecWriter.Write(Machine.TimerFiles.Get(file.Number), word).Bytes) : error;

    private TimerFile? Find(int descriptor, out long error)
    {
        OpenFile? file = Machine.Files.Find(descriptor);
        error = file is null or { Object: PathOnly } ? -Errno.EBADF : -Errno.EINVAL;
        return file?.Object as TimerFile;
    }
}
