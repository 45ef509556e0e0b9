namespace SyscallExplorer.Linux;

/// <summary>process_vm_readv and process_vm_writev: bytes from one process's memory to another's, by the rights of its pages. man 2 process_vm_readv.</summary>
internal sealed class RemoteMemoryCalls(LinuxMachine machine) : NamedFileCalls(machine)
{
    private const int Step = 1 << 16;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("process_vm_readv", a => Transfer(a, isWrite: false)),
        ("process_vm_writev", a => Transfer(a, isWrite: true)),
    ];

    private long Transfer(SyscallArguments arguments, bool isWrite)
    {
        if (arguments[5] != 0)
            return -Errno.EINVAL;
        if (ReadVectors(arguments, arguments[1], arguments[2], out long error) is not { } local)
            return error;
        var buffer = new UserBuffer(Memory, local);
        if (buffer.Length == 0)
            return 0;
        if (ReadVectors(arguments, arguments[3], arguments[4], out error) is not { } remote)
            return error;
        if (remote.All(part => part.Length == 0))
            return 0;
        if (Tasks.Find(arguments.Int(0)) is not { IsAlive: true } target || !State.Maps.ContainsKey(target.Map))
            return -Errno.ESRCH;
        if (target.Process != Process.Id && !State.Processes[target.Process].IsDumpable)
            return -Errno.EPERM;
        long done = Move(buffer, remote, new AddressSpace(Machine, target.Map), isWrite);

        // The address space need not be the one that is loaded, and a page of it may be another one now.
        if (isWrite)
            Machine.Processor.FlushTranslations();
        return done > 0 ? done : -Errno.EFAULT;
    }

    /// <returns>Bytes that arrived before a page, of either side, that cannot be used.</returns>
    private static long Move(UserBuffer buffer, (ulong Address, ulong Length)[] remote, AddressSpace space, bool isWrite)
    {
        byte[] bytes = new byte[Step];
        long done = 0;
        foreach ((ulong start, ulong length) in remote)
        {
            ulong address = start, left = Math.Min(length, (ulong)(buffer.Length - done));
            while (left > 0)
            {
                Span<byte> part = bytes.AsSpan(0, (int)Math.Min(left, Step));
                int moved = isWrite
                    ? space.Write(address, part[..buffer.Take(done, part)])
                    : buffer.Put(done, part[..space.Read(address, part)]);
                done += moved;
                if (moved < part.Length)
                    return done;
                address += (ulong)moved;
                left -= (ulong)moved;
            }
        }

        return done;
    }
}
