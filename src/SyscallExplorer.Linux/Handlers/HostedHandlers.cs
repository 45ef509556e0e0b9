using System.Buffers.Binary;
using System.Text;

namespace SyscallExplorer.Linux;

/// <summary>The host parts of system calls, by the handler's name. Each returns what the kernel's function would.</summary>
internal sealed class HostedHandlers
{
    private const int MaxTransfer = 0x7FFF_F000;
    private const int PathMax = 4096;
    private const int NameMax = 255;
    private const long MaxFileSize = 64L << 20;

    private readonly LinuxMachine _machine;
    private readonly Dictionary<string, Func<SyscallArguments, long>> _handlers;

    public HostedHandlers(LinuxMachine machine)
    {
        _machine = machine;
        _handlers = new()
        {
            ["hosted_read"] = Read,
            ["hosted_write"] = Write,
            ["open"] = Open,
            ["close"] = Close,
            ["newuname"] = Uname,
            ["exit"] = Exit,
            ["exit_group"] = Exit,
            ["brk"] = Brk,
            ["mmap"] = Mmap,
            ["mmap_pgoff"] = MmapPgoff,
            ["old_mmap"] = OldMmap,
        };
    }

    /// <summary>Names of all host parts.</summary>
    public IReadOnlyCollection<string> Names => _handlers.Keys;

    public long Invoke(string name, SyscallArguments arguments) => _handlers[name](arguments);

    private KernelState State
    {
        get => _machine.State;
        set => _machine.State = value;
    }

    private long Read(SyscallArguments arguments)
    {
        int descriptor = arguments.Int(0);
        OpenFile file = State.OpenFiles[descriptor];
        FileContent content = file.Path == OpenFile.StandardInput ? State.Input : ContentOf(file.Path);
        long available = Math.Max(0, content.Length - file.Offset);
        int count = (int)Math.Min(Math.Min(arguments[2], MaxTransfer), (ulong)available);
        byte[] bytes = new byte[count];
        content.Read(file.Offset, bytes);
        if (!_machine.Memory.TryWrite(arguments[1], bytes))
            return -Errno.EFAULT;
        State = State with { OpenFiles = State.OpenFiles.SetItem(descriptor, file with { Offset = file.Offset + count }) };
        return count;
    }

    private long Write(SyscallArguments arguments)
    {
        int descriptor = arguments.Int(0);
        OpenFile file = State.OpenFiles[descriptor];
        long position = (file.Flags & OpenFlags.Append) != 0 ? LengthOf(file.Path) : file.Offset;
        long room = MaxFileSize - position;
        if (room <= 0)
            return -Errno.EFBIG;
        int count = (int)Math.Min(Math.Min(arguments[2], MaxTransfer), (ulong)room);
        byte[] bytes = new byte[count];
        if (!_machine.Memory.TryRead(arguments[1], bytes))
            return -Errno.EFAULT;
        State = file.Path switch
        {
            OpenFile.StandardOutput => State with { Output = State.Output.Write(State.Output.Length, bytes) },
            OpenFile.StandardError => State with { Error = State.Error.Write(State.Error.Length, bytes) },
            _ => State with
            {
                Files = State.Files.SetItem(file.Path, ContentOf(file.Path).Write(position, bytes)),
                OpenFiles = State.OpenFiles.SetItem(descriptor, file with { Offset = position + count }),
            },
        };
        return count;
    }

    private FileContent ContentOf(string path) => State.Files.GetValueOrDefault(path, FileContent.Empty);

    private long LengthOf(string path) => path switch
    {
        OpenFile.StandardOutput => State.Output.Length,
        OpenFile.StandardError => State.Error.Length,
        _ => ContentOf(path).Length,
    };

    /// <summary>Files live in one flat tree inside the machine; /dev/null and /dev/zero are served by guest code once open.</summary>
    private long Open(SyscallArguments arguments)
    {
        byte[]? raw = _machine.Memory.TryReadString(arguments[0], PathMax);
        if (raw is null)
            return -Errno.EFAULT;
        if (raw.Length == PathMax)
            return -Errno.ENAMETOOLONG;
        string given = Encoding.UTF8.GetString(raw);
        if (given.Split('/').Any(part => Encoding.UTF8.GetByteCount(part) > NameMax))
            return -Errno.ENAMETOOLONG;
        string path = PathNames.Normalise(given);
        int flags = arguments.Int(1);
        if (path.Length == 0)
            return -Errno.ENOENT;
        if (_machine.FreeDescriptor() is not { } descriptor)
            return -Errno.EMFILE;

        const int exclusively = OpenFlags.Create | OpenFlags.Exclusive;
        int kind = path switch { "/dev/null" => FileKind.Null, "/dev/zero" => FileKind.Zero, _ => FileKind.Hosted };
        bool IsFile(string name) => name is "/dev/null" or "/dev/zero" || State.Files.ContainsKey(name);
        bool exists = IsFile(path);
        bool isDirectory = !exists && PathNames.IsDirectory(path, State.Files.Keys);
        if (PathNames.Parents(path).Any(IsFile))
            return -Errno.ENOTDIR;
        if (!exists && !isDirectory && (flags & OpenFlags.Create) == 0)
            return -Errno.ENOENT;
        if ((exists || isDirectory) && (flags & exclusively) == exclusively)
            return -Errno.EEXIST;
        if (isDirectory)
            return (flags & (OpenFlags.AccessMode | OpenFlags.Create)) == OpenFlags.ReadOnly ? -Errno.EACCES : -Errno.EISDIR;
        if (exists && (flags & OpenFlags.Directory) != 0)
            return -Errno.ENOTDIR;
        if (kind == FileKind.Hosted)
        {
            bool truncate = (flags & OpenFlags.Truncate) != 0 && (flags & OpenFlags.AccessMode) != OpenFlags.ReadOnly;
            if (!exists || truncate)
                State = State with { Files = State.Files.SetItem(path, FileContent.Empty) };
        }

        var file = new OpenFile(path, 0, flags);
        State = State with { OpenFiles = State.OpenFiles.SetItem(descriptor, file) };
        _machine.SetFileWord(descriptor, kind | file.Rights);
        return descriptor;
    }

    private long Close(SyscallArguments arguments)
    {
        uint descriptor = (uint)arguments.Int(0);
        if (descriptor >= TaskLayout.MaxDescriptors || _machine.FileKindOf((int)descriptor) == FileKind.Closed)
            return -Errno.EBADF;
        _machine.SetFileWord((int)descriptor, FileKind.Closed);
        State = State with { OpenFiles = State.OpenFiles.Remove((int)descriptor) };
        return 0;
    }

    /// <summary>Six fields of 65 bytes. A 32-bit program on a 64-bit kernel reads x86_64 too, unless its personality says otherwise.</summary>
    private long Uname(SyscallArguments arguments)
    {
        const int fieldSize = 65;
        string[] fields = ["Linux", "syscall-explorer", $"{_machine.Kernel.Release}.0", "#1 SMP", "x86_64", "(none)"];
        byte[] bytes = new byte[fieldSize * fields.Length];
        for (int i = 0; i < fields.Length; i++)
            Encoding.ASCII.GetBytes(fields[i]).CopyTo(bytes, i * fieldSize);
        return _machine.Memory.TryWrite(arguments[0], bytes) ? 0 : -Errno.EFAULT;
    }

    private long Exit(SyscallArguments arguments)
    {
        const int statusMask = 0xFF;
        State = State with { ExitStatus = arguments.Int(0) & statusMask };
        return 0;
    }

    /// <summary>Returns the new end of the heap, or the old one when it cannot be moved there.</summary>
    private long Brk(SyscallArguments arguments)
    {
        ulong wanted = arguments[0];
        ulong oldEnd = KernelLayout.PageUp(State.Break);
        ulong newEnd = KernelLayout.PageUp(wanted);
        if (wanted < State.BreakStart || wanted >= State.MmapTop)
            return (long)State.Break;
        if (newEnd < oldEnd)
        {
            _machine.Memory.Unmap(newEnd, oldEnd);
        }
        else if (newEnd > oldEnd)
        {
            if (State.Areas.Any(area => area.Start < newEnd && area.End > oldEnd))
                return (long)State.Break;
            _machine.Memory.Add(new VmArea(oldEnd, newEnd, true, true, false, "[heap]"));
        }

        State = State with { Break = wanted };
        return (long)wanted;
    }

    private long Mmap(SyscallArguments arguments) =>
        arguments[5] % KernelLayout.PageSize != 0
            ? -Errno.EINVAL
            : Map(arguments[0], arguments[1], arguments.Int(2), arguments.Int(3), arguments.Int(4));

    private long MmapPgoff(SyscallArguments arguments) =>
        Map(arguments[0], arguments[1], arguments.Int(2), arguments.Int(3), arguments.Int(4));

    /// <summary>The six arguments lie in memory.</summary>
    private long OldMmap(SyscallArguments arguments)
    {
        Span<byte> bytes = stackalloc byte[24];
        if (!_machine.Memory.TryRead(arguments[0], bytes))
            return -Errno.EFAULT;
        Span<uint> words = stackalloc uint[6];
        for (int i = 0; i < words.Length; i++)
            words[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(i * 4)..]);
        return words[5] % KernelLayout.PageSize != 0 ? -Errno.EINVAL : Map(words[0], words[1], (int)words[2], (int)words[3], (int)words[4]);
    }

    /// <summary>Anonymous memory; a mapping of a file is refused as a file system without mmap does.</summary>
    private long Map(ulong address, ulong length, int protection, int flags, int descriptor)
    {
        const int read = 1, write = 2, execute = 4;
        const int typeMask = 0xF, shared = 1, isPrivate = 2, isFixed = 0x10, anonymous = 0x20, fixedNoReplace = 0x100000;
        const int enodev = 19;
        if (length == 0 || (flags & typeMask) is not (shared or isPrivate))
            return -Errno.EINVAL;
        if ((flags & anonymous) == 0)
            return (uint)descriptor < TaskLayout.MaxDescriptors && _machine.FileKindOf(descriptor) != FileKind.Closed ? -enodev : -Errno.EBADF;
        ulong limit = State.ProgramBitness == 32 ? UserSpace.StackTop32 + 0x1000 : KernelLayout.UserAddressLimit;
        if (length > limit)
            return -Errno.ENOMEM;
        ulong size = KernelLayout.PageUp(length);
        bool exact = (flags & (isFixed | fixedNoReplace)) != 0;
        ulong start = address;
        if (exact)
        {
            if (address % KernelLayout.PageSize != 0)
                return -Errno.EINVAL;
            if (address + size > limit || address + size < address)
                return -Errno.ENOMEM;
            bool taken = State.Areas.Any(area => area.Start < address + size && area.End > address);
            if (taken && (flags & fixedNoReplace) != 0)
                return -Errno.EEXIST;
            if (taken)
                _machine.Memory.Unmap(address, address + size);
        }
        else
        {
            ulong hint = address & ~(KernelLayout.PageSize - 1);
            bool free = hint != 0 && hint < limit && hint + size <= limit && !State.Areas.Any(area => area.Start < hint + size && area.End > hint);
            if (free)
                start = hint;
            else if (_machine.Memory.FindGap(size) is { } gap)
                start = gap;
            else
                return -Errno.ENOMEM;
        }

        // On x86 what may be written or executed may be read.
        bool any = (protection & (read | write | execute)) != 0;
        _machine.Memory.Add(new VmArea(start, start + size, any, (protection & write) != 0, (protection & execute) != 0, ""));
        return (long)start;
    }
}
