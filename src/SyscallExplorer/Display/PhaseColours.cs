using SyscallExplorer.Linux;

namespace SyscallExplorer;

/// <summary>
/// The colour of each phase, the same in every chart and table. All are of middle lightness, so that they stand out on white and on black.
/// </summary>
internal static class PhaseColours
{
    private static readonly Dictionary<PhaseKind, string> Kinds = new()
    {
        [PhaseKind.UserStub] = "#94a1b0",
        [PhaseKind.HardwareEntry] = "#2f7fc9",
        [PhaseKind.StackSwitch] = "#2a9d9d",
        [PhaseKind.SaveRegisters] = "#4aa564",
        [PhaseKind.EntryWork] = "#94ab3c",
        [PhaseKind.Dispatch] = "#d0a02c",
        [PhaseKind.Handler] = "#e07b39",
        [PhaseKind.ExitWork] = "#b58863",
        [PhaseKind.RestoreRegisters] = "#9a7fd1",
        [PhaseKind.HardwareExit] = "#5f6fd6",
        [PhaseKind.Interrupted] = "#77808c",
        [PhaseKind.Schedule] = "#4d8f86",
        [PhaseKind.Halted] = "#a9a29a",
    };

    private static readonly Dictionary<string, string> Mitigations = new()
    {
        ["KPTI"] = "#d3455b",
        ["retpoline"] = "#e2799f",
        ["MDS"] = "#b8509f",
        ["swapgs fence"] = "#e0607e",
        ["index mask"] = "#c97a86",
    };

    private static readonly string[] OtherMitigations = ["#c2506f", "#d9668c", "#a9557a", "#dd8a8f"];

    public static string Of(Phase phase)
    {
        if (phase.Kind != PhaseKind.Mitigation)
            return Kinds[phase.Kind];
        string name = phase.Mitigation ?? "";
        return Mitigations.TryGetValue(name, out string? colour) ? colour : OtherMitigations[name.Sum(letter => letter) % OtherMitigations.Length];
    }
}
