using System.Globalization;
using System.Text;
using SyscallExplorer.Linux;
using SyscallExplorer.Machine;
using Xunit;

namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>A program of today's C library on the kernels of fifteen years.</summary>
public sealed class GenerationProgramTests
{
    public static TheoryData<string, string, int> Machines()
    {
        var rows = new TheoryData<string, string, int>();
        foreach (KernelGeneration kernel in Kernels.All)
        {
            rows.Add(kernel.Name, "Skylake", 64);
            rows.Add(kernel.Name, "Zen2", 32);
        }

        foreach (KernelGeneration kernel in Kernels.I386)
        {
            rows.Add(kernel.Name, "PentiumIII", 32);
            rows.Add(kernel.Name, "K8", 32);
        }

        return rows;
    }

    [SkippableTheory]
    [MemberData(nameof(Machines))]
    public void A_static_program_finds_all_that_it_needs(string kernel, string cpu, int bitness)
    {
        string program = Compiled.Get("generations", new Variant("glibc", bitness, 2));
        LinuxMachine machine = LinuxMachine.Boot(Kernels.Find(kernel), Cpus.Find(cpu), KernelOptions.Parse(""));
        machine.Load(new ElfProgram(ElfFile.Parse(File.ReadAllBytes(program), program), program, [program], []));
        RunResult result = InKit.ToEnd(machine);
        string day = DateTimeOffset.FromUnixTimeSeconds(machine.Kernel.ReleaseTime).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        Assert.True(machine.ExitStatus == 3, result.Message);
        Assert.Equal(
            $"read 5: hello\nsignal 10\nchild 7\nthread 42\nmemory 256\nproduct 20\nday {day}\n", Encoding.UTF8.GetString(machine.Output));
    }
}
