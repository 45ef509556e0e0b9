using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>
/// Signals of a program with one thread: dispositions, the mask, what waits, and the default effects. A signal with a handler stops the
/// run with a sentence, since nothing here calls handlers.
/// </summary>
internal sealed class SignalCalls(LinuxMachine machine) : HostedCalls(machine)
{
    private const int SetSize = 8;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("rt_sigaction", Action),
        ("rt_sigprocmask", a => a[3] != SetSize ? -Errno.EINVAL : ChangeMask(a.Int(0), a[1], a[2], SetSize)),
        ("sigprocmask", a => ChangeMask(a.Int(0), a[1], a[2], 4)),
        ("rt_sigpending", a => a[1] > SetSize ? -Errno.EINVAL : GiveSet(a[0], State.Signals.Pending & State.Signals.Blocked, (int)a[1])),
        ("sigaltstack", AlternateStack),
        ("kill", a => Kill(a.Int(0), a.Int(1))),
        ("tkill", a => a.Int(0) <= 0 ? -Errno.EINVAL : Kill(a.Int(0), a.Int(1))),
        ("tgkill", a => a.Int(0) <= 0 || a.Int(1) <= 0 ? -Errno.EINVAL : a.Int(0) != TaskIdentity.Pid ? -Errno.ESRCH : Kill(a.Int(1), a.Int(2))),
    ];

    /// <summary>Sends the program a signal and lets it take effect unless it is blocked.</summary>
    public void SendToSelf(int signal)
    {
        State = State with { Signals = State.Signals with { Pending = State.Signals.Pending | SignalState.Bit(signal) } };
        TakeEffect();
    }

    /// <summary>The first pending signal that is not blocked does what it does; nothing happens after the end.</summary>
    private void TakeEffect()
    {
        for (int signal = 1; signal <= SignalNumbers.Last && State.KilledBy == 0 && State.Refusal is null; signal++)
        {
            SignalState signals = State.Signals;
            if ((signals.Pending & ~signals.Blocked & SignalState.Bit(signal)) == 0)
                continue;
            State = State with { Signals = signals with { Pending = signals.Pending & ~SignalState.Bit(signal) } };
            Deliver(signal, signals.ActionOf(signal));
        }
    }

    private void Deliver(int signal, SignalAction action)
    {
        SignalEffect effect = SignalNumbers.DefaultEffect(signal);
        if (action.Handler == SignalAction.Ignore || (action.Handler == SignalAction.Default && effect == SignalEffect.Ignore))
            return;
        if (action.Handler != SignalAction.Default)
            State = State with { Refusal = HandlerSentence(signal, action) };
        else if (effect == SignalEffect.Stop)
            State = State with { Refusal = $"The program was stopped by {SignalNumbers.Name(signal)}, and there is nobody who would let it go on." };
        else
            State = State with { KilledBy = signal };
    }

    /// <summary>Why a run stops where the kernel would call a handler.</summary>
    public static string HandlerSentence(int signal, SignalAction action) =>
        $"{SignalNumbers.Name(signal)} arrived, for which the program has a handler at {action.Handler:x}h; the kit does not run signal handlers yet.";

    private long Action(SyscallArguments arguments)
    {
        int signal = arguments.Int(0);
        int word = arguments.IsCompat ? 4 : 8;
        if (arguments[3] != SetSize || signal is < 1 or > SignalNumbers.Last
            || (arguments[1] != 0 && (SignalState.Bit(signal) & SignalNumbers.Unblockable) != 0))
        {
            return -Errno.EINVAL;
        }

        SignalAction old = State.Signals.ActionOf(signal);
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
        SignalState signals = State.Signals;
        bool ignored = action.Handler == SignalAction.Ignore
            || (action.Handler == SignalAction.Default && SignalNumbers.DefaultEffect(signal) == SignalEffect.Ignore);
        State = State with
        {
            Signals = signals with
            {
                Actions = signals.Actions.SetItem(signal, action),
                Pending = ignored ? signals.Pending & ~SignalState.Bit(signal) : signals.Pending,
            },
        };
    }

    private long ChangeMask(int how, ulong set, ulong oldSet, int size)
    {
        const int block = 0, unblock = 1, replace = 2;
        ulong old = State.Signals.Blocked;
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
            State = State with { Signals = State.Signals with { Blocked = now } };
        }

        // The mask has changed even where the old one cannot be told.
        long result = oldSet == 0 ? 0 : GiveSet(oldSet, old, size);
        TakeEffect();
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
        SignalState old = State.Signals;
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
            State = State with { Signals = old with { StackAddress = address, StackSize = size, StackFlags = flags & ~onStack } };
        }

        if (arguments[1] == 0)
            return 0;
        CStructure structure = new CStructure(arguments.IsCompat).Word(old.StackAddress).Int32(old.StackFlags);
        return Give(arguments[1], (arguments.IsCompat ? structure : structure.Int32(0)).Word(old.StackSize).Bytes);
    }

    /// <summary>There is the program, alone in its process group, and its parent, which is another user's.</summary>
    private long Kill(int process, int signal)
    {
        if ((uint)signal > SignalNumbers.Last)
            return -Errno.EINVAL;
        if (process is -TaskIdentity.ParentPid or TaskIdentity.ParentPid)
            return -Errno.EPERM;
        if (process is not (TaskIdentity.Pid or 0 or -TaskIdentity.Pid))
            return -Errno.ESRCH;
        if (signal != 0)
            SendToSelf(signal);
        return 0;
    }
}
