using System.Text;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux.Tests;

/// <summary>A C program that runs on the host and in a machine, where it must do the same.</summary>
internal static class HostProgram
{
    private const long Limit = 300_000_000;

    /// <summary>Compiles a program statically, runs it in both places and compares what it writes.</summary>
    public static LinuxMachine Compare(string name, int bitness, params string[] arguments)
    {
        string program = HostCompiler.Compile(name, bitness, "-static", "-O1", "-w");
        string expected = HostCompiler.Run(program, arguments);
        LinuxMachine machine = Guest.Boot();
        byte[] bytes = File.ReadAllBytes(program);
        machine.Load(new ElfProgram(ElfFile.Parse(bytes), "/" + Path.GetFileName(program), [name, .. arguments], []));
        RunResult result = machine.Run(RunLimits.Instructions(Limit));
        string actual = Encoding.UTF8.GetString(machine.Output);
        Assert.True(machine.IsOver, $"{result.Message}\n{actual}");
        Assert.True(expected == actual, $"{result.Message}\n{machine.Fatal}\n--- on the host:\n{expected}\n--- in the kit:\n{actual}");
        return machine;
    }
}
