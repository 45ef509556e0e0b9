using SyscallExplorer.Linux;
using SyscallExplorer.Machine;

namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>Programs of the host in machines of this process, which tests can look into.</summary>
internal static class InKit
{
    /// <summary>More than any program of the tests executes.</summary>
    private const long Limit = 2_000_000_000;

    /// <summary>A machine with a program that has not run yet.</summary>
    internal static LinuxMachine Load(string program, IReadOnlyList<string> arguments, IReadOnlyList<string>? environment = null, bool traced = false, ulong seed = 0)
    {
        LinuxMachine machine = Boot(seed);
        if (traced)
            machine.TraceSystemCalls();
        machine.Load(new ElfProgram(ElfFile.Parse(File.ReadAllBytes(program), program), program, [program, .. arguments], environment ?? []));
        return machine;
    }

    internal static LinuxMachine Boot(ulong seed = 0) => LinuxMachine.Boot(Kernels.Linux_5_13, Cpus.Skylake, KernelOptions.Parse(""), seed);

    /// <summary>Runs a machine until its programs have ended.</summary>
    internal static RunResult ToEnd(LinuxMachine machine) => machine.Run(RunLimits.Instructions(Limit));
}
