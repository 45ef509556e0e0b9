using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>modify_ldt(2): descriptors of the program's own.</summary>
internal sealed class LocalTableCalls(LinuxMachine machine) : HostedCalls(machine)
{
    private const int Read = 0, WriteOld = 1, ReadDefault = 2, Write = 0x11;
    private const int UserDescriptorSize = 16;
    private const int DefaultSize = 128;
    private static readonly Version s_refreshesData = new(4, 12);

    public override IEnumerable<(string Name, HostedCall Call)> Calls => [("modify_ldt", a => AsInt(Modify(a)))];

    private LocalTables Tables => new(Machine);

    /// <summary>The function returns an int, whose upper half the register does not show.</summary>
    private static long AsInt(long result) => (uint)result;

    private long Modify(SyscallArguments arguments) => arguments.Int(0) switch
    {
        _ when Machine.Architecture.IsNative32 => Refuse(),
        Read => ReadTable(arguments[1], arguments[2]),
        ReadDefault => Clear(arguments[1], Math.Min(arguments[2], DefaultSize)),
        WriteOld => WriteEntry(arguments[1], arguments[2], isOld: true),
        Write => WriteEntry(arguments[1], arguments[2], isOld: false),
        _ => -Errno.ENOSYS,
    };

    /// <summary>The 32-bit kernels of the kit switch no local tables.</summary>
    private int Refuse()
    {
        Machine.CountMissing("modify_ldt");
        return -Errno.ENOSYS;
    }

    private long ReadTable(ulong address, ulong size)
    {
        if (Memory.Map.LocalTable is not { } table)
            return 0;
        size = Math.Min(size, LocalTable.MostEntries * LocalTable.EntrySize);
        byte[] bytes = new byte[size];
        Machine.Processor.Bus.Ram.Read(table.Physical, bytes.AsSpan(0, (int)Math.Min(size, (ulong)(table.Entries * LocalTable.EntrySize))));
        return Give(address, bytes) is var error && error != 0 ? error : (long)size;
    }

    private long Clear(ulong address, ulong size) => Give(address, new byte[size]) is var error && error != 0 ? error : (long)size;

    private long WriteEntry(ulong address, ulong size, bool isOld)
    {
        if (size != UserDescriptorSize)
            return -Errno.EINVAL;
        Span<byte> bytes = stackalloc byte[UserDescriptorSize];
        if (!Memory.TryRead(address, bytes))
            return -Errno.EFAULT;
        UserDescriptor wanted = UserDescriptor.Read(bytes);
        if (!wanted.IsAllowedInLocalTable(isOld) || (uint)wanted.Entry >= LocalTable.MostEntries)
            return -Errno.EINVAL;
        if (!Tables.TrySet(wanted.Entry, wanted.EncodeLocal(isOld, Machine.Kernel.Traits.Version)))
            return -Errno.ENOMEM;
        if (Machine.Kernel.Traits.Version >= s_refreshesData)
            new UserSegmentRegisters(Machine).RefreshLocalData();
        return 0;
    }
}
