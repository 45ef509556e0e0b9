using System.Text;
using SyscallExplorer.Linux;
using SyscallExplorer.Machine;

namespace SyscallExplorer;

/// <summary>Reads what became of a program from the machine that ran it.</summary>
internal static class ProgramRuns
{
    public static ProgramRun Describe(LinuxMachine machine, RunResult result, LabInputs inputs) => new(
        inputs, machine.ExitStatus, result.Message, machine.Fatal, Encoding.UTF8.GetString(machine.Output), Encoding.UTF8.GetString(machine.Error),
        result.Instructions, result.Clock, machine.Unimplemented)
    {
        Signal = machine.Signal,
        OutputBytes = machine.Output,
        ErrorBytes = machine.Error,
        Notes = [.. machine.Notes],
        HostInputs = machine.HostInputs,
    };
}
