using System.Globalization;

namespace SyscallExplorer.Linux;

/// <summary>A sleep. One for a while is continued by restart_syscall to the same end after a signal without a handler. man 2 clock_nanosleep.</summary>
/// <param name="Deadline">When it ends: nanoseconds since boot, or of <paramref name="Clock"/>.</param>
/// <param name="Clock">The clock of processor time that it watches, or null.</param>
/// <param name="IsAbsolute">TIMER_ABSTIME: what remains is not told, and a restarted call says the same again.</param>
/// <param name="Remaining">Where what remains is stored when a signal comes, or 0.</param>
/// <param name="Word">Bytes of the seconds there.</param>
internal sealed record Sleep(long Deadline, CpuClock? Clock, bool IsAbsolute, ulong Remaining, int Word) : RestartBlock
{
    /// <summary>What those wait for who wait for a clock of processor time.</summary>
    public static WaitKey ProcessorTime { get; } = new(WaitKind.ProcessorTime, 0);

    /// <summary>A step of the sleep. It sleeps even where its end has come, which lets others run.</summary>
    public override long Continue(LinuxMachine machine)
    {
        TaskState task = machine.Task;
        if (task.Wait is null)
            return Clock is { } clock && Now(machine, clock) >= Deadline ? 0 : Block(machine);
        return task.Reason switch
        {
            WakeReason.Interrupted => Interrupt(machine),
            WakeReason.Woken when Clock is { } watched && Now(machine, watched) < Deadline => Block(machine),
            _ => 0,
        };
    }

    /// <summary>Whether a clock of processor time has come to its end.</summary>
    public bool IsOver(LinuxMachine machine) => Clock is { } clock && Now(machine, clock) >= Deadline;

    private static long Now(LinuxMachine machine, CpuClock clock) => machine.CpuClocks.Now(clock) ?? long.MaxValue;

    private long Block(LinuxMachine machine) => Clock is null
        ? machine.Tasks.Block(new Wait([], $"time to pass, until {Seconds} s after boot") { Deadline = Deadline, Progress = this, TellsOfSignals = true })
        : machine.Tasks.Block(new Wait([ProcessorTime], $"{Seconds} s of processor time to pass") { Progress = this, TellsOfSignals = true });

    private string Seconds => (Deadline / EmulatedTime.NanosecondsPerSecond).ToString(CultureInfo.InvariantCulture);

    private long Interrupt(LinuxMachine machine)
    {
        if (IsAbsolute)
            return -Errno.ERESTARTNOHAND;
        long remaining = Deadline - (Clock is { } clock ? Now(machine, clock) : new EmulatedTime(machine).SinceBoot);
        if (remaining <= 0)
            return 0;
        if (Remaining != 0 && !machine.Memory.TryWrite(Remaining, TimespecWriter.Write(remaining, Word).Bytes))
            return -Errno.EFAULT;
        machine.Task = machine.Task with { Signals = machine.Task.Signals with { Restart = this } };
        return -Errno.ERESTART_RESTARTBLOCK;
    }
}
