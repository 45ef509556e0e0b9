using System.Buffers.Binary;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>What the C library sets up for its thread: bases of FS and GS, TLS descriptors in the GDT, and areas that it shares with the kernel.</summary>
internal sealed class ThreadCalls(LinuxMachine machine) : HostedCalls(machine)
{
    private const int UserDescriptorSize = 16;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("arch_prctl", SetBase),
        ("set_thread_area", a => SetThreadArea(a[0])),
        ("get_thread_area", a => GetThreadArea(a[0])),
        ("set_tid_address", SetTidAddress),
        ("set_robust_list", SetRobustList),
        ("get_robust_list", GetRobustList),
    ];

    private ProcessorRegisters Registers => Machine.Processor.Registers;

    /// <summary>The kernel runs with its own GS base, so that the program's is the one that SWAPGS brings back.</summary>
    private long SetBase(SyscallArguments arguments)
    {
        const int setGs = 0x1001, setFs = 0x1002, getFs = 0x1003, getGs = 0x1004, getCpuid = 0x1011, setCpuid = 0x1012;
        ulong value = arguments[1];
        int code = arguments.Int(0);
        switch (code)
        {
            case getCpuid:
                return 1;
            case setCpuid:
                return -Errno.ENODEV;
            case setFs or setGs when arguments.IsCompat:
            case getFs or getGs when arguments.IsCompat:
                return -Errno.EINVAL;
            case setFs or setGs when value >= KernelLayout.UserAddressLimit:
                return -Errno.EPERM;
            case setFs:
                Registers[SegmentName.FS] = default;
                Registers.WriteMsr(Msr.FsBase, value);
                Remember(TaskLayout.FsBase, value);
                return 0;
            case setGs:
                Registers[SegmentName.GS] = Registers[SegmentName.GS] with { Selector = 0 };
                Registers.WriteMsr(Msr.KernelGsBase, value);
                Remember(TaskLayout.GsBase, value);
                return 0;
            case getFs or getGs:
                Span<byte> bytes = stackalloc byte[8];
                BinaryPrimitives.WriteUInt64LittleEndian(bytes, Registers.ReadMsr(code == getFs ? Msr.FsBase : Msr.KernelGsBase));
                return Give(value, bytes);
            default:
                return -Errno.EINVAL;
        }
    }

    /// <summary>Without FSGSBASE the switch to another task cannot read a base and finds it here.</summary>
    private void Remember(int field, ulong value)
    {
        GuestTask task = Tasks.Current;
        task[field] = value;
    }

    /// <summary>Puts a segment into one of the three TLS entries of the GDT; entry -1 means the first free one, which is told.</summary>
    private long SetThreadArea(ulong address)
    {
        Span<byte> bytes = stackalloc byte[UserDescriptorSize];
        if (!Memory.TryRead(address, bytes))
            return -Errno.EFAULT;
        UserDescriptor wanted = UserDescriptor.Read(bytes);
        int entry = wanted.Entry;
        if (entry == -1)
        {
            entry = Enumerable.Range(Machine.Architecture.FirstTls, Selectors.TlsEntries).FirstOrDefault(candidate => ReadGdt(candidate) == 0, -1);
            if (entry == -1)
                return -Errno.ESRCH;
            BinaryPrimitives.WriteInt32LittleEndian(bytes, entry);
            if (!Memory.TryWrite(address, bytes[..4]))
                return -Errno.EFAULT;
        }

        if (entry < Machine.Architecture.FirstTls || entry >= Machine.Architecture.FirstTls + Selectors.TlsEntries || !wanted.IsAllowed)
            return -Errno.EINVAL;
        ulong descriptor = wanted.Encode();
        Machine.Processor.Bus.Ram.WriteUInt64(GdtAddress(entry), descriptor);
        GuestTask task = Tasks.Current;
        task[TaskLayout.TlsArray + (entry - Machine.Architecture.FirstTls) * 8] = descriptor;
        ReloadWhereUsed((ushort)((entry << 3) | 3), descriptor);
        return 0;
    }

    /// <summary>A segment register that holds the selector takes the new descriptor at once.</summary>
    private void ReloadWhereUsed(ushort selector, ulong descriptor)
    {
        // A 32-bit kernel runs with selectors of its own, and those of the program are loaded on the way back.
        if (Machine.Architecture.IsNative32)
            return;
        Segment loaded = descriptor == 0 ? default : new Descriptor(descriptor).ToSegment(selector);
        foreach (SegmentName name in (ReadOnlySpan<SegmentName>)[SegmentName.DS, SegmentName.ES, SegmentName.FS])
        {
            if (Registers[name].Selector == selector)
                Registers[name] = loaded;
        }

        if (Registers[SegmentName.GS].Selector != selector)
            return;
        Registers.WriteMsr(Msr.KernelGsBase, loaded.Base);
        Registers[SegmentName.GS] = loaded with { Base = Registers[SegmentName.GS].Base };
    }

    private long GetThreadArea(ulong address)
    {
        Span<byte> bytes = stackalloc byte[UserDescriptorSize];
        if (!Memory.TryRead(address, bytes[..4]))
            return -Errno.EFAULT;
        int entry = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        if (entry < Machine.Architecture.FirstTls || entry >= Machine.Architecture.FirstTls + Selectors.TlsEntries)
            return -Errno.EINVAL;
        UserDescriptor.Decode(entry, ReadGdt(entry)).Write(bytes);
        return Give(address, bytes);
    }

    private static ulong GdtAddress(int entry) => KernelLayout.GdtPhysical + (ulong)entry * 8;

    private ulong ReadGdt(int entry) => Machine.Processor.Bus.Ram.ReadUInt64(GdtAddress(entry));

    private long SetTidAddress(SyscallArguments arguments)
    {
        Task = Task with { Thread = Task.Thread with { ClearChildTid = arguments[0] } };
        return Task.Id;
    }

    private long SetRobustList(SyscallArguments arguments)
    {
        if (arguments[1] != (arguments.IsCompat ? 12u : 24u))
            return -Errno.EINVAL;
        Task = Task with
        {
            Thread = arguments.IsCompat ? Task.Thread with { CompatRobustList = arguments[0] } : Task.Thread with { RobustList = arguments[0] },
        };
        return 0;
    }

    private long GetRobustList(SyscallArguments arguments)
    {
        if (arguments.Int(0) == TaskIdentity.ParentPid)
            return -Errno.EPERM;
        if ((arguments.Int(0) == 0 ? Task : Tasks.Find(arguments.Int(0))) is not { } owner)
            return -Errno.ESRCH;
        bool compat = arguments.IsCompat;
        long size = Give(arguments[2], new CStructure(compat).Word(compat ? 12ul : 24ul).Bytes);
        return size != 0 ? size : Give(arguments[1], new CStructure(compat).Word(compat ? owner.Thread.CompatRobustList : owner.Thread.RobustList).Bytes);
    }
}
