using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>The 32-bit word of a futex that says who owns it: robust and priority-inheriting ones. include/uapi/linux/futex.h.</summary>
internal static class FutexWord
{
    public const int Size = 4;

    /// <summary>FUTEX_WAITERS: whoever unlocks must tell the kernel.</summary>
    public const uint Waiters = 0x8000_0000;

    /// <summary>FUTEX_OWNER_DIED.</summary>
    public const uint OwnerDied = 0x4000_0000;

    /// <summary>FUTEX_TID_MASK.</summary>
    public const uint Owner = 0x3FFF_FFFF;

    public static bool TryRead(AddressSpace memory, ulong address, out uint word)
    {
        Span<byte> bytes = stackalloc byte[Size];
        bool isRead = memory.TryRead(address, bytes);
        word = isRead ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : 0;
        return isRead;
    }

    public static bool TryWrite(AddressSpace memory, ulong address, uint word)
    {
        Span<byte> bytes = stackalloc byte[Size];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, word);
        return memory.TryWrite(address, bytes);
    }
}
