using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>sigset_t in a program's memory.</summary>
internal static class SignalSetBytes
{
    /// <summary>Bytes of a set.</summary>
    public const int Size = 8;

    /// <summary>Bytes of a set in the calls that know no real-time signals.</summary>
    public const int OldSize = 4;

    /// <summary>Reads a set.</summary>
    /// <returns>Null for -EFAULT.</returns>
    public static ulong? Read(AddressSpace memory, ulong address, int size = Size)
    {
        Span<byte> bytes = stackalloc byte[Size];
        bytes.Clear();
        return memory.TryRead(address, bytes[..size]) ? BinaryPrimitives.ReadUInt64LittleEndian(bytes) : null;
    }

    /// <summary>Writes a set, or its first bytes.</summary>
    /// <returns>0 or -EFAULT.</returns>
    public static long Give(AddressSpace memory, ulong address, ulong set, int size)
    {
        Span<byte> bytes = stackalloc byte[Size];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, set);
        return memory.TryWrite(address, bytes[..size]) ? 0 : -Errno.EFAULT;
    }
}
