using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>Times that programs give to calls.</summary>
internal sealed class TimespecReader(AddressSpace memory)
{
    private const int Wide = 8;
    private const long NanosecondsPerMicrosecond = 1000;

    /// <summary>Reads a timespec.</summary>
    /// <param name="address">Where.</param>
    /// <param name="word">Bytes of its seconds.</param>
    /// <param name="compat">Whether it is a 32-bit program's, whose nanoseconds have 32 bits whatever the seconds have.</param>
    /// <param name="nanoseconds">The time.</param>
    /// <returns>0, -EFAULT or -EINVAL.</returns>
    public long Read(ulong address, int word, bool compat, out long nanoseconds) => Read(address, word, compat, nanosecondsPerUnit: 1, out nanoseconds);

    /// <summary>Reads a timeval.</summary>
    /// <param name="address">Where.</param>
    /// <param name="word">Bytes of its seconds.</param>
    /// <param name="nanoseconds">The time.</param>
    /// <returns>0, -EFAULT or -EINVAL.</returns>
    public long ReadMicroseconds(ulong address, int word, out long nanoseconds) =>
        Read(address, word, compat: word < Wide, NanosecondsPerMicrosecond, out nanoseconds);

    /// <summary>Reads an itimerspec.</summary>
    /// <param name="address">Where.</param>
    /// <param name="word">Bytes of its seconds.</param>
    /// <param name="compat">Whether it is a 32-bit program's.</param>
    /// <param name="setting">The time and the interval.</param>
    /// <returns>0, -EFAULT or -EINVAL.</returns>
    public long Read(ulong address, int word, bool compat, out TimerSetting setting)
    {
        setting = default;
        long error = Read(address, word, compat, out long interval);
        if (error == -Errno.EFAULT)
            return error;
        long second = Read(address + (ulong)(2 * word), word, compat, out long value);
        setting = new TimerSetting(value, interval);
        return second == -Errno.EFAULT || error == 0 ? second : error;
    }

    /// <summary>Reads an itimerval.</summary>
    /// <param name="address">Where.</param>
    /// <param name="word">Bytes of its seconds.</param>
    /// <param name="setting">The time and the interval.</param>
    /// <returns>0, -EFAULT or -EINVAL.</returns>
    public long ReadMicroseconds(ulong address, int word, out TimerSetting setting)
    {
        setting = default;
        long error = ReadMicroseconds(address, word, out long interval);
        if (error == -Errno.EFAULT)
            return error;
        long second = ReadMicroseconds(address + (ulong)(2 * word), word, out long value);
        setting = new TimerSetting(value, interval);
        return second == -Errno.EFAULT || error == 0 ? second : error;
    }

    private long Read(ulong address, int word, bool compat, long nanosecondsPerUnit, out long nanoseconds)
    {
        nanoseconds = 0;
        Span<byte> bytes = stackalloc byte[2 * Wide];
        if (!memory.TryRead(address, bytes[..(2 * word)]))
            return -Errno.EFAULT;
        long seconds = word == Wide ? BinaryPrimitives.ReadInt64LittleEndian(bytes) : BinaryPrimitives.ReadInt32LittleEndian(bytes);
        long rest = word == Wide && !compat ? BinaryPrimitives.ReadInt64LittleEndian(bytes[Wide..]) : BinaryPrimitives.ReadInt32LittleEndian(bytes[word..]);
        if (seconds < 0 || rest < 0 || rest >= EmulatedTime.NanosecondsPerSecond / nanosecondsPerUnit)
            return -Errno.EINVAL;
        bool isForever = seconds > long.MaxValue / EmulatedTime.NanosecondsPerSecond - 1;
        nanoseconds = isForever ? long.MaxValue : seconds * EmulatedTime.NanosecondsPerSecond + rest * nanosecondsPerUnit;
        return 0;
    }

    /// <summary>A time a while later; what lies beyond all times is the last one.</summary>
    public static long Add(long time, long nanoseconds) => nanoseconds > long.MaxValue - time ? long.MaxValue : time + nanoseconds;
}
