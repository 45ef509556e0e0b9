using SyscallExplorer.Linux;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Tests;

/// <summary>An observation made by hand.</summary>
internal static class ObservationSamples
{
    private const string Program = "sh -c '<x>'";

    public static CycleProfile Profile { get; } = new()
    {
        Inputs = Samples.Inputs,
        Program = Program,
        Activities =
        [
            Activity(ActivityKind.UserCode, "user code", 0, 0, (PhaseKind.UserStub, 256_000)),
            Activity(ActivityKind.SystemCall, "write", 2, 1, (PhaseKind.HardwareEntry, 25_600), (PhaseKind.Handler, 102_400)),
            Activity(ActivityKind.SystemCall, "read", 4, 0, (PhaseKind.HardwareEntry, 51_200), (PhaseKind.Schedule, 12_800)),
            Activity(ActivityKind.Exception, "#PF page fault", 3, 0, (PhaseKind.Interrupted, 51_200)),
            Activity(ActivityKind.Idle, "idle", 0, 0, (PhaseKind.Halted, 12_800)),
        ],
        Figures =
        [
            new FigureUse(new Figure(0, "a", 256, 200, 300, Confidence.Published, "somebody", null), 1),
            new FigureUse(new Figure(1, "b", 256, 200, 300, Confidence.Assumed, "nobody", null), 3),
        ],
        Origins = [new OriginShare(CodeOrigin.Documented, 300, 0.25), new OriginShare(CodeOrigin.User, 900, 0.75)],
    };

    public static Timeline Timeline { get; } = new(Samples.Inputs, Program, 512_000,
    [
        new TaskTimeline(1000, 1000, 999, "sh",
        [
            new TaskInterval(TaskMode.User, 0, 256_000, null), new TaskInterval(TaskMode.Kernel, 256_000, 281_600, "wait4"),
            new TaskInterval(TaskMode.Waiting, 281_600, 512_000, "a child"),
        ]),
        new TaskTimeline(1001, 1001, 1000, "x",
            [new TaskInterval(TaskMode.Ready, 128_000, 281_600, null), new TaskInterval(TaskMode.User, 281_600, 512_000, null)]),
    ],
    [new ObservedCall(1000, "wait4", 256_000, null, null, "wait4(-1,  <unfinished ...>")], IsComplete: true);

    public static AddressSpaceMap Map { get; } = new(Samples.Inputs, 1000, "sh", "exit_group", 256_000,
    [
        new MemoryRegion(0x401000, 0x403000, true, false, true, false, 0x1000, 0, 25, 22, "/bin/<sh>"),
        new MemoryRegion(0x7ffcedc56000, 0x7ffcedc77000, true, true, false, false, 0, 0, 0, 0, "[stack]"),
    ]);

    public static CallLog Log { get; } = new(Samples.Inputs, Program, "1000  write(1, \"<a>\", 3)             = 3\n1000  +++ exited with 0 +++\n", IsComplete: true);

    public static ProgramObservation Observation { get; } = new(Samples.Run, Profile, Timeline, [Map], Log);

    private static ActivityProfile Activity(ActivityKind kind, string name, long count, long errors, params (PhaseKind Kind, long Cost)[] phases) =>
        new(kind, name, count, errors, [.. phases.Select(phase => new PhaseTotal(new Phase(phase.Kind), phase.Cost, 10))]);
}
