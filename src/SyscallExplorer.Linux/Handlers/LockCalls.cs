using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>flock, and the record locks of fcntl.</summary>
internal sealed class LockCalls(LinuxMachine machine) : NamedFileCalls(machine)
{
    private const int Shared = 0;
    private const int Exclusive = 1;
    private const int Unlocked = 2;
    private const int MaxLocks = 4096;

    public override IEnumerable<(string Name, HostedCall Call)> Calls => [("flock", Whole)];

    /// <summary>Whether a command of fcntl is about record locks.</summary>
    public static bool Serves(int command) => command is (>= 5 and <= 7) or (>= 12 and <= 14) or (>= 36 and <= 38);

    /// <summary>F_GETLK, F_SETLK and F_SETLKW, for the process or for the open file, in the structure of the command's time.</summary>
    public long Record(SyscallArguments arguments)
    {
        if (Request(arguments.Int(0)) is not { } request)
            return -Errno.EBADF;
        OpenFile file = request.File;
        const int getLock = 5, setLock = 6, getLock64 = 12, getOpenFileLock = 36;
        int command = arguments.Int(1);
        if (command is >= getLock64 and < getOpenFileLock && !arguments.IsCompat)
            return -Errno.EINVAL;
        bool isNarrow = arguments.IsCompat && command < getLock64, ofOpenFile = command >= getOpenFileLock;
        int action = getLock + (command - (ofOpenFile ? getOpenFileLock : command >= getLock64 ? getLock64 : getLock));
        var shape = new LockStructure(arguments.IsCompat, isNarrow);
        byte[] bytes = new byte[shape.Size];
        if (!Memory.TryRead(arguments[2], bytes))
            return -Errno.EFAULT;
        int type = BinaryPrimitives.ReadInt16LittleEndian(bytes);
        if (type is not (Shared or Exclusive or Unlocked) || (ofOpenFile && shape.Process(bytes) != 0) || (action == getLock && type == Unlocked))
            return -Errno.EINVAL;
        if (RangeOf(bytes, shape, file, out long first, out long last) is var error && error != 0)
            return error;
        int owner = ofOpenFile ? request.Number : Process.Id;
        var wanted = new FileLock(LocationOf(file).Node, ofOpenFile ? FileLockKind.OpenFile : FileLockKind.Process, owner, type == Exclusive, first, last);
        if (action == getLock)
        {
            shape.Put(bytes, State.Locks.Conflict(wanted));
            return Give(arguments[2], bytes);
        }

        bool mayLock = type switch { Shared => file.MayRead, Exclusive => file.MayWrite, _ => true };
        return mayLock ? Set(request, wanted, type == Unlocked, mayWait: action != setLock) : -Errno.EBADF;
    }

    private long Whole(SyscallArguments arguments)
    {
        const int shared = 1, exclusive = 2, notBlocking = 4, unlock = 8;
        int descriptor = arguments.Int(0), operation = arguments.Int(1) & ~notBlocking;
        if (Request(descriptor) is not { } request)
            return -Errno.EBADF;
        if (operation is not (shared or exclusive or unlock))
            return -Errno.EINVAL;
        var wanted = new FileLock(LocationOf(request.File).Node, FileLockKind.Whole, request.Number, operation == exclusive, 0, long.MaxValue);

        // What is to become the other kind of lock is given up first, and lost where the new one is refused.
        if (State.Locks.Locks.Any(held => held.HasOwnerOf(wanted) && held.IsExclusive != wanted.IsExclusive))
            GiveUp(wanted);
        return Set(request, wanted, operation == unlock, mayWait: (arguments.Int(1) & notBlocking) == 0);
    }

    private long Set(FileRequest request, FileLock wanted, bool isUnlock, bool mayWait)
    {
        if (isUnlock)
        {
            GiveUp(wanted);
            return 0;
        }

        if (State.Locks.Locks.Count >= MaxLocks)
            return -Errno.ENOLCK;
        if (State.Locks.Conflict(wanted) is { } conflict)
        {
            if (!mayWait)
                return -Errno.EAGAIN;
            if (wanted.Kind == FileLockKind.Process && WouldWaitForItself(conflict))
                return -Errno.EDEADLK;
            return request.Block(new Wait([FileLocks.Change], $"a lock on {Vfs.TextOf(wanted.Node)}") { Progress = wanted });
        }

        // A shared lock in place of an exclusive one lets others in.
        bool mayEase = !wanted.IsExclusive && State.Locks.Locks.Any(held => held.HasOwnerOf(wanted) && held.IsExclusive);
        State = State with { Locks = State.Locks.With(wanted) };
        if (mayEase)
            Tasks.Wake(FileLocks.Change);
        return 0;
    }

    private void GiveUp(FileLock range)
    {
        FileLocks before = State.Locks;
        State = State with { Locks = before.Without(range) };
        if (before.Locks.Exists(held => held.HasOwnerOf(range)))
            Tasks.Wake(FileLocks.Change);
    }

    /// <summary>Whether a process that holds a lock waits, itself or through others, for one of the caller's. Only locks of processes are looked at.</summary>
    private bool WouldWaitForItself(FileLock conflict)
    {
        const int longestChain = 10;
        for (int step = 0; step < longestChain && conflict.Kind == FileLockKind.Process; step++)
        {
            if (conflict.Owner == Process.Id)
                return true;
            int owner = conflict.Owner;
            FileLock? wanted = State.Tasks.Values
                .Where(task => task.Process == owner && task is { State: RunState.Sleeping, Wait.Progress: FileLock })
                .Select(task => task.Wait?.Progress as FileLock).FirstOrDefault();
            if (wanted is null || State.Locks.Conflict(wanted) is not { } next)
                return false;
            conflict = next;
        }

        return false;
    }

    private long RangeOf(byte[] bytes, LockStructure shape, OpenFile file, out long first, out long last)
    {
        (int whence, long start, long length) = shape.Range(bytes);
        (first, last) = (0, long.MaxValue);
        long? from = (SeekFrom)whence switch
        {
            SeekFrom.Start => 0,
            SeekFrom.Here => file.Offset,
            SeekFrom.End => file.Operations.Status(Machine, file.Object)?.Size ?? 0,
            _ => null,
        };
        if (from is not { } origin)
            return -Errno.EINVAL;
        if (start > long.MaxValue - origin || (length > 0 && start + origin > long.MaxValue - length + 1))
            return -Errno.EOVERFLOW;
        first = origin + start;
        if (length > 0)
            last = first + length - 1;
        else if (length < 0)
            (first, last) = (first + length, first - 1);
        return first < 0 ? -Errno.EINVAL : 0;
    }

    /// <summary><c>struct flock</c>: padded for 64-bit programs, packed for 32-bit ones, whose older form has words of 32 bits.</summary>
    private readonly record struct LockStructure(bool IsCompat, bool IsNarrow)
    {
        private int Word => IsNarrow ? 4 : 8;

        private int StartAt => IsCompat ? 4 : 8;

        public int Size => !IsCompat ? 32 : IsNarrow ? 16 : 24;

        public (int Whence, long Start, long Length) Range(ReadOnlySpan<byte> bytes) =>
            (BinaryPrimitives.ReadInt16LittleEndian(bytes[2..]), Number(bytes, StartAt), Number(bytes, StartAt + Word));

        public int Process(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadInt32LittleEndian(bytes[(StartAt + 2 * Word)..]);

        /// <summary>Tells of a conflicting lock, or that there is none.</summary>
        public void Put(Span<byte> bytes, FileLock? conflict)
        {
            const int noProcess = -1;
            if (conflict is null)
            {
                BinaryPrimitives.WriteInt16LittleEndian(bytes, Unlocked);
                return;
            }

            BinaryPrimitives.WriteInt16LittleEndian(bytes, conflict.IsExclusive ? (short)Exclusive : (short)Shared);
            BinaryPrimitives.WriteInt16LittleEndian(bytes[2..], 0);
            PutNumber(bytes[StartAt..], conflict.First);
            PutNumber(bytes[(StartAt + Word)..], conflict.Last == long.MaxValue ? 0 : conflict.Last - conflict.First + 1);
            BinaryPrimitives.WriteInt32LittleEndian(bytes[(StartAt + 2 * Word)..], conflict.Kind == FileLockKind.Process ? conflict.Owner : noProcess);
        }

        private long Number(ReadOnlySpan<byte> bytes, int at) =>
            IsNarrow ? BinaryPrimitives.ReadInt32LittleEndian(bytes[at..]) : BinaryPrimitives.ReadInt64LittleEndian(bytes[at..]);

        private void PutNumber(Span<byte> bytes, long value)
        {
            if (IsNarrow)
                BinaryPrimitives.WriteInt32LittleEndian(bytes, (int)value);
            else
                BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        }
    }
}
