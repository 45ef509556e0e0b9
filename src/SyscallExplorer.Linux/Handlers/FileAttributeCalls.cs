using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>What changes a file's permissions, owner, times and length by its name.</summary>
internal sealed class FileAttributeCalls(LinuxMachine machine) : NamedFileCalls(machine)
{
    private const int Here = AtFlags.WorkingDirectory;
    private const int Narrow = 4;
    private const int Wide = 8;

    private delegate bool TimeReader(ReadOnlySpan<byte> bytes, int word, out TimeChange change);

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("chmod", a => OfName(Here, a[0], 0, node => Vfs.SetMode(node, a.Int(1)))),
        ("fchmodat", a => OfName(a.Int(0), a[1], 0, node => Vfs.SetMode(node, a.Int(2)))),
        ("fchmod", a => OfDescriptor(a.Int(0), node => Vfs.SetMode(node, a.Int(1)))),
        ("chown", a => OfName(Here, a[0], 0, node => Vfs.SetOwner(node, a.Int(1), a.Int(2)))),
        ("lchown", a => OfName(Here, a[0], AtFlags.NoFollow, node => Vfs.SetOwner(node, a.Int(1), a.Int(2)))),
        ("fchown", a => OfDescriptor(a.Int(0), node => Vfs.SetOwner(node, a.Int(1), a.Int(2)))),
        ("fchownat", ChangeOwnerAt),
        ("chown16", a => OfName(Here, a[0], 0, node => Vfs.SetOwner(node, Identity16(a, 1), Identity16(a, 2)))),
        ("lchown16", a => OfName(Here, a[0], AtFlags.NoFollow, node => Vfs.SetOwner(node, Identity16(a, 1), Identity16(a, 2)))),
        ("fchown16", a => OfDescriptor(a.Int(0), node => Vfs.SetOwner(node, Identity16(a, 1), Identity16(a, 2)))),
        ("utime", a => SetTimes(Here, a[0], a[1], 0, Wide, 1, TimeChange.OfSeconds)),
        ("utime32", a => SetTimes(Here, a[0], a[1], 0, Narrow, 1, TimeChange.OfSeconds)),
        ("utimes", a => SetTimes(Here, a[0], a[1], 0, Wide, 2, TimeChange.OfMicroseconds)),
        ("utimes_time32", a => SetTimes(Here, a[0], a[1], 0, Narrow, 2, TimeChange.OfMicroseconds)),
        ("futimesat", a => SetTimes(a.Int(0), a[1], a[2], 0, Wide, 2, TimeChange.OfMicroseconds)),
        ("futimesat_time32", a => SetTimes(a.Int(0), a[1], a[2], 0, Narrow, 2, TimeChange.OfMicroseconds)),
        ("utimensat", a => SetTimes(a.Int(0), a[1], a[2], a.Int(3), Wide, 2, TimeChange.OfNanoseconds)),
        ("utimensat_time32", a => SetTimes(a.Int(0), a[1], a[2], a.Int(3), Narrow, 2, TimeChange.OfNanoseconds)),
        ("truncate", a => Truncate(a[0], a.IsCompat ? a.Int(1) : (long)a[1])),
        ("ia32_truncate64", a => Truncate(a[0], Joined(a, 1))),
    ];

    private long OfName(int directory, ulong name, int flags, Func<VfsNode, long> change) =>
        Locate(directory, name, flags, out long error) is { } location ? change(location.Node) : error;

    private long OfDescriptor(int descriptor, Func<VfsNode, long> change) => FindFile(descriptor) is { } file ? change(LocationOf(file).Node) : -Errno.EBADF;

    private long ChangeOwnerAt(SyscallArguments arguments)
    {
        int flags = arguments.Int(4);
        return (flags & ~(AtFlags.NoFollow | AtFlags.EmptyPath)) != 0
            ? -Errno.EINVAL
            : OfName(arguments.Int(0), arguments[1], flags, node => Vfs.SetOwner(node, arguments.Int(2), arguments.Int(3)));
    }

    /// <summary>An identity of 16 bits, in which all ones still mean none.</summary>
    private static int Identity16(SyscallArguments arguments, int index) => (ushort)arguments[index] == ushort.MaxValue ? -1 : (ushort)arguments[index];

    private long Truncate(ulong name, long length) => length < 0 ? -Errno.EINVAL : OfName(Here, name, 0, node => Vfs.Truncate(node, length));

    /// <summary>Two times, for reading and for changing; none means now. Without a name the descriptor's file is meant.</summary>
    private long SetTimes(int directory, ulong name, ulong times, int flags, int word, int wordsEach, TimeReader read)
    {
        TimeChange access = TimeChange.Now, modification = TimeChange.Now;
        if (times != 0)
        {
            int size = word * wordsEach;
            byte[] bytes = new byte[2 * size];
            if (!Memory.TryRead(times, bytes))
                return -Errno.EFAULT;

            // A 32-bit program's nanoseconds have 32 bits, whatever stands in the rest of their 64.
            if (Memory.Map.Bitness == 32 && word == Wide)
            {
                bytes.AsSpan(size - Narrow, Narrow).Clear();
                bytes.AsSpan(2 * size - Narrow, Narrow).Clear();
            }
            if (!read(bytes, word, out access) || !read(bytes.AsSpan(size), word, out modification))
                return -Errno.EINVAL;
        }

        bool isNow = access.IsNow && modification.IsNow;
        if (access.IsOmitted && modification.IsOmitted)
            return 0;
        if ((flags & ~(AtFlags.NoFollow | AtFlags.EmptyPath)) != 0)
            return -Errno.EINVAL;
        long now = new EmulatedTime(Machine).WallClock;
        long Change(VfsNode node) => Vfs.SetTimes(node, access.At(now), modification.At(now), isNow);
        if (name != 0 || directory == Here)
            return OfName(directory, name, flags, Change);
        return flags != 0 ? -Errno.EINVAL : OfDescriptor(directory, Change);
    }

    /// <summary>A time to be set: a number of nanoseconds, the present, or what it was.</summary>
    private readonly record struct TimeChange(long Nanoseconds, bool IsNow = false, bool IsOmitted = false)
    {
        public static TimeChange Now { get; } = new(0, IsNow: true);

        public long? At(long now) => IsOmitted ? null : IsNow ? now : Nanoseconds;

        public static bool OfSeconds(ReadOnlySpan<byte> bytes, int word, out TimeChange change)
        {
            change = new TimeChange(Scaled(Number(bytes, word), 0));
            return true;
        }

        public static bool OfMicroseconds(ReadOnlySpan<byte> bytes, int word, out TimeChange change)
        {
            const long perSecond = 1_000_000, nanoseconds = 1000;
            long rest = Number(bytes[word..], word);
            bool isValid = rest is >= 0 and < perSecond;
            change = isValid ? new TimeChange(Scaled(Number(bytes, word), rest * nanoseconds)) : default;
            return isValid;
        }

        public static bool OfNanoseconds(ReadOnlySpan<byte> bytes, int word, out TimeChange change)
        {
            const long now = 0x3FFF_FFFF, omit = 0x3FFF_FFFE;
            long rest = Number(bytes[word..], word);
            change = rest switch
            {
                now => Now,
                omit => new TimeChange(0, IsOmitted: true),
                _ => new TimeChange(Scaled(Number(bytes, word), rest)),
            };
            return rest is now or omit or (>= 0 and < EmulatedTime.NanosecondsPerSecond);
        }

        private static long Number(ReadOnlySpan<byte> bytes, int word) =>
            word == Wide ? BinaryPrimitives.ReadInt64LittleEndian(bytes) : BinaryPrimitives.ReadInt32LittleEndian(bytes);

        /// <summary>As tmpfs does it, times stay within what a file can show.</summary>
        private static long Scaled(long seconds, long nanoseconds)
        {
            const long most = long.MaxValue / EmulatedTime.NanosecondsPerSecond - 1;
            return Math.Clamp(seconds, -most, most) * EmulatedTime.NanosecondsPerSecond + nanoseconds;
        }
    }
}
