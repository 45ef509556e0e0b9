using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>
/// Dispositions, the mask, what waits, and sending.
/// </summary>
internal sealed class SignalCalls(LinuxMachine machine) : HostedCalls(machine)
{
    private const int SetSize = 8;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("rt_sigaction", Action),
        ("rt_sigprocmask", a => a[3] != SetSize ? -Errno.EINVAL : ChangeMask(a.Int(0), a[1], a[2], SetSize)),
        ("sigprocmask", a => ChangeMask(a.Int(0), a[1], a[2], 4)),
        ("rt_sigpending", a => a[1] > SetSize ? -Errno.EINVAL : GiveSet(a[0], (Task.Signals.Pending | Process.Signals.Pending) & Task.Signals.Blocked, (int)a[1])),
        ("sigaltstack", AlternateStack),
        ("kill", a => Kill(a.Int(0), a.Int(1))),
        ("tkill", a => KillThread(null, a.Int(0), a.Int(1))),
        ("tgkill", a => KillThread(a.Int(0), a.Int(1), a.Int(2))),
    ];

    private long Action(SyscallArguments arguments)
    {
        int signal = arguments.Int(0);
        int word = arguments.IsCompat ? 4 : 8;
        if (arguments[3] != SetSize || signal is < 1 or > SignalNumbers.Last
            || (arguments[1] != 0 && (SignalState.Bit(signal) & SignalNumbers.Unblockable) != 0))
        {
            return -Errno.EINVAL;
        }

        SignalAction old = State.HandlerTables[Task.Handlers].ActionOf(signal);
        if (arguments[1] != 0)
        {
            byte[] bytes = new byte[3 * word + SetSize];
            if (!Memory.TryRead(arguments[1], bytes))
                return -Errno.EFAULT;
            ulong Word(int index) => word == 8
                ? BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(index * 8))
                : BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(index * 4));
            ulong mask = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(3 * word)) & ~SignalNumbers.Unblockable;
            SetAction(signal, new SignalAction(Word(0), Word(1), Word(2), mask));
        }

        if (arguments[2] == 0)
            return 0;
        CStructure structure = new CStructure(arguments.IsCompat).Word(old.Handler).Word(old.Flags).Word(old.Restorer).Int64((long)old.Mask);
        return Give(arguments[2], structure.Bytes);
    }

    /// <summary>A signal that is now ignored no longer waits.</summary>
    private void SetAction(int signal, SignalAction action)
    {
        HandlerTableState table = State.HandlerTables[Task.Handlers];
        State = State with { HandlerTables = State.HandlerTables.SetItem(Task.Handlers, table with { Actions = table.Actions.SetItem(signal, action) }) };
        bool ignored = action.Handler == SignalAction.Ignore
            || (action.Handler == SignalAction.Default && SignalNumbers.DefaultEffect(signal) == SignalEffect.Ignore);
        if (!ignored)
            return;
        Process = Process with { Signals = Process.Signals with { Pending = Process.Signals.Pending & ~SignalState.Bit(signal) } };
        foreach (TaskState thread in Tasks.Threads(Process).ToList())
            Tasks.Set(thread with { Signals = thread.Signals with { Pending = thread.Signals.Pending & ~SignalState.Bit(signal) } });
    }

    private long ChangeMask(int how, ulong set, ulong oldSet, int size)
    {
        const int block = 0, unblock = 1, replace = 2;
        ulong old = Task.Signals.Blocked;
        if (set != 0)
        {
            Span<byte> bytes = stackalloc byte[SetSize];
            bytes.Clear();
            if (!Memory.TryRead(set, bytes[..size]))
                return -Errno.EFAULT;
            ulong given = BinaryPrimitives.ReadUInt64LittleEndian(bytes) & ~SignalNumbers.Unblockable;
            ulong untouched = size == SetSize ? 0 : old & ~(ulong)uint.MaxValue;
            ulong? mask = how switch { block => old | given, unblock => old & ~given, replace => untouched | given, _ => null };
            if (mask is not { } now)
                return -Errno.EINVAL;
            Task = Task with { Signals = Task.Signals with { Blocked = now } };
        }

        // The mask has changed even where the old one cannot be told.
        long result = oldSet == 0 ? 0 : GiveSet(oldSet, old, size);
        Tasks.Current.SetFlag(ThreadFlags.SigPending, true);
        return result;
    }

    private long GiveSet(ulong address, ulong set, int size)
    {
        Span<byte> bytes = stackalloc byte[SetSize];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, set);
        return Give(address, bytes[..size]);
    }

    private long AlternateStack(SyscallArguments arguments)
    {
        const int autoDisarm = 1 << 31, onStack = 1, minimum = 2048;
        int word = arguments.IsCompat ? 4 : 8;
        SignalState old = Task.Signals;
        if (arguments[0] != 0)
        {
            byte[] bytes = new byte[3 * word];
            if (!Memory.TryRead(arguments[0], bytes))
                return -Errno.EFAULT;
            ulong address = word == 8 ? BinaryPrimitives.ReadUInt64LittleEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
            int flags = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(word));
            ulong size = word == 8 ? BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(16)) : BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(8));
            int mode = flags & ~autoDisarm;
            if (mode is not (0 or onStack or SignalState.NoStack))
                return -Errno.EINVAL;
            if (mode == SignalState.NoStack)
                (address, size) = (0, 0);
            else if (size < minimum)
                return -Errno.ENOMEM;
            Task = Task with { Signals = old with { StackAddress = address, StackSize = size, StackFlags = flags & ~onStack } };
        }

        if (arguments[1] == 0)
            return 0;
        CStructure structure = new CStructure(arguments.IsCompat).Word(old.StackAddress).Int32(old.StackFlags);
        return Give(arguments[1], (arguments.IsCompat ? structure : structure.Int32(0)).Word(old.StackSize).Bytes);
    }

    /// <summary>To a process, to a group, or to all there are but the caller.</summary>
    private long Kill(int process, int signal)
    {
        if ((uint)signal > SignalNumbers.Last)
            return -Errno.EINVAL;
        if (process is -TaskIdentity.ParentPid or TaskIdentity.ParentPid or TaskIdentity.Init)
            return -Errno.EPERM;
        int group = process == 0 ? Process.Group : -process;
        List<ProcessState> targets = [.. process switch
        {
            > 0 => State.Processes.Values.Where(target => target.Id == process),
            -1 => State.Processes.Values.Where(target => target.Id != Process.Id),
            _ => State.Processes.Values.Where(target => target.Group == group),
        }];
        if (signal != 0)
        {
            foreach (ProcessState target in targets)
                Machine.Signals.Send(Tasks.FindProcess(target.Id) ?? target, signal);
        }

        return targets.Count == 0 ? -Errno.ESRCH : 0;
    }

    private long KillThread(int? process, int thread, int signal)
    {
        if ((uint)signal > SignalNumbers.Last || thread <= 0 || process <= 0)
            return -Errno.EINVAL;
        if (Tasks.Find(thread) is not { IsAlive: true } target || (process is { } wanted && target.Process != wanted))
            return -Errno.ESRCH;
        if (signal != 0)
            Machine.Signals.Send(target, signal);
        return 0;
    }
}
