using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>One encoding of an instruction, in the manual's notation.</summary>
/// <param name="Name">Iced's name of it.</param>
/// <param name="OpCode">Such as <c>REX.W + 01 /r</c>.</param>
/// <param name="Text">Such as <c>ADD r/m64, r64</c>.</param>
/// <param name="Features">What CPUID must report for it.</param>
/// <param name="IsKnown">Whether some CPU model has it; otherwise it is #UD.</param>
/// <param name="IsSupported">Whether the processor executes it, or rightly raises #UD; otherwise a program that meets it is stopped with a report.</param>
public sealed record InstructionForm(string Name, string OpCode, string Text, IReadOnlyList<string> Features, bool IsKnown, bool IsSupported);

/// <summary>The instruction set as the decoder knows it, and how much of it is built.</summary>
public static class InstructionForms
{
    private static readonly Lazy<IReadOnlyList<InstructionForm>> Forms = new(Collect);

    /// <summary>Every form that 32-bit or 64-bit code can hold.</summary>
    public static IReadOnlyList<InstructionForm> All => Forms.Value;

    /// <summary>Those that are not supported yet.</summary>
    public static IEnumerable<InstructionForm> Unsupported => All.Where(form => !form.IsSupported);

    private static List<InstructionForm> Collect() =>
        Enum.GetValues<Code>().Distinct().Where(code => code != Code.INVALID).Select(code => (Code: code, Form: code.ToOpCode()))
            .Where(entry => entry.Form.IsInstruction && (entry.Form.Mode32 || entry.Form.Mode64))
            .Select(entry => new InstructionForm(
                entry.Code.ToString(), entry.Form.ToOpCodeString(), entry.Form.ToInstructionString(),
                entry.Code.CpuidFeatures().Select(feature => feature.ToString()).ToList(),
                InstructionFeatures.IsKnown(entry.Code), InstructionTable.Supports(entry.Code) || !InstructionFeatures.IsKnown(entry.Code)))
            .ToList();
}
