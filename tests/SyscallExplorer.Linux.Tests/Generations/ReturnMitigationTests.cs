using Iced.Intel;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux.Tests;

/// <summary>What keeps user mode from steering the kernel's returns on AMD, by <c>retbleed=</c> and <c>spec_rstack_overflow=</c>.</summary>
public sealed class ReturnMitigationTests
{
    private const string Untrained = "zen_untrain_ret", Safe = "srso_untrain_ret", Aliased = "srso_alias_untrain_ret", Barrier = "entry_ibpb";

    [Theory]
    [InlineData("6.1", "Zen2", "", Untrained, "__x86_return_thunk")]
    [InlineData("6.1", "Zen2", "retbleed=ibpb", Barrier, null)]
    [InlineData("6.1", "Zen2", "retbleed=off", null, null)]
    [InlineData("6.1", "Zen4", "", null, null)]
    [InlineData("6.8", "Zen2", "", Safe, "srso_return_thunk")]
    [InlineData("6.12", "Zen2", "", Safe, "srso_return_thunk")]
    [InlineData("6.8", "Zen4", "", Aliased, "srso_alias_return_thunk")]
    [InlineData("6.12", "Zen4", "spec_rstack_overflow=safe-ret", Aliased, "srso_alias_return_thunk")]
    [InlineData("6.12", "Zen4", "spec_rstack_overflow=off", null, null)]
    [InlineData("6.12", "Zen4", "spec_rstack_overflow=microcode", null, null)]
    [InlineData("6.12", "Zen4", "spec_rstack_overflow=ibpb-vmexit", null, null)]
    [InlineData("6.8", "Zen4", "spec_rstack_overflow=ibpb", Barrier, null)]
    [InlineData("6.8", "Zen2", "spec_rstack_overflow=ibpb", Barrier, "__x86_return_thunk")]
    [InlineData("6.8", "Zen2", "spec_rstack_overflow=off", Untrained, "__x86_return_thunk")]
    [InlineData("6.8", "Zen2", "spec_rstack_overflow=off retbleed=off", null, null)]
    [InlineData("6.8", "Zen2", "retbleed=off", Safe, "srso_return_thunk")]
    [InlineData("6.8", "Zen2", "retbleed=ibpb", Barrier, null)]
    [InlineData("6.8", "Zen2", "mitigations=off", null, null)]
    [InlineData("6.8", "K8", "", null, null)]
    [InlineData("6.8", "Haswell", "", null, null)]
    public void Each_entry_untrains_and_each_return_jumps_as_the_options_say(string kernel, string cpu, string options, string? untrain, string? thunk)
    {
        LinuxMachine machine = CallInFlight.Of(kernel, Cpus.Find(cpu), Way.Syscall, options).Machine;
        Dictionary<string, int> visits = Visits(machine.Fork(), untilUserMode: true);
        string[] all = [Untrained, Safe, Aliased, Barrier];
        foreach (string routine in all.Where(machine.HasSymbol))
            Assert.Equal(0, visits.GetValueOrDefault(routine));
        string[] thunks = ["__x86_return_thunk", "srso_return_thunk", "srso_alias_return_thunk"];
        foreach (string symbol in thunks.Where(machine.HasSymbol))
            Assert.Equal(symbol == thunk, visits.GetValueOrDefault(symbol) > 0);

        visits = Visits(Guest.Load(a => a.syscall(), cpu: Cpus.Find(cpu), commandLine: options, kernel: Kernels.Find(kernel)));
        foreach (string routine in all.Where(machine.HasSymbol))
            Assert.True((routine == untrain) == visits.GetValueOrDefault(routine) > 0, routine);
    }

    /// <summary>Whatever returns go by, calls by each way in end as they should; a wrong stack pointer would show at once.</summary>
    [Theory]
    [InlineData("6.8", "Zen2", "")]
    [InlineData("6.12", "Zen2", "spec_rstack_overflow=ibpb")]
    [InlineData("6.8", "Zen4", "pti=on")]
    [InlineData("6.12", "Zen4", "")]
    [InlineData("6.1", "Zen2", "retbleed=ibpb")]
    public void Getpid_answers_by_every_way(string kernel, string cpu, string options)
    {
        foreach (Way way in Enum.GetValues<Way>().Where(way => way.IsOf(Cpus.Find(cpu))))
        {
            RingExit exit = RingExits.Next(CallInFlight.Of(kernel, Cpus.Find(cpu), way, options).Machine);
            Assert.Equal((ulong)TaskIdentity.Pid, exit.Rax);
        }
    }

    /// <summary>The instruction that the entry runs hides the return that all others take.</summary>
    [Fact]
    public void The_safe_return_lies_within_another_instruction()
    {
        LinuxMachine machine = Guest.Boot(Cpus.Zen2, kernel: Kernels.Linux_6_8);
        ulong untrain = machine.AddressOf(Safe), inside = machine.AddressOf("srso_safe_ret");
        byte[] bytes = new byte[32];
        machine.ReadKernel(untrain, bytes);
        var decoder = Decoder.Create(64, bytes, untrain);
        Instruction outer = decoder.Decode();
        Assert.Equal(Mnemonic.Mov, outer.Mnemonic);
        Assert.InRange(inside, untrain + 1, outer.NextIP - 1);
        Assert.Equal([Mnemonic.Lfence, Mnemonic.Call, Mnemonic.Ud2], new[] { decoder.Decode().Mnemonic, decoder.Decode().Mnemonic, decoder.Decode().Mnemonic });
        decoder = Decoder.Create(64, bytes[(int)(inside - untrain)..], inside);
        Assert.Equal([Mnemonic.Lea, Mnemonic.Ret], new[] { decoder.Decode().Mnemonic, decoder.Decode().Mnemonic });
    }

    [Theory]
    [InlineData("5.13", "mds=off", false)]
    [InlineData("6.1", "mds=off", true)]
    [InlineData("6.1", "mmio_stale_data=off", true)]
    [InlineData("6.8", "mds=off mmio_stale_data=off", false)]
    [InlineData("6.8", "mds=full,nosmt", true)]
    public void Buffers_are_cleared_as_long_as_one_weakness_asks_for_it(string kernel, string options, bool expected)
    {
        LinuxMachine machine = CallInFlight.Of(kernel, Cpus.Skylake, Way.Syscall, options).Machine;
        Assert.Equal(expected, Guest.RunCollecting(machine).Contains(Mnemonic.Verw));
    }

    [Theory]
    [InlineData("Core2")]
    [InlineData("Zen4")]
    public void Ibrs_that_a_processor_lacks_is_as_if_nothing_had_been_asked_for(string cpu)
    {
        LinuxMachine machine = CallInFlight.Of("6.8", Cpus.Find(cpu), Way.Syscall, "spectre_v2=ibrs").Machine;
        Assert.DoesNotContain(KernelFeature.KernelIbrs, machine.Features);
        Assert.Equal((ulong)TaskIdentity.Pid, RingExits.Next(machine).Rax);
    }

    /// <summary>How often each symbol's first instruction is run, until the call is over or until the program is.</summary>
    private static Dictionary<string, int> Visits(LinuxMachine machine, bool untilUserMode = false)
    {
        var visits = new Dictionary<string, int>();
        var trace = new SymbolTrace(machine, visits, untilUserMode);
        machine.Run(RunLimits.Instructions(5000), ref trace);
        return visits;
    }

    private readonly struct SymbolTrace(LinuxMachine machine, Dictionary<string, int> visits, bool untilUserMode) : IInstructionTrace
    {
        public bool Before(Processor processor, in Instruction instruction)
        {
            if (machine.SymbolAt(processor.Registers.Rip) is (string name, 0))
                visits[name] = visits.GetValueOrDefault(name) + 1;
            return !untilUserMode || processor.CurrentPrivilegeLevel == 0;
        }

        public void After(Processor processor, in InstructionStep step)
        {
        }
    }
}
