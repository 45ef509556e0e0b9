using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>
/// The lists in a thread's own memory of the locks that it holds. At its end each is marked as left by a dead owner and one of those who wait
/// is woken. A list that is damaged is walked as far as it goes. man 2 get_robust_list.
/// </summary>
/// <param name="machine">The machine.</param>
/// <param name="task">The thread that ends.</param>
/// <param name="memory">Its memory.</param>
internal sealed class RobustLists(LinuxMachine machine, TaskState task, AddressSpace memory)
{
    /// <summary>ROBUST_LIST_LIMIT.</summary>
    private const int MostEntries = 2048;

    private const ulong InheritsPriority = 1;

    /// <summary>Goes through a list.</summary>
    /// <param name="head">Address of its head, or 0.</param>
    /// <param name="compat">Whether its words have 32 bits.</param>
    public void Walk(ulong head, bool compat)
    {
        int word = compat ? 4 : 8;
        if (head == 0
            || !TryReadWord(head, word, out ulong entry)
            || !TryReadWord(head + (ulong)word, word, out ulong offset)
            || !TryReadWord(head + (ulong)(2 * word), word, out ulong pending))
        {
            return;
        }

        ulong Lock(ulong from) => compat ? (uint)((from & ~InheritsPriority) + offset) : (from & ~InheritsPriority) + offset;
        ulong pendingEntry = pending & ~InheritsPriority;
        for (int count = 0; (entry & ~InheritsPriority) != head && count < MostEntries; count++)
        {
            // The next entry is read first: once its lock is free, the memory of this one may be used for something else.
            bool goesOn = TryReadWord(entry & ~InheritsPriority, word, out ulong next);
            if ((entry & ~InheritsPriority) != pendingEntry && !Release(Lock(entry), IsInheriting(entry), isPending: false))
                return;
            if (!goesOn)
                return;
            entry = next;
        }

        if (pendingEntry != 0)
            Release(Lock(pending), IsInheriting(pending), isPending: true);
    }

    private static bool IsInheriting(ulong entry) => (entry & InheritsPriority) != 0;

    /// <summary>A lock that the thread was about to take or to give up may be free already, while somebody who waits for it has not been told.</summary>
    /// <returns>False when the lock cannot be reached.</returns>
    private bool Release(ulong address, bool isInheriting, bool isPending)
    {
        if (address % FutexWord.Size != 0 || !FutexWord.TryRead(memory, address, out uint word))
            return false;
        if (isPending && !isInheriting && word == 0)
        {
            machine.Futexes.Wake(Futexes.KeyOf(memory, address), most: 1);
            return true;
        }

        if ((word & FutexWord.Owner) != (uint)task.Id)
            return true;
        if (!FutexWord.TryWrite(memory, address, (word & FutexWord.Waiters) | FutexWord.OwnerDied))
            return false;
        if (!isInheriting && (word & FutexWord.Waiters) != 0)
            machine.Futexes.Wake(Futexes.KeyOf(memory, address), most: 1);
        return true;
    }

    private bool TryReadWord(ulong address, int size, out ulong word)
    {
        Span<byte> bytes = stackalloc byte[8];
        bytes.Clear();
        bool isRead = memory.TryRead(address, bytes[..size]);
        word = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        return isRead;
    }
}
