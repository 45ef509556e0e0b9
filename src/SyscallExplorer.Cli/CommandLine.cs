using System.CommandLine;

namespace SyscallExplorer.Cli;

/// <summary>The <c>sysx</c> command: its verbs, each from a file of its own.</summary>
internal static class CommandLine
{
    private static readonly Func<Command>[] s_verbs = [RunVerb.Create, ExecVerb.Create, UnsupportedVerb.Create, FuzzCpuVerb.Create, ValidateVerb.Create, SweepVerb.Create];

    internal static async Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand("sysx: how a Linux program gets into the kernel and back, in notebooks.");
        foreach (Func<Command> verb in s_verbs)
            root.Subcommands.Add(verb());
        ParseResult parsed = root.Parse(ExecVerb.Delimit(args));
        if (parsed.Errors.Count == 0)
            return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });
        foreach (string error in parsed.Errors.Select(e => e.Message).Distinct())
            await Console.Error.WriteLineAsync($"sysx: {error}");
        await Console.Error.WriteLineAsync("'sysx --help' and 'sysx run --help' list what there is.");
        return args is ["exec", ..] ? ExitCodes.Kit : ExitCodes.Usage;
    }
}
