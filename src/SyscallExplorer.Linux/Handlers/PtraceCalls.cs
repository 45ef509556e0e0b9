using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>ptrace. man 2 ptrace; request numbers from include/uapi/linux/ptrace.h and sys/ptrace.h.</summary>
internal sealed class PtraceCalls(LinuxMachine machine) : HostedCalls(machine)
{
    private const int TraceMe = 0, PeekText = 1, PeekData = 2, PeekUser = 3, PokeText = 4, PokeData = 5, PokeUser = 6, Continue = 7, Kill = 8, SingleStep = 9,
        GetRegisters = 12, SetRegisters = 13, GetFloats = 14, SetFloats = 15, Attach = 16, Detach = 17, GetExtendedFloats = 18, SetExtendedFloats = 19,
        OldSetOptions = 21, SystemCall = 24, GetThreadArea = 25, SetThreadArea = 26, Emulate = 31, EmulateSingleStep = 32, SetOptions = 0x4200,
        GetEventMessage = 0x4201, GetSignalInfo = 0x4202, SetSignalInfo = 0x4203, GetRegisterSet = 0x4204, SetRegisterSet = 0x4205, Seize = 0x4206,
        Interrupt = 0x4207, Listen = 0x4208, PeekSignalInfo = 0x4209, GetSignalMask = 0x420A, SetSignalMask = 0x420B, GetFilter = 0x420C,
        GetCallInfo = 0x420E;

    private readonly TraceeMemory _memory = new(machine);

    public override IEnumerable<(string Name, HostedCall Call)> Calls => [("ptrace", a => Request(a, a.Int(0), a.Int(1), a[2], a[3]))];

    private long Request(SyscallArguments arguments, int request, int id, ulong address, ulong data)
    {
        if (request == TraceMe)
            return BeTraced();
        if (Tasks.Find(id) is not { } tracee)
            return -Errno.ESRCH;
        if (request is Attach or Seize)
            return Take(tracee, isSeize: request == Seize, address, data);
        if (tracee.Trace is not { } trace || trace.Tracer != Task.Id)
            return -Errno.ESRCH;
        if (request == Kill)
            return Finish(tracee);
        if (!tracee.IsAlive)
            return -Errno.ESRCH;
        if (request == Interrupt)
            return InterruptTracee(tracee, trace);
        if (TraceStops.StopOf(tracee) is not { } stop || trace.IsListening)
            return -Errno.ESRCH;
        return Serve(new TraceRequest(tracee, trace, stop, arguments.IsCompat), request, address, data);
    }

    /// <summary>A request to a tracee that is stopped.</summary>
    /// <param name="Tracee">The tracee.</param>
    /// <param name="Trace">What it has for being traced.</param>
    /// <param name="Stop">Where it is stopped.</param>
    /// <param name="IsCompat">Whether the tracer made a 32-bit call.</param>
    private sealed record TraceRequest(TaskState Tracee, Tracee Trace, TraceStop Stop, bool IsCompat)
    {
        public int Word => IsCompat ? 4 : 8;
    }

    private long Serve(TraceRequest asked, int request, ulong address, ulong data)
    {
        switch (request)
        {
            case PeekText or PeekData:
                Span<byte> word = stackalloc byte[8];
                word = word[..asked.Word];
                return _memory.TryRead(asked.Tracee, address, word) ? Give(data, word) : -Errno.EIO;
            case PokeText or PokeData:
                return _memory.TryWrite(asked.Tracee, address, BitConverter.GetBytes(data).AsSpan(0, asked.Word)) ? 0 : -Errno.EIO;
            case PeekUser:
                return new TraceeUserArea(Machine, asked.Tracee, asked.IsCompat).Read(address, out ulong value) is var error && error != 0
                    ? error : Give(data, BitConverter.GetBytes(value).AsSpan(0, asked.Word));
            case PokeUser:
                return new TraceeUserArea(Machine, asked.Tracee, asked.IsCompat).Write(address, data);
            case Continue or SystemCall or Emulate or SingleStep or EmulateSingleStep:
                return GoOn(asked, request, data);
            case Detach:
                if (data > SignalNumbers.Last)
                    return -Errno.EIO;
                Machine.TraceStops.Detach(asked.Tracee, (int)data);
                return 0;
            case SetOptions or OldSetOptions:
                return ChangeOptions(asked, data);
            case GetEventMessage:
                return Give(data, new CStructure(asked.IsCompat).Word(asked.Trace.Message).Bytes);
            case GetSignalInfo:
                return asked.Stop.Info is { } info ? Give(data, SignalInfoBytes.Write(info, asked.IsCompat)) : -Errno.EINVAL;
            case SetSignalInfo:
                return ChangeSignalInfo(asked, data);
            case PeekSignalInfo:
                return PeekQueue(asked, address, data);
            case GetSignalMask:
                return address != sizeof(ulong) ? -Errno.EINVAL : Give(data, BitConverter.GetBytes(asked.Tracee.Signals.Blocked));
            case SetSignalMask:
                return ChangeMask(asked, address, data);
            case Listen:
                return KeepListening(asked);
            case GetCallInfo:
                return TellCall(asked, address, data);
            case GetFilter:
                return -Errno.EACCES;
            default:
                return ServeRegisters(asked, request, address, data);
        }
    }

    private long ServeRegisters(TraceRequest asked, int request, ulong address, ulong data)
    {
        var sets = new TraceeRegisterSets(Machine, asked.Tracee);
        switch (request)
        {
            case GetRegisters:
                return Give(data, sets.General(asked.IsCompat));
            case SetRegisters:
                return Take(data, sets.General(asked.IsCompat).Length, bytes => sets.SetGeneral(bytes, asked.IsCompat));
            case GetFloats:
                return Give(data, sets.Floats(asked.IsCompat));
            case SetFloats:
                return Take(data, sets.Floats(asked.IsCompat).Length, bytes => sets.SetFloats(bytes, asked.IsCompat));
            case GetExtendedFloats when asked.IsCompat:
                return Give(data, sets.Floats(compat: false));
            case SetExtendedFloats when asked.IsCompat:
                return Take(data, FpuFormat.LegacySize, bytes => sets.SetFloats(bytes, compat: false));
            case GetThreadArea:
                return sets.ThreadArea((int)address) is { } descriptor ? Give(data, descriptor) : -Errno.EINVAL;
            case SetThreadArea:
                return Take(data, TraceeRegisterSets.ThreadAreaSize, bytes => sets.SetThreadArea((int)address, bytes));
            case GetRegisterSet or SetRegisterSet:
                return TransferSet(asked, sets, (int)address, data, isGet: request == GetRegisterSet);
            default:
                return -Errno.EIO;
        }
    }

    private long Take(ulong address, int count, Func<byte[], long> use)
    {
        byte[] bytes = new byte[count];
        return Memory.TryRead(address, bytes) ? use(bytes) : -Errno.EFAULT;
    }

    /// <summary>The tracer's <c>struct iovec</c> says where and how much; how much it was is written back.</summary>
    private long TransferSet(TraceRequest asked, TraceeRegisterSets sets, int note, ulong vector, bool isGet)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (!Memory.TryRead(vector, bytes[..(2 * asked.Word)]))
            return -Errno.EFAULT;
        ulong place = asked.IsCompat ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        ulong room = asked.IsCompat ? BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]) : BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]);
        if (sets.Find(note, out int unit) is not { } content || room % (ulong)unit != 0)
            return sets.Find(note, out _) is null && note == TraceeRegisterSets.ExtendedState ? -Errno.ENODEV : -Errno.EINVAL;
        int count = (int)Math.Min(room, (ulong)content.Length);
        long result = isGet ? Give(place, content.AsSpan(0, count)) : Take(place, count, given => sets.Set(note, given));
        return result != 0 ? result : Give(vector + (ulong)asked.Word, new CStructure(asked.IsCompat).Word((ulong)count).Bytes);
    }

    /// <summary>The process's parent traces the caller. It is the thread that made it.</summary>
    private long BeTraced()
    {
        if (Task.Trace is not null)
            return -Errno.EPERM;
        int parent = Tasks.Find(Process.ParentThread) is { IsAlive: true } maker && maker.Process == Process.Parent ? maker.Id : Process.Parent;
        Task = Task with { Trace = new Tracee(parent, IsSeized: false, 0) };
        return 0;
    }

    private long Take(TaskState tracee, bool isSeize, ulong address, ulong options)
    {
        if (isSeize && (address != 0 || (options & ~(ulong)PtraceOptions.Known) != 0))
            return -Errno.EIO;
        bool isOwn = tracee.Process == Process.Id;
        if (isOwn || !tracee.IsAlive || tracee.Trace is not null || !State.Processes[tracee.Process].IsDumpable
            || (isSeize && (options & PtraceOptions.SuspendSeccomp) != 0))
        {
            return -Errno.EPERM;
        }

        bool wasStopped = Signals.IsStopped(tracee);
        Tasks.Set(tracee with { Trace = new Tracee(Task.Id, isSeize, isSeize ? (int)options : 0) { MustTrap = wasStopped } });
        if (!isSeize)
            Machine.Signals.Send(State.Tasks[tracee.Id], SignalInfo.FromKernel(SignalNumbers.SIGSTOP));
        if (wasStopped)
        {
            Machine.Signals.Refresh(tracee.Id);
            Tasks.Wake(State.Tasks[tracee.Id], WakeReason.Woken);
        }

        return 0;
    }

    private long Finish(TaskState tracee)
    {
        if (TraceStops.StopOf(tracee) is not null)
            Machine.TraceStops.Resume(tracee, SignalNumbers.SIGKILL);
        return 0;
    }

    private long InterruptTracee(TaskState tracee, Tracee trace)
    {
        if (!trace.IsSeized)
            return -Errno.EIO;
        Tasks.Set(tracee with { Trace = trace with { MustTrap = true } });
        Machine.Signals.WakeUp(State.Tasks[tracee.Id]);
        if (trace.IsListening)
            Tasks.Wake(State.Tasks[tracee.Id], WakeReason.Woken);
        return 0;
    }

    private long GoOn(TraceRequest asked, int request, ulong signal)
    {
        if (signal > SignalNumbers.Last)
            return -Errno.EIO;
        int id = asked.Tracee.Id;
        Tasks.Set(asked.Tracee with
        {
            Trace = asked.Trace with { StopsAtCalls = request == SystemCall, Emulates = request is Emulate or EmulateSingleStep },
        });
        var step = new SingleStep(Machine);
        if (request is SingleStep or EmulateSingleStep)
            step.Enable(id);
        else
            step.Disable(id);
        Machine.TraceStops.UpdateWork(id);
        Machine.TraceStops.Resume(State.Tasks[id], (int)signal);
        return 0;
    }

    private long ChangeOptions(TraceRequest asked, ulong options)
    {
        if ((options & ~(ulong)PtraceOptions.Known) != 0)
            return -Errno.EINVAL;
        if ((options & PtraceOptions.SuspendSeccomp) != 0)
            return -Errno.EPERM;
        Tasks.Set(asked.Tracee with { Trace = asked.Trace with { Options = (int)options } });
        return 0;
    }

    private long ChangeSignalInfo(TraceRequest asked, ulong data)
    {
        byte[] bytes = new byte[SignalInfoBytes.Size];
        if (!Memory.TryRead(data, bytes))
            return -Errno.EFAULT;
        if (asked.Stop.Info is null || asked.Tracee.Wait is not { } wait)
            return -Errno.EINVAL;
        TraceStop changed = asked.Stop with { Info = SignalInfoBytes.Read(bytes, asked.IsCompat) };
        Tasks.Set(asked.Tracee with { Wait = wait with { Progress = changed } });
        return 0;
    }

    /// <summary>What waits for the tracee, or for its process, is looked at from some place on.</summary>
    private long PeekQueue(TraceRequest asked, ulong address, ulong data)
    {
        const int ofProcess = 1;
        Span<byte> bytes = stackalloc byte[16];
        if (!Memory.TryRead(address, bytes))
            return -Errno.EFAULT;
        ulong from = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
        int most = BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]);
        if ((flags & ~(uint)ofProcess) != 0 || most < 0)
            return -Errno.EINVAL;
        SignalQueue queue = flags == ofProcess ? State.Processes[asked.Tracee.Process].Signals : asked.Tracee.Signals.Queue;
        long given = 0;
        for (ulong index = from; index < (ulong)queue.Entries.Count && given < most; index++, given++)
        {
            if (Give(data + (ulong)given * SignalInfoBytes.Size, SignalInfoBytes.Write(queue.Entries[(int)index], asked.IsCompat)) != 0)
                return given > 0 ? given : -Errno.EFAULT;
        }

        return given;
    }

    private long ChangeMask(TraceRequest asked, ulong size, ulong data)
    {
        if (size != sizeof(ulong))
            return -Errno.EINVAL;
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        if (!Memory.TryRead(data, bytes))
            return -Errno.EFAULT;
        ulong mask = BinaryPrimitives.ReadUInt64LittleEndian(bytes) & ~SignalSets.Unblockable;
        Tasks.Set(asked.Tracee with { Signals = asked.Tracee.Signals with { Blocked = mask } });
        Machine.Signals.Refresh(asked.Tracee.Id);
        return 0;
    }

    /// <summary>The tracee stays stopped with its process; it traps again when that goes on, or at once when it has done so meanwhile.</summary>
    private long KeepListening(TraceRequest asked)
    {
        if (!asked.Trace.IsSeized || asked.Stop.Event != PtraceEvents.Stop)
            return -Errno.EIO;
        Tasks.Set(asked.Tracee with { Trace = asked.Trace with { IsListening = true } });
        if (asked.Trace.MustTrap)
            Tasks.Wake(State.Tasks[asked.Tracee.Id], WakeReason.Woken);
        return 0;
    }

    private long TellCall(TraceRequest asked, ulong room, ulong data)
    {
        byte[] bytes = TracedCallInfo.Write(Machine, asked.Tracee, asked.Stop, (uint)asked.Trace.Message);
        int count = (int)Math.Min(room, (ulong)bytes.Length);
        return Give(data, bytes.AsSpan(0, count)) is var error && error != 0 ? error : bytes.Length;
    }
}
