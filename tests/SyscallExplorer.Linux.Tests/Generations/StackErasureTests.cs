using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>STACKLEAK: what a call leaves on the task's stack when the program runs again.</summary>
public sealed class StackErasureTests
{
    private const string On = "sysx.stackleak=on";
    private const ulong Poison = unchecked((ulong)StackErasure.Poison), Secret = 0x5EC2_E75E_C2E7_5EC2;
    private const ulong Bottom = KernelLayout.ThreadStackTop - KernelLayout.ThreadStackSize, Frame = KernelLayout.ThreadStackTop - PtRegsOffsets.Size;

    public static TheoryData<string, string, string, Way> Rows()
    {
        var rows = new TheoryData<string, string, string, Way>();
        foreach (KernelGeneration kernel in Kernels.All.Where(kernel => kernel.Traits.Version >= new Version(4, 20)))
        {
            foreach (CpuModel cpu in (CpuModel[])[Cpus.Skylake, Cpus.Core2, Cpus.Zen2, Cpus.Zen4])
            {
                foreach (string options in (string[])["pti=on", "pti=off"])
                {
                    foreach (Way way in Enum.GetValues<Way>().Where(way => way.IsOf(cpu)))
                        rows.Add(kernel.Name, cpu.Name, options, way);
                }
            }
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Nothing_below_the_frame_survives_a_call(string kernel, string cpu, string options, Way way)
    {
        CallInFlight call = CallInFlight.Of(kernel, Cpus.Find(cpu), way, $"{options} {On}");
        ulong inUse = call.Machine.Processor.Registers[Gpr.Rsp];
        for (ulong address = inUse - 0x400; address < inUse; address += 8)
            Guest.Poke(call.Machine, address, Secret);
        RingExit exit = RingExits.Next(call.Machine);
        Assert.Equal((ulong)TaskIdentity.Pid, exit.Rax);
        ulong[] stack = Stack(call.Machine);
        Assert.DoesNotContain(Secret, stack);
        int firstKept = Array.FindIndex(stack, 1, word => word != Poison);
        Assert.True(firstKept < 0 || Bottom + (ulong)firstKept * 8 >= Frame - 8 * 8, $"{Bottom + (ulong)firstKept * 8:x} holds {stack[Math.Max(0, firstKept)]:x}.");
        Assert.NotEqual(Poison, stack[0]);
    }

    /// <summary>From Linux 5.19 on the frame is left to the next entry, which overwrites it anyway.</summary>
    [Theory]
    [InlineData("4.20", true)]
    [InlineData("5.13", true)]
    [InlineData("6.1", false)]
    [InlineData("6.8", false)]
    [InlineData("6.12", false)]
    public void The_frame_itself_is_erased_where_its_generation_does_so(string kernel, bool erased)
    {
        CallInFlight call = CallInFlight.Of(kernel, Cpus.Skylake, Way.Syscall, On);
        RingExits.Next(call.Machine);
        ulong[] stack = Stack(call.Machine);
        foreach (int offset in (int[])[PtRegsOffsets.Ip, PtRegsOffsets.Ss])
            Assert.Equal(erased, stack[(int)(call.Frame + (ulong)offset - Bottom) / 8] == Poison);
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void The_program_gets_all_its_registers_back(string kernel, string cpu, string options, Way way)
    {
        PtRegs with = End(kernel, cpu, $"{options} {On}", way), without = End(kernel, cpu, options, way);
        Assert.Equal(without.Words, with.Words);
    }

    /// <summary>The second call searches for the poison from where the first one left off, and so has much less to do.</summary>
    [Fact]
    public void Only_what_was_used_since_the_last_time_is_overwritten()
    {
        LinuxMachine machine = Guest.Load(a =>
        {
            for (int i = 0; i < 3; i++)
                Guest.Call(a, 39);
            a.hlt();
        }, commandLine: On, kernel: Kernels.Linux_6_1);
        List<int> writes = [];
        for (int i = 0; i < 4; i++)
        {
            Guest.RunTo(machine, StackErasure.Symbol);
            writes.Add(PoisonWrites(machine));
        }

        Assert.True(writes[0] > 1900, $"{writes[0]} words at first.");
        Assert.All(writes.Skip(1), count => Assert.InRange(count, 1, 64));
    }

    [Fact]
    public void Its_cycles_are_a_mitigations_own()
    {
        LinuxMachine machine = Guest.Boot(commandLine: On, kernel: Kernels.Linux_6_8);
        Assert.Equal("STACKLEAK", machine.CodeAt(machine.AddressOf(StackErasure.Symbol)).Phase?.Mitigation);
    }

    [Theory]
    [InlineData("")]
    [InlineData("sysx.stackleak=off")]
    public void Without_the_option_the_stack_is_left_as_it_is(string options)
    {
        CallInFlight call = CallInFlight.Of("6.8", Cpus.Skylake, Way.Syscall, options);
        Guest.Poke(call.Machine, call.Frame - 0x200, Secret);
        RingExits.Next(call.Machine);
        Assert.Contains(Secret, Stack(call.Machine));
    }

    [Fact]
    public void Linux_4_19_has_no_such_option()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => Guest.Boot(commandLine: On, kernel: Kernels.Linux_4_19));
        Assert.Contains("it came with Linux 4.20", error.Message, StringComparison.Ordinal);
    }

    private static PtRegs End(string kernel, string cpu, string options, Way way)
    {
        KernelGeneration generation = Kernels.Find(kernel);
        LinuxMachine machine = Guest.Load(a =>
        {
            way.Enter(a, generation, way.GetpidNumber());
            a.hlt();
        }, way.Bitness(), Cpus.Find(cpu), options, kernel: generation);
        RingExits.Run(machine);
        return machine.Fatal!.Registers;
    }

    private static ulong[] Stack(LinuxMachine machine)
    {
        byte[] bytes = new byte[KernelLayout.ThreadStackSize];
        machine.Processor.Bus.Ram.Read(KernelLayout.ThreadStackPhysical, bytes);
        return [.. Enumerable.Range(0, bytes.Length / 8).Select(word => BitConverter.ToUInt64(bytes, word * 8))];
    }

    /// <summary>Runs from the beginning of the erasure to its end.</summary>
    private static int PoisonWrites(LinuxMachine machine)
    {
        var count = new Counter();
        ulong top = machine.Processor.Registers[Gpr.Rsp];
        var trace = new WriteTrace(count, top);
        machine.Run(RunLimits.Instructions(100_000), ref trace);
        return count.Value;
    }

    private sealed class Counter
    {
        public int Value { get; set; }
    }

    private readonly struct WriteTrace(Counter count, ulong top) : IInstructionTrace
    {
        public bool Before(Processor processor, in Instruction instruction)
        {
            if (instruction.Mnemonic == Mnemonic.Mov && instruction.Op0Kind == OpKind.Memory && instruction.MemoryBase == Register.RAX)
                count.Value++;
            return processor.Registers[Gpr.Rsp] <= top;
        }

        public void After(Processor processor, in InstructionStep step)
        {
        }
    }
}
