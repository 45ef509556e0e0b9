namespace SyscallExplorer.Linux;

/// <summary>eventfd and eventfd2. man 2 eventfd.</summary>
internal sealed class EventCalls(LinuxMachine machine) : HostedCalls(machine)
{
    private const int Semaphore = 1;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("eventfd", a => Create((uint)a[0], 0)),
        ("eventfd2", a => Create((uint)a[0], a.Int(1))),
    ];

    private long Create(uint value, int flags)
    {
        if ((flags & ~(Semaphore | OpenFlags.CloseOnExec | OpenFlags.NonBlocking)) != 0)
            return -Errno.EINVAL;
        if (Machine.Files.IsFull)
            return -Errno.EMFILE;
        int number = State.NextObject;
        var counter = new EventCounter(number, value, (flags & Semaphore) != 0);
        State = State with { NextObject = number + 1, EventCounters = State.EventCounters.Add(number, counter) };
        return Machine.Files.Open(new OpenFile(new EventFile(number), 0, OpenFlags.ReadWrite | (flags & OpenFlags.NonBlocking)), (flags & OpenFlags.CloseOnExec) != 0);
    }
}
