using System.Buffers.Binary;
using System.Globalization;

namespace SyscallExplorer.Linux;

/// <summary>How a program gives a time to wait, and is told what is left of it.</summary>
/// <param name="Address">Where; 0 for no limit.</param>
/// <param name="Word">Bytes of its seconds.</param>
/// <param name="IsTimeval">Whether the other member is in microseconds.</param>
internal readonly record struct TimeOut(ulong Address, int Word, bool IsTimeval = false)
{
    public const int Narrow = 4;
    public const int Wide = 8;
}

/// <summary>What the calls have in common that wait for any of several descriptors: time-outs, masks for their length, and what remains.</summary>
internal abstract class DescriptorWaitCalls(LinuxMachine machine) : NamedFileCalls(machine)
{
    private const long MicrosecondsPerSecond = 1_000_000;
    private const long NanosecondsPerMicrosecond = 1_000;

    /// <summary>A deadline that has passed: the call looks once and does not wait.</summary>
    protected const long AtOnce = 0;

    private long Now => new EmulatedTime(Machine).SinceBoot;

    /// <summary>Whether a signal is there that the call gives way to.</summary>
    protected bool IsInterrupted => Machine.Signals.Interrupts(Task);

    /// <summary>Whether the time to wait is over.</summary>
    protected bool IsOver(long? deadline) => deadline is { } time && time <= Now;

    /// <summary>The time at which a wait of milliseconds ends; null for a negative number, which is no limit.</summary>
    protected long? DeadlineOf(int milliseconds)
    {
        const long nanosecondsPerMillisecond = 1_000_000;
        return milliseconds < 0 ? null : milliseconds == 0 ? AtOnce : Now + milliseconds * nanosecondsPerMillisecond;
    }

    /// <summary>The time at which a wait ends that has begun; a call that begins reads it.</summary>
    protected long ReadDeadline(TimeOut timeOut, bool compat, out long? deadline)
    {
        deadline = Waited?.Deadline;
        if (Waited is not null || timeOut.Address == 0)
            return 0;
        long error = timeOut.IsTimeval
            ? ReadTimeval(timeOut, out long nanoseconds)
            : new TimespecReader(Memory).Read(timeOut.Address, timeOut.Word, compat, out nanoseconds);
        deadline = nanoseconds == 0 ? AtOnce : TimespecReader.Add(Now, nanoseconds);
        return error;
    }

    /// <summary>Does a call with another mask, which is there before the call looks and goes with it.</summary>
    /// <param name="mask">Address of the mask, or 0.</param>
    /// <param name="size">Its size, as the program says it.</param>
    /// <param name="call">A step of the call.</param>
    protected long WithMask(ulong mask, ulong size, Func<long> call)
    {
        if (Waited is null && mask != 0)
        {
            if (size != SignalSetBytes.Size)
                return -Errno.EINVAL;
            if (SignalSetBytes.Read(Memory, mask) is not { } set)
                return -Errno.EFAULT;
            Machine.Signals.SetTemporaryMask(set);
        }

        long result = call();
        if (result != Blocked)
            Machine.Signals.EndTemporaryMask(isInterrupted: result is -Errno.ERESTARTNOHAND or -Errno.EINTR);
        return result;
    }

    /// <summary>Tells what is left of the time to wait. Where that cannot be told, an interrupted call does not start anew.</summary>
    protected long WithRemainder(TimeOut timeOut, bool compat, long? deadline, long result)
    {
        if (result == Blocked || timeOut.Address == 0 || deadline is not { } end || end == AtOnce)
            return result;
        long left = Math.Max(0, end - Now);
        long seconds = left / EmulatedTime.NanosecondsPerSecond, rest = left % EmulatedTime.NanosecondsPerSecond;
        if (timeOut.IsTimeval)
            rest /= NanosecondsPerMicrosecond;
        var bytes = new CStructure(compat);
        bytes = timeOut.Word == TimeOut.Wide ? bytes.Int64(seconds).Int64(rest) : bytes.Int32((int)seconds).Int32((int)rest);
        return Memory.TryWrite(timeOut.Address, bytes.Bytes) || result != -Errno.ERESTARTNOHAND ? result : -Errno.EINTR;
    }

    /// <summary>Puts the caller to sleep until one of its descriptors may have become ready.</summary>
    protected long Sleep(IEnumerable<WaitKey> keys, string what, long? deadline) =>
        Block(new Wait([.. keys.Distinct()], what, -Errno.ERESTARTNOHAND) { Deadline = deadline, TellsOfSignals = true });

    /// <summary>Which of some events hold for a descriptor; those of errors are told unasked.</summary>
    protected int EventsOf(int descriptor, int wanted) =>
        Machine.Files.Find(descriptor) is { Object: not PathOnly } file
            ? file.Operations.Poll(Machine, file) & (wanted | PollEvents.AlwaysTold)
            : PollEvents.Invalid;

    /// <summary>What tells of them.</summary>
    protected IEnumerable<WaitKey> KeysOf(int descriptor, int wanted) =>
        Machine.Files.Find(descriptor) is { } file ? file.Operations.WaitKeys(Machine, file, wanted) : [];

    /// <summary>Descriptors in a sentence.</summary>
    protected static string Describe(IReadOnlyCollection<int> descriptors, string call)
    {
        const int shown = 8;
        string numbers = string.Join(", ", descriptors.Take(shown).Select(number => number.ToString(CultureInfo.InvariantCulture)));
        return descriptors.Count switch
        {
            0 => $"time to pass in {call}",
            1 => $"descriptor {numbers} in {call}",
            _ => $"one of the descriptors {numbers}{(descriptors.Count > shown ? ", …" : "")} in {call}",
        };
    }

    /// <summary>Microseconds may be more than a second has.</summary>
    private long ReadTimeval(TimeOut timeOut, out long nanoseconds)
    {
        nanoseconds = 0;
        Span<byte> bytes = stackalloc byte[2 * TimeOut.Wide];
        if (!Memory.TryRead(timeOut.Address, bytes[..(2 * timeOut.Word)]))
            return -Errno.EFAULT;
        bool isWide = timeOut.Word == TimeOut.Wide;
        long seconds = isWide ? BinaryPrimitives.ReadInt64LittleEndian(bytes) : BinaryPrimitives.ReadInt32LittleEndian(bytes);
        long rest = isWide ? BinaryPrimitives.ReadInt64LittleEndian(bytes[TimeOut.Wide..]) : BinaryPrimitives.ReadInt32LittleEndian(bytes[TimeOut.Narrow..]);
        seconds = unchecked(seconds + rest / MicrosecondsPerSecond);
        rest = rest % MicrosecondsPerSecond * NanosecondsPerMicrosecond;
        if (seconds < 0 || rest < 0)
            return -Errno.EINVAL;
        nanoseconds = seconds > long.MaxValue / EmulatedTime.NanosecondsPerSecond - 1 ? long.MaxValue : seconds * EmulatedTime.NanosecondsPerSecond + rest;
        return 0;
    }
}
