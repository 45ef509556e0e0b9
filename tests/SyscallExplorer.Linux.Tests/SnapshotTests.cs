using System.Text;
using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Going back, going on, and going apart.</summary>
public sealed class SnapshotTests
{
    private const ulong D = UserSpace.Data64;

    public static TheoryData<string, string> Machines() => new()
    {
        { "Skylake", "" },
        { "Haswell", "randomize_kstack_offset=on" },
        { "Zen2", "mitigations=off" },
    };

    [Theory]
    [MemberData(nameof(Machines))]
    public void A_restored_machine_goes_on_as_the_first_time(string cpu, string options)
    {
        LinuxMachine machine = Load(cpu, options);
        long length = Length(cpu, options);
        var random = new Random(1);
        for (int i = 0; i < 8; i++)
        {
            LinuxMachine other = Load(cpu, options);
            other.Run(RunLimits.Instructions(random.NextInt64(1, length)));
            string before = Describe(other);
            LinuxSnapshot snapshot = other.Capture();
            string end = RunToEnd(other);
            for (int again = 0; again < 2; again++)
            {
                other.Restore(snapshot);
                Assert.Equal(before, Describe(other));
                Assert.Equal(end, RunToEnd(other));
            }

            // Into another machine of the same kind.
            LinuxMachine fork = machine.Fork();
            fork.Restore(snapshot);
            Assert.Equal(end, RunToEnd(fork));
        }
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void A_capture_changes_nothing(string cpu, string options)
    {
        LinuxMachine undisturbed = Load(cpu, options);
        LinuxMachine captured = Load(cpu, options);
        captured.Run(RunLimits.Instructions(777));
        captured.Capture();
        captured.Run(RunLimits.Instructions(1));
        captured.Capture();
        Assert.Equal(RunToEnd(undisturbed), RunToEnd(captured));
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void A_fork_and_its_parent_do_not_disturb_each_other(string cpu, string options)
    {
        long length = Length(cpu, options);
        string end = RunToEnd(Load(cpu, options));
        var random = new Random(2);
        for (int i = 0; i < 6; i++)
        {
            LinuxMachine parent = Load(cpu, options);
            parent.Run(RunLimits.Instructions(random.NextInt64(1, length)));
            string before = Describe(parent);
            LinuxMachine fork = parent.Fork();
            Assert.Equal(before, Describe(fork));
            Assert.Equal(end, RunToEnd(fork));
            Assert.Equal(before, Describe(parent));
            Assert.Equal(end, RunToEnd(parent));
        }
    }

    [Fact]
    public void A_run_in_pieces_is_the_run_in_one()
    {
        string end = RunToEnd(Load("Skylake", ""));
        LinuxMachine machine = Load("Skylake", "");
        var random = new Random(3);
        while (!machine.IsOver)
            machine.Run(RunLimits.Instructions(random.Next(1, 50)));
        Assert.Equal(end, Describe(machine));
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Two_boots_with_one_seed_are_equal_after_the_run(string cpu, string options) =>
        Assert.Equal(RunToEnd(Load(cpu, options, seed: 5)), RunToEnd(Load(cpu, options, seed: 5)));

    [Fact]
    public void Another_seed_differs_only_where_randomness_is_used()
    {
        Assert.Equal(RunToEnd(Load("Skylake", "", seed: 5)), RunToEnd(Load("Skylake", "", seed: 6)));
        Assert.NotEqual(Depth(5), Depth(6));
        Assert.Equal(Depth(5), Depth(5));

        static ulong Depth(ulong seed)
        {
            LinuxMachine machine = Load("Skylake", "randomize_kstack_offset=on", seed);
            Guest.RunTo(machine, "__x64_sys_read");
            return machine.Processor.Registers[Gpr.Rsp];
        }
    }

    private static LinuxMachine Load(string cpu, string options, ulong seed = 0)
    {
        LinuxMachine machine = Guest.Boot(Cpus.Find(cpu), options, seed);
        machine.Load(UserProgram.Assemble(Write), Encoding.ASCII.GetBytes("some input of a few bytes"));
        Assert.True(machine.Memory.TryWrite(D + 0x800, "/out\0"u8));
        return machine;
    }

    private static long Length(string cpu, string options)
    {
        LinuxMachine machine = Load(cpu, options);
        RunToEnd(machine);
        return machine.Processor.InstructionCount;
    }

    private static string RunToEnd(LinuxMachine machine)
    {
        RunResult result = machine.Run(RunLimits.Instructions(100_000));
        Assert.True(machine.IsOver, result.Message);
        Assert.Null(machine.Fatal);
        return Describe(machine);
    }

    private static string Describe(LinuxMachine machine)
    {
        ProcessorRegisters registers = machine.Processor.Registers;
        var text = new StringBuilder();
        foreach (Gpr register in Enum.GetValues<Gpr>())
            text.Append($"{register}={registers[register]:x} ");
        foreach (SegmentName name in Enum.GetValues<SegmentName>())
            text.Append($"{name}={registers[name]} ");
        text.Append($"rip={registers.Rip:x} flags={registers.Flags:x} cr2={registers.ControlRegister2:x} cr3={registers.ControlRegister3:x} ");
        text.Append($"gs={registers.KernelGsBase:x} clock={machine.Processor.Clock} count={machine.Processor.InstructionCount} ");
        text.Append($"out={Encoding.ASCII.GetString(machine.Output)} exit={machine.ExitStatus} ");
        foreach (string file in machine.FileNames)
            text.Append($"{file}={Convert.ToHexString(machine.ReadFile(file))} ");
        byte[] data = new byte[0x1000];
        Assert.True(machine.Memory.TryRead(D, data));
        return text.Append(Convert.ToHexString(data)).ToString();
    }

    /// <summary>Reads input, writes output and a file, maps memory, reads the clock and changes its own code's page of data, in a loop.</summary>
    private static void Write(Assembler a)
    {
        Label loop = a.CreateLabel();
        a.mov(rdi, D + 0x800);
        a.mov(esi, 0x42);
        a.mov(eax, 2);
        a.syscall();
        a.mov(r12d, eax);
        a.mov(r13d, 6);
        a.Label(ref loop);
        a.xor(edi, edi);
        a.mov(rsi, D);
        a.mov(edx, 4);
        a.xor(eax, eax);
        a.syscall();
        a.mov(edi, 1);
        a.mov(rsi, D);
        a.mov(edx, 4);
        a.mov(eax, 1);
        a.syscall();
        a.mov(edi, r12d);
        a.mov(rsi, D + 0x10);
        a.mov(edx, 16);
        a.mov(eax, 1);
        a.syscall();
        a.mov(edi, 1);
        a.mov(rsi, D + 0x10);
        a.mov(eax, 228);
        a.syscall();
        a.xor(edi, edi);
        a.mov(esi, 0x2000);
        a.mov(edx, 3);
        a.mov(r10d, 0x22);
        a.mov(r8, -1);
        a.xor(r9d, r9d);
        a.mov(eax, 9);
        a.syscall();
        a.mov(__qword_ptr[rax + 0x1000], rax);
        a.add(__qword_ptr[D + 0x40], rax);
        a.dec(r13d);
        a.jne(loop);
        a.Exit64(r12d);
    }
}
