namespace SyscallExplorer.Linux;

/// <summary>signalfd and signalfd4. man 2 signalfd.</summary>
internal sealed class SignalFileCalls(LinuxMachine machine) : HostedCalls(machine)
{
    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("signalfd", a => Open(a.Int(0), a[1], a[2], 0)),
        ("signalfd4", a => Open(a.Int(0), a[1], a[2], a.Int(3))),
    ];

    private long Open(int descriptor, ulong set, ulong size, int flags)
    {
        const int newOne = -1;
        if (size != SignalSetBytes.Size)
            return -Errno.EINVAL;
        if (SignalSetBytes.Read(Memory, set) is not { } mask)
            return -Errno.EFAULT;
        if ((flags & ~(OpenFlags.CloseOnExec | OpenFlags.NonBlocking)) != 0)
            return -Errno.EINVAL;
        var file = new SignalFile(mask & ~SignalSets.Unblockable);
        if (descriptor == newOne)
            return Machine.Files.Open(new OpenFile(file, 0, OpenFlags.ReadWrite | (flags & OpenFlags.NonBlocking)), (flags & OpenFlags.CloseOnExec) != 0);
        if (Machine.Files.Find(descriptor) is not { } open)
            return -Errno.EBADF;
        if (open.Object is not SignalFile)
            return -Errno.EINVAL;
        Machine.Files.Update(descriptor, open with { Object = file });
        Tasks.Wake(SignalFile.KeyOf(Task));
        return descriptor;
    }
}
