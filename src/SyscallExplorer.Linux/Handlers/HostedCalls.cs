namespace SyscallExplorer.Linux;

/// <summary>A host part of a handler: what the kernel's function would return.</summary>
internal delegate long HostedCall(SyscallArguments arguments);

/// <summary>Host parts that belong together.</summary>
internal abstract class HostedCalls(LinuxMachine machine)
{
    /// <summary>The host parts by the name of their handler.</summary>
    public abstract IEnumerable<(string Name, HostedCall Call)> Calls { get; }

    /// <summary>What a call returns that has to wait: it is asked again when it is woken.</summary>
    public const long Blocked = long.MinValue;

    protected LinuxMachine Machine => machine;

    protected TaskTable Tasks => machine.Tasks;

    /// <summary>The caller.</summary>
    protected TaskState Task
    {
        get => machine.Task;
        set => machine.Task = value;
    }

    /// <summary>The caller's process.</summary>
    protected ProcessState Process
    {
        get => machine.Process;
        set => machine.Process = value;
    }

    /// <summary>The wait that the call comes out of, or null when it begins.</summary>
    protected Wait? Waited => machine.Task.Wait;

    /// <summary>Why the call is asked.</summary>
    protected WakeReason Reason => machine.Task.Wait is null ? WakeReason.Start : machine.Task.Reason;

    protected AddressSpace Memory => machine.Memory;

    protected KernelState State
    {
        get => machine.State;
        set => machine.State = value;
    }

    /// <summary>Copies a structure to the program.</summary>
    protected long Give(ulong address, ReadOnlySpan<byte> bytes) => Memory.TryWrite(address, bytes) ? 0 : -Errno.EFAULT;

    /// <summary>Puts the caller to sleep; its call is asked again when one of the keys, the deadline or a signal wakes it.</summary>
    protected long Block(Wait wait) => Tasks.Block(wait);

    /// <summary>Changes what a call that waits, or has waited, keeps of what it has done.</summary>
    protected void SetProgress(object? progress)
    {
        if (Waited is { } wait)
            Task = Task with { Wait = wait with { Progress = progress } };
    }

    /// <summary>Goes on with the wait that the call came out of.</summary>
    protected long BlockAgain() => Waited is { } wait ? Block(wait) : throw new InvalidOperationException("The call has not waited.");
}
