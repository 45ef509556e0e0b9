using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>open and close in all their shapes.</summary>
internal sealed class FileCalls(LinuxMachine machine) : NamedFileCalls(machine)
{
    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("open", a => Open(AtFlags.WorkingDirectory, a[0], a.Int(1), a.Int(2), a.IsCompat)),
        ("openat", a => Open(a.Int(0), a[1], a.Int(2), a.Int(3), a.IsCompat)),
        ("creat", a => Open(AtFlags.WorkingDirectory, a[0], OpenFlags.Create | OpenFlags.WriteOnly | OpenFlags.Truncate, a.Int(1), a.IsCompat)),
        ("openat2", OpenByStructure),
        ("close", a => Close(a.Int(0))),
        ("close_range", CloseRange),
    ];

    private long Open(int directory, ulong name, int flags, int mode, bool compat)
    {
        if (Waited?.Progress is PipeOpening opening)
            return new PipeOpener(Machine).Continue(opening, Reason);

        // Flags that open does not know were never refused, and programs rely on that.
        flags &= OpenFlags.Known;
        if ((flags & OpenFlags.Nameless) != 0 && ((flags & OpenFlags.Directory) == 0 || (flags & OpenFlags.AccessMode) == OpenFlags.ReadOnly))
            return -Errno.EINVAL;
        return Open(directory, name, compat ? flags : flags | OpenFlags.LargeFile, mode, ResolveRules.None);
    }

    private long Open(int directory, ulong name, int flags, int mode, ResolveRules rules)
    {
        if (ReadPath(name, out long error) is not { } path)
            return error;
        if (path.Length == 0)
            return -Errno.ENOENT;
        if (StartOf(directory, path, out error) is not { } start)
            return error;
        if ((rules & ResolveRules.InRoot) != 0 && directory != AtFlags.WorkingDirectory && Machine.Files.Find(directory) is { } root)
            start = LocationOf(root).Node;
        if (Machine.Files.IsFull)
            return -Errno.EMFILE;
        if (Vfs.Open(start, path, flags, mode, rules, out int problem) is not { } opened)
            return problem;
        int kept = (flags & OpenFlags.Path) != 0 ? flags & OpenFlags.KeptByPath : flags & ~OpenFlags.OnlyForOpening;
        var file = new OpenFile(opened, 0, kept);
        bool closeOnExec = (flags & OpenFlags.CloseOnExec) != 0;
        return opened is PipeEnd ? new PipeOpener(Machine).Open(file, closeOnExec) : Machine.Files.Open(file, closeOnExec);
    }

    /// <summary>openat2 refuses what open would overlook.</summary>
    private long OpenByStructure(SyscallArguments arguments)
    {
        const int size = 24, known = (int)ResolveRules.Cached * 2 - 1;
        const int permissions = Octal.Changeable;
        if (Waited?.Progress is PipeOpening opening)
            return new PipeOpener(Machine).Continue(opening, Reason);
        ulong given = arguments[3];
        if (given < size)
            return -Errno.EINVAL;
        if (given > KernelLayout.PageSize)
            return -Errno.E2BIG;
        byte[] bytes = new byte[(int)given];
        if (!Memory.TryRead(arguments[2], bytes))
            return -Errno.EFAULT;
        if (bytes.AsSpan(size).IndexOfAnyExcept((byte)0) >= 0)
            return -Errno.E2BIG;
        ulong flags = BinaryPrimitives.ReadUInt64LittleEndian(bytes), mode = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(8)), rules = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(16));
        bool makes = (flags & (OpenFlags.Create | OpenFlags.Nameless)) != 0;
        bool isPath = (flags & OpenFlags.Path) != 0, isNameless = (flags & OpenFlags.Nameless) != 0;
        if ((flags & ~(ulong)OpenFlags.Known) != 0 || (rules & ~(ulong)known) != 0 || (mode & ~(ulong)(makes ? permissions : 0)) != 0
            || (isPath && (flags & ~(ulong)(OpenFlags.KeptByPath | OpenFlags.CloseOnExec)) != 0)
            || (isNameless && ((flags & OpenFlags.Directory) == 0 || (flags & OpenFlags.AccessMode) == OpenFlags.ReadOnly))
            || (rules & (ulong)(ResolveRules.Beneath | ResolveRules.InRoot)) == (ulong)(ResolveRules.Beneath | ResolveRules.InRoot))
        {
            return -Errno.EINVAL;
        }

        if ((rules & (ulong)ResolveRules.Cached) != 0)
            return makes || (flags & OpenFlags.Truncate) != 0 ? -Errno.EAGAIN : Open(arguments.Int(0), arguments[1], (int)flags, (int)mode, (ResolveRules)rules & ~ResolveRules.Cached);
        return Open(arguments.Int(0), arguments[1], (int)flags, (int)mode, (ResolveRules)rules);
    }

    private long Close(int descriptor)
    {
        if (Machine.Files.Find(descriptor) is null)
            return -Errno.EBADF;
        Machine.Files.Close(descriptor);
        return 0;
    }

    private long CloseRange(SyscallArguments arguments)
    {
        const uint unshare = 2, closeOnExec = 4;
        uint first = (uint)arguments[0], last = (uint)arguments[1], flags = (uint)arguments[2];
        if ((flags & ~(unshare | closeOnExec)) != 0 || first > last)
            return -Errno.EINVAL;
        for (uint descriptor = first; descriptor <= last && descriptor < TaskLayout.MaxDescriptors; descriptor++)
        {
            if (Machine.Files.Find((int)descriptor) is null)
                continue;
            if ((flags & closeOnExec) != 0)
                Machine.Files.SetCloseOnExec((int)descriptor, true);
            else
                Machine.Files.Close((int)descriptor);
        }

        return 0;
    }
}
