using Iced.Intel;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Short ways to a booted machine with a program.</summary>
internal static class Guest
{
    private const long Limit = 200_000;

    public static LinuxMachine Boot(CpuModel? cpu = null, string commandLine = "", ulong seed = 0, KernelGeneration? kernel = null) =>
        LinuxMachine.Boot(kernel ?? Kernels.Linux_5_13, cpu ?? Cpus.Skylake, KernelOptions.Parse(commandLine), seed);

    public static LinuxMachine Load(
        Action<Assembler> program, int bitness = 64, CpuModel? cpu = null, string commandLine = "", string input = "", KernelGeneration? kernel = null)
    {
        LinuxMachine machine = Boot(cpu, commandLine, kernel: kernel);
        machine.Load(UserProgram.Assemble(program, bitness), System.Text.Encoding.UTF8.GetBytes(input));
        return machine;
    }

    /// <summary>Runs a program to its exit.</summary>
    public static LinuxMachine Run(Action<Assembler> program, int bitness = 64, CpuModel? cpu = null, string commandLine = "", string input = "")
    {
        LinuxMachine machine = Load(program, bitness, cpu, commandLine, input);
        RunResult result = machine.Run(RunLimits.Instructions(Limit));
        Assert.True(machine.IsOver, result.Message);
        return machine;
    }

    /// <summary>Runs until the instruction at one of some kernel symbols is next.</summary>
    public static void RunTo(LinuxMachine machine, params string[] symbols)
    {
        var stop = new StopAt([.. symbols.Select(machine.AddressOf)]);
        RunResult result = machine.Run(RunLimits.Instructions(Limit), ref stop);
        Assert.True(result.Reason == StopReason.Trace, result.Message);
    }

    /// <summary>Runs until a user-mode address is next.</summary>
    public static void RunTo(LinuxMachine machine, ulong address)
    {
        var stop = new StopAt([address]);
        RunResult result = machine.Run(RunLimits.Instructions(Limit), ref stop);
        Assert.True(result.Reason == StopReason.Trace, result.Message);
    }

    /// <summary>Mnemonics of the instructions executed in ring 0 from now to the end.</summary>
    public static List<Mnemonic> RunCollecting(LinuxMachine machine)
    {
        var seen = new List<Mnemonic>();
        var collect = new Collector(seen);
        machine.Run(RunLimits.Instructions(Limit), ref collect);
        return seen;
    }

    /// <summary>Writes kernel memory as a debugger would.</summary>
    public static void Poke(LinuxMachine machine, ulong address, ulong value)
    {
        Assert.True(machine.Processor.TryTranslate(address, out ulong physical));
        machine.Processor.Bus.Ram.WriteUInt64(physical, value);
    }

    public static ulong Peek(LinuxMachine machine, ulong address)
    {
        byte[] bytes = new byte[8];
        machine.ReadKernel(address, bytes);
        return BitConverter.ToUInt64(bytes);
    }

    /// <summary>Makes a system call of a 64-bit program.</summary>
    public static void Call(Assembler a, int number, params ulong[] arguments)
    {
        AssemblerRegister64[] registers =
        [
            AssemblerRegisters.rdi, AssemblerRegisters.rsi, AssemblerRegisters.rdx, AssemblerRegisters.r10, AssemblerRegisters.r8, AssemblerRegisters.r9,
        ];
        for (int i = 0; i < arguments.Length; i++)
            a.mov(registers[i], arguments[i]);
        a.mov(AssemblerRegisters.eax, number);
        a.syscall();
    }

    /// <summary>A run that is cut at random moments ends alike in a fork, in the machine itself, and once more after it was set back.</summary>
    /// <returns>How it ends.</returns>
    public static string AssertGoesOnAlike(Func<LinuxMachine> load, Func<LinuxMachine, string> runToEnd, int seed, int moments)
    {
        LinuxMachine whole = load();
        string end = runToEnd(whole);
        long length = whole.Processor.InstructionCount;
        var random = new Random(seed);
        for (int i = 0; i < moments; i++)
        {
            LinuxMachine machine = load();
            machine.Run(RunLimits.Instructions(random.NextInt64(1, length)));
            LinuxSnapshot snapshot = machine.Capture();
            LinuxMachine fork = machine.Fork();
            Assert.Equal(end, runToEnd(fork));
            Assert.Equal(end, runToEnd(machine));
            machine.Restore(snapshot);
            Assert.Equal(end, runToEnd(machine));
        }

        return end;
    }

    /// <summary>Ends a 64-bit program with the low byte of a register as status.</summary>
    public static void Exit64(this Assembler a, AssemblerRegister32 status)
    {
        a.mov(AssemblerRegisters.edi, status);
        a.mov(AssemblerRegisters.eax, 231);
        a.syscall();
    }

    private readonly struct StopAt(ulong[] addresses) : IInstructionTrace
    {
        public bool Before(Processor processor, in Instruction instruction) => !addresses.Contains(processor.Registers.Rip);

        public void After(Processor processor, in InstructionStep step)
        {
        }
    }

    private readonly struct Collector(List<Mnemonic> seen) : IInstructionTrace
    {
        public bool Before(Processor processor, in Instruction instruction)
        {
            if (processor.CurrentPrivilegeLevel == 0)
                seen.Add(instruction.Mnemonic);
            return true;
        }

        public void After(Processor processor, in InstructionStep step)
        {
        }
    }
}
