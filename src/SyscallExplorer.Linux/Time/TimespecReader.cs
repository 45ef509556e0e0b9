using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>Times that programs give to calls.</summary>
internal sealed class TimespecReader(AddressSpace memory)
{
    /// <summary>Reads a timespec.</summary>
    /// <param name="address">Where.</param>
    /// <param name="word">Bytes of its seconds.</param>
    /// <param name="compat">Whether it is a 32-bit program's, whose nanoseconds have 32 bits whatever the seconds have.</param>
    /// <param name="nanoseconds">The time.</param>
    /// <returns>0, -EFAULT or -EINVAL.</returns>
    public long Read(ulong address, int word, bool compat, out long nanoseconds)
    {
        const int wide = 8;
        nanoseconds = 0;
        Span<byte> bytes = stackalloc byte[2 * wide];
        if (!memory.TryRead(address, bytes[..(2 * word)]))
            return -Errno.EFAULT;
        long seconds = word == wide ? BinaryPrimitives.ReadInt64LittleEndian(bytes) : BinaryPrimitives.ReadInt32LittleEndian(bytes);
        long rest = word == wide && !compat ? BinaryPrimitives.ReadInt64LittleEndian(bytes[wide..]) : BinaryPrimitives.ReadInt32LittleEndian(bytes[word..]);
        if (seconds < 0 || rest is < 0 or >= EmulatedTime.NanosecondsPerSecond)
            return -Errno.EINVAL;
        nanoseconds = seconds > long.MaxValue / EmulatedTime.NanosecondsPerSecond - 1 ? long.MaxValue : seconds * EmulatedTime.NanosecondsPerSecond + rest;
        return 0;
    }

    /// <summary>A time a while later; what lies beyond all times is the last one.</summary>
    public static long Add(long time, long nanoseconds) => nanoseconds > long.MaxValue - time ? long.MaxValue : time + nanoseconds;
}
