using System.Buffers.Binary;
using System.Text;

namespace SyscallExplorer.Linux;

/// <summary>What the machine tells of itself: its name, memory, time used, limits, random bytes.</summary>
internal sealed class SystemCalls(LinuxMachine machine) : HostedCalls(machine)
{
    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("newuname", a => Uname(a[0])),
        ("sysinfo", Info),
        ("getrandom", Random),
        ("getrlimit", a => GetLimit(a, old: false)),
        ("old_getrlimit", a => GetLimit(a, old: true)),
        ("setrlimit", SetLimit),
        ("prlimit64", Limit64),
        ("getrusage", Usage),
        ("times", Times),
    ];

    /// <summary>Six fields of 65 bytes. A 32-bit program on a 64-bit kernel reads x86_64 too, unless its personality says otherwise.</summary>
    private long Uname(ulong address)
    {
        const int fieldSize = 65;
        string[] fields = ["Linux", SystemIdentity.HostName, SystemIdentity.Release(Machine), SystemIdentity.Version, Machine.Kernel.Is32Bit ? "i686" : "x86_64", "(none)"];
        byte[] bytes = new byte[fieldSize * fields.Length];
        for (int i = 0; i < fields.Length; i++)
            Encoding.ASCII.GetBytes(fields[i]).CopyTo(bytes, i * fieldSize);
        return Give(address, bytes);
    }

    private long Info(SyscallArguments arguments)
    {
        long free = Machine.Frames.Available * (long)KernelLayout.PageSize;
        CStructure c = new CStructure(arguments.IsCompat).Word(new EmulatedTime(Machine).SinceBoot / EmulatedTime.NanosecondsPerSecond)
            .Word(0ul).Word(0ul).Word(0ul)
            .Word((ulong)Machine.Limits.MemoryBytes).Word(free).Word(0ul).Word(0ul).Word(0ul).Word(0ul).Int16(State.Tasks.Count + 1).Int16(0);
        c = arguments.IsCompat ? c : c.Int32(0);
        c = c.Word(0ul).Word(0ul).Int32(1);
        return Give(arguments[0], (arguments.IsCompat ? c.Zeroes(8) : c.Int32(0)).Bytes);
    }

    private long Random(SyscallArguments arguments)
    {
        const int known = 7, random = 2, insecure = 4, most = 32 << 20;
        int flags = arguments.Int(2);
        if ((flags & ~known) != 0 || (flags & (random | insecure)) == (random | insecure))
            return -Errno.EINVAL;
        byte[] bytes = new byte[(int)Math.Min(arguments[1], most)];
        SeededBytes.Fill(Machine.Seed, SeededBytes.GetRandom, State.RandomPosition, bytes);
        if (!Memory.TryWrite(arguments[0], bytes))
            return -Errno.EFAULT;
        State = State with { RandomPosition = State.RandomPosition + bytes.Length };
        return bytes.Length;
    }

    /// <summary>What does not fit into the program's word is told as its infinity; the old call's is half of that.</summary>
    private long GetLimit(SyscallArguments arguments, bool old)
    {
        int resource = arguments.Int(0);
        if ((uint)resource >= ResourceLimit.Count)
            return -Errno.EINVAL;
        ResourceLimit limit = Process.LimitOf(resource);
        ulong most = !arguments.IsCompat ? ulong.MaxValue : old ? int.MaxValue : uint.MaxValue;
        return Give(arguments[1], new CStructure(arguments.IsCompat).Word(Math.Min(limit.Soft, most)).Word(Math.Min(limit.Hard, most)).Bytes);
    }

    private long SetLimit(SyscallArguments arguments)
    {
        int word = arguments.IsCompat ? 4 : 8;
        Span<byte> bytes = stackalloc byte[16];
        if (!Memory.TryRead(arguments[1], bytes[..(2 * word)]))
            return -Errno.EFAULT;
        if (!arguments.IsCompat)
            return Change(arguments.Int(0), bytes);
        Span<byte> wide = stackalloc byte[16];
        for (int i = 0; i < 2; i++)
        {
            uint value = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(i * 4)..]);
            BinaryPrimitives.WriteUInt64LittleEndian(wide[(i * 8)..], value == uint.MaxValue ? ResourceLimit.Infinity : value);
        }

        return Change(arguments.Int(0), wide);
    }

    private long Limit64(SyscallArguments arguments)
    {
        int process = arguments.Int(0), resource = arguments.Int(1);
        if ((uint)resource >= ResourceLimit.Count)
            return -Errno.EINVAL;
        if (process != 0 && process != Process.Id)
            return process == TaskIdentity.ParentPid || Tasks.Find(process) is not null ? -Errno.EPERM : -Errno.ESRCH;
        ResourceLimit old = Process.LimitOf(resource);
        if (arguments[2] != 0)
        {
            Span<byte> bytes = stackalloc byte[16];
            if (!Memory.TryRead(arguments[2], bytes))
                return -Errno.EFAULT;
            if (Change(resource, bytes) is var error && error != 0)
                return error;
        }

        return arguments[3] == 0 ? 0 : Give(arguments[3], new CStructure(compat: false).Int64((long)old.Soft).Int64((long)old.Hard).Bytes);
    }

    /// <summary>A hard limit may only be lowered.</summary>
    private long Change(int resource, ReadOnlySpan<byte> words)
    {
        var limit = new ResourceLimit(BinaryPrimitives.ReadUInt64LittleEndian(words), BinaryPrimitives.ReadUInt64LittleEndian(words[8..]));
        if ((uint)resource >= ResourceLimit.Count || limit.Soft > limit.Hard)
            return -Errno.EINVAL;
        if (limit.Hard > Process.LimitOf(resource).Hard)
            return -Errno.EPERM;
        Process = Process with { Limits = Process.Limits.SetItem(resource, limit) };
        return 0;
    }

    /// <summary>What the process, its children that were waited for, or the thread has used.</summary>
    private TaskTimes? TimesOf(int who)
    {
        const int self = 0, children = -1, thread = 1;
        Machine.Scheduler.Account();
        return who switch
        {
            self => Tasks.TimesOf(Process),
            children => Process.Children,
            thread => Task.Times,
            _ => null,
        };
    }

    private long Usage(SyscallArguments arguments)
    {
        if (TimesOf(arguments.Int(0)) is not { } times)
            return -Errno.EINVAL;
        return Give(arguments[1], ResourceUsage.Of(Machine, times, arguments.IsCompat, arguments.Int(0) < 0 ? 0 : Memory.Map.MostResidentPages).Bytes);
    }

    private long Times(SyscallArguments arguments)
    {
        const long nanosecondsPerTick = EmulatedTime.NanosecondsPerSecond / 100;
        if (arguments[0] != 0 && TimesOf(0) is { } own && TimesOf(-1) is { } children)
        {
            var c = new CStructure(arguments.IsCompat);
            foreach (TaskTimes times in (ReadOnlySpan<TaskTimes>)[own, children])
            {
                (long user, long system) = ResourceUsage.Split(Machine, times);
                c.Word(user / nanosecondsPerTick).Word(system / nanosecondsPerTick);
            }

            if (Give(arguments[0], c.Bytes) is var error && error != 0)
                return error;
        }

        return new EmulatedTime(Machine).SinceBoot / nanosecondsPerTick;
    }
}
