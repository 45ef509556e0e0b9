namespace SyscallExplorer.Linux;

/// <summary>rseq and membarrier: what threads agree on with the kernel so that they need no locks. man 2 rseq, membarrier.</summary>
internal sealed class RestartableSequenceCalls(LinuxMachine machine) : HostedCalls(machine)
{
    private const uint AreaSize = 32;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("rseq", Register),
        ("membarrier", a => Barrier(a.Int(0), (uint)a[1])),
    ];

    [Flags]
    private enum BarrierCommand
    {
        Query = 0,
        Global = 1,
        GlobalExpedited = 1 << 1,
        RegisterGlobalExpedited = 1 << 2,
        PrivateExpedited = 1 << 3,
        RegisterPrivateExpedited = 1 << 4,
        PrivateExpeditedSyncCore = 1 << 5,
        RegisterPrivateExpeditedSyncCore = 1 << 6,
        PrivateExpeditedRseq = 1 << 7,
        RegisterPrivateExpeditedRseq = 1 << 8,
        All = (1 << 9) - 1,
    }

    /// <summary>The kernel writes the processor's number on its way out, and sends SIGSEGV where it cannot.</summary>
    private long Register(SyscallArguments arguments)
    {
        const int unregister = 1;
        ulong area = arguments[0];
        uint length = (uint)arguments[1], signature = (uint)arguments[3];
        int flags = arguments.Int(2);
        ThreadState thread = Task.Thread;
        if ((flags & unregister) != 0)
        {
            if (flags != unregister || thread.Rseq == 0 || thread.Rseq != area || thread.RseqLength != length)
                return -Errno.EINVAL;
            if (thread.RseqSignature != signature)
                return -Errno.EPERM;
            if (Give(area, new CStructure(compat: false).Int32(0).Int32(-1).Bytes) != 0)
                return -Errno.EFAULT;
            Task = Task with { Thread = thread with { Rseq = 0, RseqLength = 0, RseqSignature = 0 } };
            return 0;
        }

        if (flags != 0)
            return -Errno.EINVAL;
        if (thread.Rseq != 0)
            return thread.Rseq != area || thread.RseqLength != length ? -Errno.EINVAL : thread.RseqSignature != signature ? -Errno.EPERM : -Errno.EBUSY;
        if (area % AreaSize != 0 || length != AreaSize)
            return -Errno.EINVAL;
        if (area >= Machine.Architecture.UserAddressLimit)
            return -Errno.EFAULT;
        Task = Task with { Thread = thread with { Rseq = area, RseqLength = length, RseqSignature = signature } };
        Machine.RestartableSequences.Notify(Task);
        return 0;
    }

    /// <summary>
    /// With one processor every other thread has passed the scheduler, which is a barrier and ends restartable sequences. What is left is to answer
    /// only those who have registered.
    /// </summary>
    private long Barrier(int command, uint flags)
    {
        const uint onProcessor = 1;
        var asked = (BarrierCommand)command;
        if (flags != 0 && !(asked == BarrierCommand.PrivateExpeditedRseq && flags == onProcessor))
            return -Errno.EINVAL;
        MemoryMap map = Memory.Map;
        switch (asked)
        {
            case BarrierCommand.Query:
                return (long)BarrierCommand.All;
            case BarrierCommand.Global or BarrierCommand.GlobalExpedited:
                return 0;
            case BarrierCommand.RegisterGlobalExpedited or BarrierCommand.RegisterPrivateExpedited
                or BarrierCommand.RegisterPrivateExpeditedSyncCore or BarrierCommand.RegisterPrivateExpeditedRseq:
                Memory.Map = map with { Barriers = map.Barriers | command };
                return 0;
            case BarrierCommand.PrivateExpedited or BarrierCommand.PrivateExpeditedSyncCore or BarrierCommand.PrivateExpeditedRseq:
                return (map.Barriers & (command << 1)) != 0 ? 0 : -Errno.EPERM;
            default:
                return -Errno.EINVAL;
        }
    }
}
