using System.CommandLine;
using SyscallExplorer.Linux;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Cli;

/// <summary><c>sysx exec</c>: runs an ELF program inside the kit.</summary>
internal static class ExecVerb
{
    private const long DefaultOutput = 1024;

    internal static Command Create()
    {
        var kernel = new Option<string>("--kernel") { Description = "The kernel to boot.", HelpName = "name", DefaultValueFactory = _ => Kernels.Linux_5_13.Name };
        var cpu = new Option<string>("--cpu") { Description = "The processor model.", HelpName = "name", DefaultValueFactory = _ => Cpus.Skylake.Name };
        var reference = new Option<bool>("--reference") { Description = "Use the reference interpreter. It is the only executor so far, so that this changes nothing." };
        var limit = new Option<long>("--max-instructions")
        {
            Description = "How many instructions the program and the kernel may execute: some twenty minutes' worth unless given.",
            HelpName = "count",
            DefaultValueFactory = _ => Lab.DefaultProgramLimit,
        };
        limit.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && long.TryParse(result.Tokens[0].Value, out long value) && value < 1)
                result.AddError($"'{value}' is not an instruction limit; --max-instructions takes a number of at least 1.");
        });
        Option<long> cycles = Limit("--max-cycles", "How many cycles may pass, sleep included.", "count", long.MaxValue >> 8);
        Option<long> memory = Limit("--max-memory", "MiB of memory that all programs together may use.", "MiB", ProgramLimits.Default.MemoryBytes >> 20);
        Option<long> files = Limit("--max-files", "MiB in files inside the machine.", "MiB", ProgramLimits.Default.FileBytes >> 20);
        Option<long> tasks = Limit("--max-tasks", "Tasks at the same time, threads included.", "count", ProgramLimits.Default.Tasks);
        Option<long> output = Limit("--max-output", "MiB that may be written to standard output and error.", "MiB", DefaultOutput);
        var root = new Option<string?>("--root")
        {
            Description = "A folder that the program sees as /, to read: shared libraries come from there. Nothing else of this computer is reachable.",
            HelpName = "folder",
        };
        var environment = new Option<string[]>("--env") { Description = "A string of its environment, such as HOME=/tmp; it may be given several times.", HelpName = "name=value" };
        var commandLine = new Option<string>("--kernel-options")
        {
            Description = "The kernel's command line as Linux writes it, such as \"norandmaps pti=off\".",
            HelpName = "options",
            DefaultValueFactory = _ => "",
        };
        var seed = new Option<ulong>("--seed") { Description = "Decides all that is random: equal seeds give equal runs.", HelpName = "number" };
        var terminal = new Option<bool>("--terminal") { Description = "Let the standard streams look like a terminal to the program." };
        var stats = new Option<bool>("--stats") { Description = "Print instructions, cycles, host time and instructions per second on standard error at the end." };
        var program = new Argument<string>("program") { Description = "An ELF file for x86 or x86-64, with --root a dynamic one too." };
        var arguments = new Argument<string[]>("args") { Description = "Its arguments, as they are.", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("exec", "Runs an ELF program inside the kit: its standard streams and its exit status are the program's.")
        {
            kernel, cpu, reference, root, environment, commandLine, seed, terminal, limit, cycles, memory, files, tasks, output, stats, program, arguments,
        };
        command.SetAction(result => ExecCommand.Execute(new ExecRequest(
            result.GetRequiredValue(kernel),
            result.GetRequiredValue(cpu),
            result.GetRequiredValue(commandLine),
            result.GetValue(seed),
            result.GetRequiredValue(program),
            result.GetValue(arguments) ?? [])
        {
            Run = new RunLimits(result.GetValue(limit), result.GetValue(cycles)),
            Limits = new ProgramLimits
            {
                MemoryBytes = result.GetValue(memory) << 20,
                FileBytes = result.GetValue(files) << 20,
                Tasks = (int)Math.Min(result.GetValue(tasks), int.MaxValue),
                OutputBytes = result.GetValue(output) << 20,
            },
            Root = result.GetValue(root),
            Environment = result.GetValue(environment) ?? [],
            Terminal = result.GetValue(terminal),
            Stats = result.GetValue(stats),
        }));
        return command;
    }

    private static Option<long> Limit(string name, string description, string unit, long value)
    {
        var option = new Option<long>(name) { Description = description, HelpName = unit, DefaultValueFactory = _ => value };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && long.TryParse(result.Tokens[0].Value, out long given) && given < 1)
                result.AddError($"'{given}' is no limit; {name} takes a number of at least 1.");
        });
        return option;
    }

    /// <summary>What stands behind the program's name belongs to the program, even where it looks like an option.</summary>
    internal static string[] Delimit(string[] args)
    {
        string[] withValue =
        [
            "--kernel", "--cpu", "--max-instructions", "--max-cycles", "--max-memory", "--max-files", "--max-tasks", "--max-output", "--root", "--env",
            "--kernel-options", "--seed",
        ];
        if (args is not ["exec", ..])
            return args;
        for (int i = 1; i < args.Length && args[i] != "--"; i++)
        {
            if (withValue.Contains(args[i]))
                i++;
            else if (!args[i].StartsWith('-'))
                return [.. args[..i], "--", .. args[i..]];
        }

        return args;
    }
}
