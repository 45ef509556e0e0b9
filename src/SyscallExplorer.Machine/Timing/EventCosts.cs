namespace SyscallExplorer.Machine;

/// <summary>The figures of events, looked up once.</summary>
internal sealed class EventCosts
{
    private readonly Figure?[] _figures;

    private EventCosts(Microarchitecture microarchitecture) =>
        _figures = Enum.GetValues<TimingEvent>().Select(microarchitecture.FigureOf).ToArray();

    public Figure? this[TimingEvent timingEvent] => _figures[(int)timingEvent];

    public static EventCosts Of(Microarchitecture microarchitecture) => new(microarchitecture);
}
