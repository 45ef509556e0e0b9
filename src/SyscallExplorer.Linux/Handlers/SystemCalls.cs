using System.Buffers.Binary;
using System.Text;

namespace SyscallExplorer.Linux;

/// <summary>What the machine tells of itself: its name, memory, time used, limits, random bytes.</summary>
internal sealed class SystemCalls(LinuxMachine machine) : HostedCalls(machine)
{
    private const long MicrosecondsPerSecond = 1_000_000;

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
        ("clock_getres", a => Resolution(a, wide: true)),
        ("clock_getres_time32", a => Resolution(a, wide: false)),
        ("cpu_clock", _ => new EmulatedTime(Machine).Running),
    ];

    /// <summary>Six fields of 65 bytes. A 32-bit program on a 64-bit kernel reads x86_64 too, unless its personality says otherwise.</summary>
    private long Uname(ulong address)
    {
        const int fieldSize = 65;
        string[] fields = ["Linux", "syscall-explorer", $"{Machine.Kernel.Release}.0", "#1 SMP", "x86_64", "(none)"];
        byte[] bytes = new byte[fieldSize * fields.Length];
        for (int i = 0; i < fields.Length; i++)
            Encoding.ASCII.GetBytes(fields[i]).CopyTo(bytes, i * fieldSize);
        return Give(address, bytes);
    }

    private long Info(SyscallArguments arguments)
    {
        long free = (KernelLayout.RamSize - (long)State.NextFrame) + State.FreeFrames.Count() * (long)KernelLayout.PageSize;
        CStructure c = new CStructure(arguments.IsCompat).Word(new EmulatedTime(Machine).SinceBoot / EmulatedTime.NanosecondsPerSecond)
            .Word(0ul).Word(0ul).Word(0ul)
            .Word(KernelLayout.RamSize).Word(free).Word(0ul).Word(0ul).Word(0ul).Word(0ul).Int16(2).Int16(0);
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

    private ResourceLimit LimitOf(int resource) => State.Limits.TryGetValue(resource, out ResourceLimit limit) ? limit : ResourceLimit.InitialOf(resource);

    /// <summary>What does not fit into the program's word is told as its infinity; the old call's is half of that.</summary>
    private long GetLimit(SyscallArguments arguments, bool old)
    {
        int resource = arguments.Int(0);
        if ((uint)resource >= ResourceLimit.Count)
            return -Errno.EINVAL;
        ResourceLimit limit = LimitOf(resource);
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
        if (process is not (0 or TaskIdentity.Pid))
            return process == TaskIdentity.ParentPid ? -Errno.EPERM : -Errno.ESRCH;
        ResourceLimit old = LimitOf(resource);
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
        if (limit.Hard > LimitOf(resource).Hard)
            return -Errno.EPERM;
        State = State with { Limits = State.Limits.SetItem(resource, limit) };
        return 0;
    }

    /// <summary>All of a program's time is told as user time, for the kernel's share is not kept apart.</summary>
    private long Usage(SyscallArguments arguments)
    {
        const int self = 0, children = -1, thread = 1, counters = 14;
        int who = arguments.Int(0);
        if (who is not (self or children or thread))
            return -Errno.EINVAL;
        bool own = who != children;
        long microseconds = own ? new EmulatedTime(Machine).Running / 1000 : 0;
        CStructure c = new CStructure(arguments.IsCompat).Word(microseconds / MicrosecondsPerSecond).Word(microseconds % MicrosecondsPerSecond).Word(0ul).Word(0ul);
        const int maximumResident = 0, minorFaults = 4;
        for (int i = 0; i < counters; i++)
            c.Word(!own ? 0 : i switch { maximumResident => State.MinorFaults * 4, minorFaults => State.MinorFaults, _ => 0 });
        return Give(arguments[1], c.Bytes);
    }

    private long Times(SyscallArguments arguments)
    {
        const long nanosecondsPerTick = EmulatedTime.NanosecondsPerSecond / 100;
        var time = new EmulatedTime(Machine);
        if (arguments[0] != 0)
        {
            CStructure c = new CStructure(arguments.IsCompat).Word(time.Running / nanosecondsPerTick).Word(0ul).Word(0ul).Word(0ul);
            if (Give(arguments[0], c.Bytes) is var error && error != 0)
                return error;
        }

        return time.SinceBoot / nanosecondsPerTick;
    }

    private long Resolution(SyscallArguments arguments, bool wide)
    {
        const int realtimeCoarse = 5, monotonicCoarse = 6, nanosecondsPerTick = 4_000_000;
        int clock = arguments.Int(0);
        if (clock is not ((>= 0 and <= 7) or 11))
            return -Errno.EINVAL;
        int nanoseconds = clock is realtimeCoarse or monotonicCoarse ? nanosecondsPerTick : 1;
        return arguments[1] == 0 ? 0 : Give(arguments[1], new CStructure(!wide).Word(0ul).Word((ulong)nanoseconds).Bytes);
    }
}
