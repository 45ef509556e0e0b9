namespace SyscallExplorer.Linux;

/// <summary>The host parts of system calls, by the handler's name. Each returns what the kernel's function would.</summary>
internal sealed class HostedHandlers
{
    private readonly Dictionary<string, HostedCall> _handlers = [];
    private readonly LinuxMachine _machine;

    public HostedHandlers(LinuxMachine machine)
    {
        _machine = machine;
        var signals = new SignalCalls(machine);
        var locks = new LockCalls(machine);
        HostedCalls[] families =
        [
            new FileCalls(machine),
            new TransferCalls(machine, signals),
            new DescriptorCalls(machine, locks),
            locks,
            new FileStatusCalls(machine),
            new FileAttributeCalls(machine),
            new DirectoryCalls(machine),
            new FileSystemCalls(machine),
            new ExtendedAttributeCalls(machine),
            new MemoryCalls(machine),
            signals,
            new ThreadCalls(machine),
            new WaitingCalls(machine),
            new ProcessCalls(machine),
            new SystemCalls(machine),
        ];
        foreach ((string name, HostedCall call) in families.SelectMany(family => family.Calls))
            _handlers.Add(name, call);
    }

    /// <summary>Names of all host parts.</summary>
    public IReadOnlyCollection<string> Names => _handlers.Keys;

    /// <summary>Does a call.</summary>
    /// <param name="name">The handler.</param>
    /// <param name="arguments">The arguments of the call.</param>
    /// <param name="slept">What passed while the program slept, in 1/256 cycles.</param>
    public long Invoke(string name, SyscallArguments arguments, out long slept)
    {
        long before = _machine.State.SleptNanoseconds;
        long result = _handlers[name](arguments);
        slept = new EmulatedTime(_machine).ClockOf(_machine.State.SleptNanoseconds - before);
        return result;
    }
}
