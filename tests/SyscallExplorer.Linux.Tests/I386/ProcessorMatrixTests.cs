using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Every processor with every kernel: it boots and answers by each way that it has, or is refused with a sentence.</summary>
public sealed class ProcessorMatrixTests
{
    private const int GetPid32 = 20;
    private const int GetPid64 = 39;

    public static TheoryData<string> Models() => [.. Cpus.Known.Select(cpu => cpu.Name)];

    [Theory, MemberData(nameof(Models))]
    public void Every_kernel_answers_by_every_way_that_the_processor_has(string name)
    {
        CpuModel cpu = Cpus.Find(name);
        foreach (KernelGeneration kernel in Kernels.All.Concat(Kernels.I386).Where(kernel => Boots(kernel, cpu)))
        {
            foreach ((int bitness, int number, Action<Assembler> enter) in Ways(kernel, cpu))
            {
                LinuxMachine machine = Guest.Load(a =>
                {
                    a.mov(eax, number);
                    enter(a);
                    a.hlt();
                }, bitness, cpu, kernel: kernel);
                RunResult result = machine.Run(RunLimits.Instructions(20_000));
                Assert.True(machine.Fatal is { Signal: SignalNumbers.SIGSEGV }, $"{kernel}, {bitness} bits: {machine.Fatal?.Title ?? result.Message}");
                Assert.Equal((ulong)TaskIdentity.Pid, machine.Fatal!.Registers[PtRegsOffsets.Ax]);
            }
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void A_kernel_that_needs_more_is_refused_with_what_it_lacks(string name)
    {
        CpuModel cpu = Cpus.Find(name);
        foreach (KernelGeneration kernel in Kernels.All.Concat(Kernels.I386).Where(kernel => !Boots(kernel, cpu)))
        {
            string message = Assert.Throws<ArgumentException>(() => Guest.Boot(cpu, kernel: kernel)).Message;
            Assert.StartsWith($"The CPU model '{name}' has n", message, StringComparison.Ordinal);
            Assert.Contains($"which {kernel} needs: ", message, StringComparison.Ordinal);
            Assert.Contains(Kernels.Linux_2_6_39_i386.Name, message, StringComparison.Ordinal);
        }
    }

    /// <summary>Long mode came in 2003; the 386 went with Linux 3.8.</summary>
    private static bool Boots(KernelGeneration kernel, CpuModel cpu) => kernel.Is32Bit
        ? kernel == Kernels.Linux_2_6_39_i386 || cpu.Name != "Intel386"
        : cpu.Name is not ("Intel386" or "Intel486" or "Pentium" or "PentiumIII" or "Pentium4Northwood" or "K7");

    private static IEnumerable<(int Bitness, int Number, Action<Assembler> Enter)> Ways(KernelGeneration kernel, CpuModel cpu)
    {
        yield return (32, GetPid32, a => a.@int(unchecked((sbyte)0x80)));
        if (!kernel.Is32Bit)
        {
            yield return (64, GetPid64, a => a.syscall());
            yield return (32, GetPid32, a => a.call(UserSpace.KernelVsyscall));
        }
        else
        {
            yield return (32, GetPid32, a => a.call(UserSpace.NativeKernelVsyscall));
        }
    }
}
