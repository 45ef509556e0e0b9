using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>What those wait for who wait on an object that can be read and written: each direction has a key of its own.</summary>
internal static class ReadinessKeys
{
    private const int Reads = PollEvents.Input | PollEvents.Priority | PollEvents.NormalRead | PollEvents.BandRead | PollEvents.ReadHungUp;
    private const int Writes = PollEvents.Output | PollEvents.NormalWrite | PollEvents.BandWrite;

    /// <summary>Something to read, or an end of it.</summary>
    public static WaitKey Input(int number) => new(WaitKind.Readiness, (ulong)number);

    /// <summary>Room to write, or nobody left who reads.</summary>
    public static WaitKey Output(int number) => new(WaitKind.Readiness, (ulong)number, 1);

    /// <summary>Room in a queue that others send to.</summary>
    public static WaitKey Room(int number) => new(WaitKind.Readiness, (ulong)number, 2);

    /// <summary>What concerns those who ask for some events. Hang-ups and errors are told by both keys.</summary>
    public static ImmutableArray<WaitKey> For(int number, int events) => ((events & Reads) != 0, (events & Writes) != 0) switch
    {
        (true, false) => [Input(number)],
        (false, true) => [Output(number)],
        _ => [Input(number), Output(number)],
    };
}
