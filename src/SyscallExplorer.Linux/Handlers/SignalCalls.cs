using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>Dispositions, the mask, what waits, and the alternate stack. man 2 sigaction, sigprocmask, sigpending, sigaltstack.</summary>
internal sealed class SignalCalls(LinuxMachine machine) : HostedCalls(machine)
{
    /// <summary>Flags that a program can set; others read as zero, so that programs find out what a kernel knows.</summary>
    private const ulong KnownFlags = SignalActionFlags.NoChildStop | SignalActionFlags.NoChildWait | SignalActionFlags.SignalInfo
        | SignalActionFlags.Restorer | SignalActionFlags.OnStack | SignalActionFlags.Restart | SignalActionFlags.NoDefer
        | SignalActionFlags.ResetHandler | SignalActionFlags.ExposeTagBits;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("rt_sigaction", a => a[3] != SignalSetBytes.Size ? -Errno.EINVAL : Action(a, SignalSetBytes.Size)),
        ("sigaction", a => Action(a, SignalSetBytes.OldSize)),
        ("signal", SetHandler),
        ("rt_sigprocmask", a => a[3] != SignalSetBytes.Size ? -Errno.EINVAL : ChangeMask(a.Int(0), a[1], a[2], SignalSetBytes.Size)),
        ("sigprocmask", a => ChangeMask(a.Int(0), a[1], a[2], SignalSetBytes.OldSize)),
        ("sgetmask", _ => (uint)Task.Signals.Blocked),
        ("ssetmask", SetMask),
        ("rt_sigpending", a => a[1] > SignalSetBytes.Size ? -Errno.EINVAL : SignalSetBytes.Give(Memory, a[0], Waiting, (int)a[1])),
        ("sigpending", a => SignalSetBytes.Give(Memory, a[0], Waiting, SignalSetBytes.OldSize)),
        ("sigaltstack", AlternateStackOf),
    ];

    private ulong Waiting => (Task.Signals.Pending | Process.Signals.Pending) & Task.Signals.Blocked;

    /// <summary>The old structure has its mask second and half as wide, the newer one last.</summary>
    private long Action(SyscallArguments arguments, int setSize)
    {
        int signal = arguments.Int(0);
        bool isOld = setSize == SignalSetBytes.OldSize;
        int word = arguments.IsCompat ? 4 : 8;
        SignalAction? wanted = null;
        if (arguments[1] != 0)
        {
            byte[] bytes = new byte[3 * word + setSize];
            if (!Memory.TryRead(arguments[1], bytes))
                return -Errno.EFAULT;
            ulong Word(int index) => word == 8
                ? BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(index * 8))
                : BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(index * 4));
            wanted = isOld
                ? NewAction(Word(0), Word(2), Word(3), Word(1), arguments)
                : NewAction(Word(0), Word(1), Word(2), BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(3 * word)), arguments);
        }

        if (!IsSettable(signal, wanted is not null))
            return -Errno.EINVAL;
        SignalAction old = Machine.Signals.ActionOf(Task, signal);
        if (wanted is not null)
            Set(signal, wanted);
        if (arguments[2] == 0)
            return 0;
        CStructure structure = new CStructure(arguments.IsCompat).Word(old.Handler);
        structure = isOld
            ? structure.Int32((int)old.Mask).Word(old.Flags).Word(old.Restorer)
            : structure.Word(old.Flags).Word(old.Restorer).Int64((long)old.Mask);
        return Give(arguments[2], structure.Bytes);
    }

    private static SignalAction NewAction(ulong handler, ulong flags, ulong restorer, ulong mask, SyscallArguments caller) =>
        new(handler, flags & KnownFlags, restorer, mask & ~SignalSets.Unblockable) { IsCompat = caller.IsCompat && !caller.IsX32, IsX32 = caller.IsX32 };

    private static bool IsSettable(int signal, bool isSet) =>
        signal is >= 1 and <= SignalNumbers.Last && !(isSet && SignalSets.Unblockable.Has(signal));

    /// <summary>signal of System V: once, and the signal stays unblocked.</summary>
    private long SetHandler(SyscallArguments arguments)
    {
        int signal = arguments.Int(0);
        if (!IsSettable(signal, isSet: true))
            return -Errno.EINVAL;
        SignalAction old = Machine.Signals.ActionOf(Task, signal);
        Set(signal, NewAction(arguments[1], SignalActionFlags.ResetHandler | SignalActionFlags.NoDefer, 0, 0, arguments));
        return (long)old.Handler;
    }

    /// <summary>A signal that is now dropped no longer waits.</summary>
    private void Set(int signal, SignalAction action)
    {
        Machine.Signals.SetAction(signal, action);
        if (!action.Drops(signal))
            return;
        ulong dropped = SignalSets.Bit(signal);
        Process = Process with { Signals = Process.Signals.Without(dropped) };
        foreach (TaskState thread in Tasks.Threads(Process).ToList())
            Tasks.Set(thread with { Signals = thread.Signals with { Queue = thread.Signals.Queue.Without(dropped) } });
    }

    private long ChangeMask(int how, ulong set, ulong oldSet, int size)
    {
        const int block = 0, unblock = 1, replace = 2;
        ulong old = Task.Signals.Blocked;
        if (set != 0)
        {
            if (SignalSetBytes.Read(Memory, set, size) is not { } given)
                return -Errno.EFAULT;
            ulong untouched = size == SignalSetBytes.Size ? 0 : old & ~(ulong)uint.MaxValue;
            ulong? mask = how switch { block => old | given, unblock => old & ~given, replace => untouched | given, _ => null };
            if (mask is not { } now)
                return -Errno.EINVAL;
            Machine.Signals.SetBlocked(now);
        }

        // The mask has changed even where the old one cannot be told.
        return oldSet == 0 ? 0 : SignalSetBytes.Give(Memory, oldSet, old, size);
    }

    private long SetMask(SyscallArguments arguments)
    {
        uint old = (uint)Task.Signals.Blocked;
        Machine.Signals.SetBlocked((uint)arguments[0]);
        return old;
    }

    private long AlternateStackOf(SyscallArguments arguments)
    {
        int word = arguments.IsCompat ? 4 : 8;
        ulong stackPointer = Machine.ReadPtRegs(Tasks.Current.Registers)[PtRegsOffsets.Sp];
        AlternateStack old = Task.Signals.Stack;
        if (arguments[0] != 0)
        {
            byte[] bytes = new byte[3 * word];
            if (!Memory.TryRead(arguments[0], bytes))
                return -Errno.EFAULT;
            ulong Word(int offset) => word == 8
                ? BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(offset))
                : BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(offset));
            var wanted = new AlternateStack(Word(0), Word(2 * word), BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(word)));
            (int error, AlternateStack stack) = old.Change(wanted, stackPointer);
            if (error != 0)
                return -error;
            Task = Task with { Signals = Task.Signals with { Stack = stack } };
        }

        if (arguments[1] == 0)
            return 0;
        CStructure structure = new CStructure(arguments.IsCompat).Word(old.Address).Int32((int)old.FlagsToTell(stackPointer));
        return Give(arguments[1], (arguments.IsCompat ? structure : structure.Int32(0)).Word(old.Size).Bytes);
    }
}
