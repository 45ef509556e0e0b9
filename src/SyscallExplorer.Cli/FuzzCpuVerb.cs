using System.CommandLine;
using System.Diagnostics;
using SyscallExplorer.Silicon;

namespace SyscallExplorer.Cli;

/// <summary><c>sysx fuzz-cpu</c>: compares the emulated processor with the host's, and writes the page of what is covered.</summary>
internal static class FuzzCpuVerb
{
    private const double DefaultMinutes = 1;

    internal static Command Create()
    {
        var minutes = new Option<double>("--minutes") { Description = "How long to go on.", DefaultValueFactory = _ => DefaultMinutes };
        var seed = new Option<ulong>("--seed") { Description = "What the cases follow from.", DefaultValueFactory = _ => 1 };
        var coverage = new Option<FileInfo?>("--coverage") { Description = "Writes the page of the forms that are executed and compared to this file, and compares nothing." };
        var replay = new Option<string?>("--case") { Description = "Compares one case, as a finding printed it." };
        var command = new Command("fuzz-cpu", "Runs random instructions in the emulator and on this machine's processor, and reports where they differ. x86-64 Linux only.")
        {
            minutes, seed, coverage, replay,
        };
        command.SetAction(parsed =>
        {
            if (SiliconComparison.WhyNotHere is { } reason)
            {
                Console.Error.WriteLine($"sysx: {reason}.");
                return ExitCodes.Usage;
            }

            if (parsed.GetValue(coverage) is { } page)
            {
                File.WriteAllText(page.FullName, CoveragePage.Create());
                return ExitCodes.Success;
            }

            return parsed.GetValue(replay) is { } text ? Replay(text) : Run(parsed.GetValue(minutes), parsed.GetValue(seed));
        });
        return command;
    }

    private static int Replay(string text)
    {
        try
        {
            IReadOnlyList<Difference> differences = SiliconComparison.Compare(text);
            foreach (Difference difference in differences)
                Console.WriteLine(difference);
            Console.WriteLine(differences.Count == 0 ? "Nothing differs." : $"{differences.Count} things differ.");
            return differences.Count == 0 ? ExitCodes.Success : ExitCodes.Notebook;
        }
        catch (FormatException error)
        {
            Console.Error.WriteLine($"sysx: {error.Message}");
            return ExitCodes.Usage;
        }
    }

    private static int Run(double minutes, ulong seed)
    {
        var sinceReport = Stopwatch.StartNew();
        var campaign = new SiliconCampaign(seed)
        {
            Progress = (cases, mismatches) =>
            {
                if (sinceReport.Elapsed.TotalSeconds < 10)
                    return;
                sinceReport.Restart();
                Console.Error.WriteLine($"{cases:n0} cases");
            },
        };
        CampaignResult result = campaign.RunFor(TimeSpan.FromMinutes(minutes));
        Console.WriteLine($"{result.Cases:n0} cases of {result.FormCount} forms in {result.Elapsed.TotalSeconds:f0} s, {result.MismatchCount:n0} mismatches.");
        foreach ((string reason, long count) in result.KnownDifferences.Where(entry => entry.Value > 0))
            Console.WriteLine($"Known, {count:n0} times: {reason}.");
        foreach (Mismatch mismatch in result.Examples.GroupBy(example => example.Code).Select(group => group.First()))
        {
            Console.WriteLine();
            Console.WriteLine(Reproduction.Describe(mismatch));
        }

        return result.MismatchCount == 0 ? ExitCodes.Success : ExitCodes.Notebook;
    }
}
