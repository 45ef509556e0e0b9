namespace SyscallExplorer.Linux;

/// <summary>The host parts of system calls, by the handler's name. Each returns what the kernel's function would.</summary>
internal sealed class HostedHandlers
{
    private readonly Dictionary<string, HostedCall> _handlers = [];

    public HostedHandlers(LinuxMachine machine)
    {
        var locks = new LockCalls(machine);
        HostedCalls[] families =
        [
            new FileCalls(machine),
            new PipeCalls(machine),
            new TransferCalls(machine),
            new DescriptorCalls(machine, locks),
            locks,
            new FileStatusCalls(machine),
            new FileAttributeCalls(machine),
            new DirectoryCalls(machine),
            new FileSystemCalls(machine),
            new ExtendedAttributeCalls(machine),
            new MemoryCalls(machine),
            new SignalCalls(machine),
            new SignalSendingCalls(machine),
            new SignalWaitingCalls(machine),
            new SignalReturnCalls(machine),
            new SignalFileCalls(machine),
            new ThreadCalls(machine),
            new LocalTableCalls(machine),
            new FutexCalls(machine),
            new SleepCalls(machine),
            new ClockCalls(machine),
            new TimerCalls(machine),
            new IntervalTimerCalls(machine),
            new TimerFileCalls(machine),
            new RestartableSequenceCalls(machine),
            new PollCalls(machine),
            new SelectCalls(machine),
            new EpollCalls(machine),
            new EventCalls(machine),
            new SocketConnectionCalls(machine),
            new MessageCalls(machine),
            new SocketOptionCalls(machine),
            new SocketMultiplexer(machine),
            new ProcessCalls(machine),
            new ProcessControlCalls(machine),
            new SeccompCalls(machine),
            new PtraceCalls(machine),
            new RemoteMemoryCalls(machine),
            new CredentialCalls(machine),
            new CloneCalls(machine),
            new ExecuteCalls(machine),
            new WaitForChildCalls(machine),
            new SchedulingCalls(machine),
            new InputOutputPriorityCalls(machine),
            new SystemCalls(machine),
        ];
        foreach ((string name, HostedCall call) in families.SelectMany(family => family.Calls))
            _handlers.Add(name, call);
    }

    /// <summary>Names of all host parts.</summary>
    public IReadOnlyCollection<string> Names => _handlers.Keys;

    /// <summary>Does a call, or a step of one that waits.</summary>
    /// <param name="name">The handler.</param>
    /// <param name="arguments">The arguments of the call.</param>
    /// <returns>Its result, or <see cref="HostedCalls.Blocked"/>.</returns>
    public long Invoke(string name, SyscallArguments arguments) => _handlers[name](arguments);
}
