using System.CommandLine;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Cli;

/// <summary><c>sysx unsupported</c>: the instructions that the processor does not execute yet.</summary>
internal static class UnsupportedVerb
{
    internal static Command Create()
    {
        var feature = new Option<string?>("--feature") { Description = "Only forms that need this CPUID feature, such as X64, SSE2 or BMI1." };
        var command = new Command("unsupported", "Lists the instructions that the emulated processor does not execute yet.") { feature };
        command.SetAction(parsed => Print(parsed.GetValue(feature)));
        return command;
    }

    private static int Print(string? feature)
    {
        List<string> features = InstructionForms.All.SelectMany(form => form.Features).Distinct().Order(StringComparer.Ordinal).ToList();
        if (feature is not null && !features.Contains(feature, StringComparer.OrdinalIgnoreCase))
        {
            Console.Error.WriteLine($"sysx: {Suggestion.Sentence("no CPUID feature is named", feature, "Known features", features)}");
            return ExitCodes.Usage;
        }

        List<InstructionForm> wanted = InstructionForms.All
            .Where(form => feature is null || form.Features.Contains(feature, StringComparer.OrdinalIgnoreCase)).ToList();
        foreach (IGrouping<string, InstructionForm> group in wanted.Where(form => !form.IsSupported).GroupBy(form => string.Join("+", form.Features)))
        {
            Console.WriteLine($"{(group.Key.Length == 0 ? "(no feature)" : group.Key)}:");
            foreach (InstructionForm form in group)
                Console.WriteLine($"  {form.Text,-60} {form.OpCode}");
        }

        int known = wanted.Count(form => form.IsKnown);
        Console.WriteLine($"{wanted.Count(form => form.IsKnown && form.IsSupported)} of {known} forms are supported. {wanted.Count - known} more are on no CPU model and raise #UD.");
        return ExitCodes.Success;
    }
}
