using System.CommandLine;
using SyscallExplorer.Linux;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Cli;

/// <summary><c>sysx exec</c>: runs a static ELF program inside the kit.</summary>
internal static class ExecVerb
{
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
        var stats = new Option<bool>("--stats") { Description = "Print instructions, cycles, host time and instructions per second on standard error at the end." };
        var program = new Argument<string>("program") { Description = "A static ELF file for x86 or x86-64." };
        var arguments = new Argument<string[]>("args") { Description = "Its arguments, as they are.", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("exec", "Runs a static ELF program inside the kit: its standard streams and its exit status are the program's.")
        {
            kernel, cpu, reference, limit, stats, program, arguments,
        };
        command.SetAction(result => ExecCommand.Execute(new ExecRequest(
            result.GetRequiredValue(kernel),
            result.GetRequiredValue(cpu),
            result.GetValue(limit),
            result.GetValue(stats),
            result.GetRequiredValue(program),
            result.GetValue(arguments) ?? [])));
        return command;
    }

    /// <summary>What stands behind the program's name belongs to the program, even where it looks like an option.</summary>
    internal static string[] Delimit(string[] args)
    {
        string[] withValue = ["--kernel", "--cpu", "--max-instructions"];
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
