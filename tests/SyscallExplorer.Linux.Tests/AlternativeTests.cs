using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>The bytes that boot patches, as guest memory shows them.</summary>
public sealed class AlternativeTests
{
    [Theory]
    [MemberData(nameof(SystemCallPathTests.Machines), MemberType = typeof(SystemCallPathTests))]
    public void Code_in_memory_is_the_image_with_the_alternatives_of_the_features(string cpu, string options)
    {
        LinuxMachine machine = Guest.Boot(Cpus.Find(cpu), options);
        foreach (AssembledSection section in machine.Kernel.Image.Sections)
        {
            byte[] expected = (byte[])section.Bytes.Clone();
            foreach (CodeAlternative alternative in section.Alternatives)
            {
                Assert.Equal(alternative.Original.Length, alternative.Replacement.Length);
                int offset = (int)(alternative.Address - section.Section.Base);
                Assert.Equal(alternative.Original, section.Bytes.AsSpan(offset, alternative.Original.Length).ToArray());
                if (machine.Features.Contains(alternative.Feature))
                    alternative.Replacement.CopyTo(expected, offset);
            }

            byte[] actual = new byte[expected.Length];
            machine.Processor.Bus.Ram.Read(section.Section.Physical, actual);
            Assert.Equal(expected, actual);
        }
    }

    [Fact]
    public void Without_smap_stac_and_clac_stay_nops()
    {
        Assert.DoesNotContain(Executed(Cpus.Haswell, ""), IsAccessControl);
        Assert.DoesNotContain(Executed(Cpus.Skylake, "nosmap"), IsAccessControl);
        Assert.Contains(Executed(Cpus.Skylake, ""), IsAccessControl);
    }

    [Theory]
    [InlineData("Skylake", "", true)]
    [InlineData("Skylake", "mitigations=off", false)]
    [InlineData("Zen2", "", false)]
    public void Verw_runs_only_on_a_vulnerable_processor(string cpu, string options, bool expected) =>
        Assert.Equal(expected, Executed(Cpus.Find(cpu), options).Contains(Mnemonic.Verw));

    [Fact]
    public void The_thunk_of_the_table_call_is_the_vendors()
    {
        Assert.Equal([Mnemonic.Nop, Mnemonic.Nop, Mnemonic.Call], Thunk(Cpus.Skylake, "").Where(code => code != Mnemonic.INVALID).Take(3));
        Assert.Equal([Mnemonic.Lfence, Mnemonic.Jmp], Thunk(Cpus.Zen2, "").Take(2));
        Assert.Equal([Mnemonic.Nop, Mnemonic.Jmp], Thunk(Cpus.Skylake, "mitigations=off").Take(2));
    }

    [Fact]
    public void A_mitigated_call_writes_cr3_twice_and_an_unmitigated_one_never()
    {
        Assert.Equal(4, CountCr3Writes("pti=on"));
        Assert.Equal(0, CountCr3Writes("mitigations=off"));
    }

    private static bool IsAccessControl(Mnemonic mnemonic) => mnemonic is Mnemonic.Stac or Mnemonic.Clac;

    private static int CountCr3Writes(string options)
    {
        LinuxMachine machine = Guest.Load(a =>
        {
            for (int i = 0; i < 2; i++)
            {
                a.mov(eax, 39);
                a.syscall();
            }

            a.ud2();
        }, commandLine: options);
        Guest.RunTo(machine, "entry_SYSCALL_64");
        var count = new Cr3Writes();
        var trace = new CountCr3(count, machine.AddressOf("asm_exc_invalid_op"));
        machine.Run(RunLimits.Instructions(5000), ref trace);
        return count.Value;
    }

    private static List<Mnemonic> Executed(CpuModel cpu, string options)
    {
        LinuxMachine machine = Guest.Load(a =>
        {
            a.mov(eax, 228);
            a.xor(edi, edi);
            a.mov(rsi, UserSpace.Data64);
            a.syscall();
            a.Exit64(eax);
        }, cpu: cpu, commandLine: options);
        Guest.RunTo(machine, UserSpace.Code64);
        return Guest.RunCollecting(machine);
    }

    private static List<Mnemonic> Thunk(CpuModel cpu, string options)
    {
        LinuxMachine machine = Guest.Boot(cpu, options);
        ulong address = machine.AddressOf("__x86_indirect_thunk_rax");
        byte[] bytes = new byte[16];
        machine.ReadKernel(address, bytes);
        var decoder = Decoder.Create(64, bytes);
        var seen = new List<Mnemonic>();
        while (decoder.IP < 12)
            seen.Add(decoder.Decode().Mnemonic);
        return seen;
    }

    private sealed class Cr3Writes
    {
        public int Value { get; set; }
    }

    private readonly struct CountCr3(Cr3Writes count, ulong end) : IInstructionTrace
    {
        public bool Before(Processor processor, in Instruction instruction)
        {
            if (instruction.Mnemonic == Mnemonic.Mov && instruction.Op0Register == Register.CR3)
                count.Value++;
            return processor.Registers.Rip != end;
        }

        public void After(Processor processor, in InstructionStep step)
        {
        }
    }
}
