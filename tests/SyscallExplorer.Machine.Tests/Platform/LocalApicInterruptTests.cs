using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 3A, 10.5.3, 10.6 and 10.8: how interrupts come into the local APIC, wait, are served and end.</summary>
public class LocalApicInterruptTests
{
    private const uint ToSelf = 1 << 18;
    private const uint ToAll = 2 << 18;
    private const uint ToOthers = 3 << 18;
    private const uint Logical = 1 << 11;
    private const byte External = 0x40;
    private readonly ApicBench _bench = new();

    [Fact]
    public void An_interrupt_to_itself_is_taken_behind_the_instruction_that_sends_it()
    {
        TakenException? taken = _bench.Interrupted(a =>
        {
            ApicBench.Store(a, ApicRegister.InterruptCommand, ToSelf | 0x71);
            a.inc(r15);
        });
        Assert.Equal(((Vector)0x71, (uint?)null), (taken?.Vector, taken?.ErrorCode));
        Assert.Equal(BenchLayout.KernelCode + 20, taken?.Rip);
        Assert.Equal([0x71], _bench.Vectors(ApicRegister.InService));
        Assert.Empty(_bench.Vectors(ApicRegister.Request));
    }

    [Theory]
    [InlineData(16), InlineData(17), InlineData(30)]
    public void A_vector_of_an_exception_has_no_error_code_when_an_interrupt_brings_it(byte vector)
    {
        _bench.Apic.Request(vector);
        TakenException? taken = _bench.Interrupted(a => a.nop());
        Assert.Equal(((Vector)vector, (uint?)null, BenchLayout.KernelCode), (taken?.Vector, taken?.ErrorCode, taken?.Rip));
    }

    [Theory]
    [InlineData(0u, ToSelf, true), InlineData(0u, ToAll, true), InlineData(0u, ToOthers, false)]
    [InlineData(0u, 0u, true), InlineData(0x0100_0000u, 0u, false), InlineData(0xFF00_0000u, 0u, true), InlineData(0u, 0x100u, true)]
    [InlineData(0x0400_0000u, Logical, true), InlineData(0x0300_0000u, Logical, false), InlineData(0x0600_0000u, Logical, true)]
    public void An_interrupt_reaches_the_destinations_that_this_processor_is(uint high, uint command, bool reaches)
    {
        _bench.Write(ApicRegister.LogicalDestination, 0x0400_0000);
        _bench.Write(ApicRegister.InterruptCommandHigh, high);
        _bench.Write(ApicRegister.InterruptCommand, command | 0x71);
        Assert.Equal(reaches ? [0x71] : [], _bench.Vectors(ApicRegister.Request));
    }

    [Theory]
    [InlineData(0x2100_0000u, true), InlineData(0x2300_0000u, true), InlineData(0xFF00_0000u, true)]
    [InlineData(0x2200_0000u, false), InlineData(0x3100_0000u, false)]
    public void A_cluster_is_named_by_the_upper_half_of_a_logical_destination(uint high, bool reaches)
    {
        _bench.Write(ApicRegister.LogicalDestination, 0x2100_0000);
        _bench.Write(ApicRegister.DestinationFormat, 0);
        _bench.Write(ApicRegister.InterruptCommandHigh, high);
        _bench.Write(ApicRegister.InterruptCommand, Logical | 0x71);
        Assert.Equal(reaches ? [0x71] : [], _bench.Vectors(ApicRegister.Request));
    }

    [Theory]
    [InlineData(0ul, true), InlineData(1ul << 32, false), InlineData(0xFFFF_FFFFul << 32, true), InlineData(ToSelf, true)]
    [InlineData(1ul << 32 | Logical, true), InlineData(2ul << 32 | Logical, false), InlineData(1ul << 48 | Logical, false)]
    public void In_x2APIC_mode_a_destination_has_32_bits(ulong command, bool reaches)
    {
        _bench.EnterX2Apic();
        Assert.Null(_bench.WriteMsr(0x830, command | 0x71));
        Assert.Equal(reaches ? [0x71] : [], _bench.Vectors(ApicRegister.Request));
    }

    [Fact]
    public void The_register_of_x2APIC_mode_for_interrupts_to_itself_takes_a_vector()
    {
        _bench.EnterX2Apic();
        TakenException? taken = _bench.Interrupted(a => ApicBench.WriteMsr(a, Msr.X2Apic(ApicRegister.SelfIpi), 0x71));
        Assert.Equal((Vector)0x71, taken?.Vector);
    }

    [Fact]
    public void The_highest_vector_comes_first_and_the_end_of_it_lets_the_next_one_in()
    {
        foreach (byte vector in (byte[])[0x41, 0x62, 0x61, 0x45])
            _bench.Apic.Request(vector);
        List<int> order = [];
        for (int i = 0; i < 4; i++)
        {
            order.Add((int?)_bench.Interrupted(a => a.nop())?.Vector ?? -1);
            Assert.Null(_bench.Interrupted(a => a.nop()));
            _bench.Write(ApicRegister.EndOfInterrupt, 0);
        }

        Assert.Equal([0x62, 0x61, 0x45, 0x41], order);
        Assert.Null(_bench.Interrupted(a => a.nop()));
    }

    [Fact]
    public void A_higher_class_interrupts_the_service_of_a_lower_one_and_the_end_is_that_of_the_higher()
    {
        _bench.Apic.Request(0x4F);
        _bench.Interrupted(a => a.nop());
        _bench.Apic.Request(0x51);
        Assert.Equal((Vector)0x51, _bench.Interrupted(a => a.nop())?.Vector);
        Assert.Equal([0x4F, 0x51], _bench.Vectors(ApicRegister.InService));
        Assert.Equal(0x50u, _bench.Read(ApicRegister.ProcessorPriority));
        _bench.Write(ApicRegister.EndOfInterrupt, 0);
        Assert.Equal([0x4F], _bench.Vectors(ApicRegister.InService));
        _bench.Write(ApicRegister.EndOfInterrupt, 0);
        _bench.Write(ApicRegister.EndOfInterrupt, 0);
        Assert.Empty(_bench.Vectors(ApicRegister.InService));
    }

    [Fact]
    public void The_priority_of_the_task_holds_its_class_and_those_below_back()
    {
        _bench.Write(ApicRegister.TaskPriority, 0x50);
        _bench.Apic.Request(0x5F);
        Assert.Equal((null, long.MaxValue), (_bench.Interrupted(a => a.nop()), _bench.Apic.NextClock));
        TakenException? taken = _bench.Interrupted(a =>
        {
            ApicBench.Store(a, ApicRegister.TaskPriority, 0x4F);
            a.nop();
        });
        Assert.Equal(((Vector)0x5F, BenchLayout.KernelCode + 20), (taken?.Vector, taken?.Rip));
    }

    [Fact]
    public void CR8_is_the_upper_half_of_the_priority_of_the_task()
    {
        _bench.Write(ApicRegister.TaskPriority, 0x5A);
        _bench.Bench[Gpr.R15] = 7;
        _bench.Bench.Run64(a => { a.mov(r14, cr8); a.mov(cr8, r15); });
        Assert.Equal((5ul, 0x70u), (_bench.Bench[Gpr.R14], _bench.Read(ApicRegister.TaskPriority)));

        _bench.Apic.Request(0x7F);
        TakenException? taken = _bench.Interrupted(a => { a.mov(r15d, 6); a.mov(cr8, r15); a.nop(); });
        Assert.Equal(((Vector)0x7F, BenchLayout.KernelCode + 10), (taken?.Vector, taken?.Rip));
    }

    [Theory]
    [InlineData(0u, 0u, 0u), InlineData(0x45u, 0u, 0x45u), InlineData(0x45u, 0x43u, 0x45u), InlineData(0x35u, 0x43u, 0x40u), InlineData(0x55u, 0x43u, 0x55u)]
    public void The_priority_of_the_processor_is_that_of_the_task_or_of_the_interrupt_in_service(uint task, uint service, uint expected)
    {
        if (service != 0)
        {
            _bench.Apic.Request((byte)service);
            _bench.Interrupted(a => a.nop());
        }

        _bench.Write(ApicRegister.TaskPriority, task);
        Assert.Equal(expected, _bench.Read(ApicRegister.ProcessorPriority));
    }

    [Fact]
    public void An_interrupt_waits_for_IF_and_for_the_end_of_a_shadow()
    {
        _bench.Apic.Request(0x71);
        TakenException? taken = _bench.Bench.Try(BenchMode.Kernel64, a => { a.nop(); a.nop(); a.sti(); a.nop(); a.nop(); }).Exception;
        Assert.Equal(((Vector)0x71, BenchLayout.KernelCode + 4), (taken?.Vector, taken?.Rip));
    }

    [Fact]
    public void An_external_interrupt_comes_first_and_is_not_in_service()
    {
        _bench.Write(ApicRegister.TaskPriority, 0xF0);
        _bench.Apic.Request(0xFE);
        _bench.Cpu.Interrupts.Schedule(External, 0);
        Assert.Equal((Vector)External, _bench.Interrupted(a => a.nop())?.Vector);
        Assert.Empty(_bench.Vectors(ApicRegister.InService));
        _bench.Cpu.Interrupts.Schedule(External, 0);
        _bench.Write(ApicRegister.TaskPriority, 0);
        Assert.Equal((Vector)External, _bench.Interrupted(a => a.nop())?.Vector);
        Assert.Equal((Vector)0xFE, _bench.Interrupted(a => a.nop())?.Vector);
    }

    [Fact]
    public void A_halted_processor_wakes_for_an_interrupt_but_not_for_one_that_its_priority_holds_back()
    {
        _bench.Write(ApicRegister.LocalTimer, ApicBench.Vector);
        _bench.Write(ApicRegister.InitialCount, 1000);
        _bench.Bench.Flags = Rflags.IF;
        _bench.Bench.Place(BenchMode.Kernel64, a => { a.hlt(); a.nop(); });
        TakenException? taken = _bench.Bench.Go().Exception;
        Assert.Equal(((Vector)ApicBench.Vector, BenchLayout.KernelCode + 1), (taken?.Vector, taken?.Rip));

        _bench.Bench.Flags = Rflags.IF;
        _bench.Bench.Rewind();
        _bench.Apic.Request(ApicBench.Vector + 1);
        RunResult result = _bench.Cpu.Run(RunLimits.Instructions(1000));
        Assert.Equal((StopReason.Halted, 1L), (result.Reason, result.Instructions));
    }

    [Fact]
    public void Nothing_is_accepted_while_software_keeps_it_disabled()
    {
        _bench.Write(ApicRegister.SpuriousVector, 0xFF);
        _bench.Apic.Request(0x71);
        _bench.Write(ApicRegister.InterruptCommand, ToSelf | 0x72);
        Assert.Empty(_bench.Vectors(ApicRegister.Request));
    }

    [Fact]
    public void The_trigger_mode_is_noted_when_a_request_is_accepted()
    {
        _bench.Apic.Request(0x71, levelTriggered: true);
        _bench.Apic.Request(0x72);
        Assert.Equal([0x71], _bench.Vectors(ApicRegister.TriggerMode));
        _bench.Apic.Request(0x71);
        Assert.Empty(_bench.Vectors(ApicRegister.TriggerMode));
    }

    [Fact]
    public void An_illegal_vector_is_an_error_and_the_first_error_is_an_interrupt()
    {
        _bench.Write(ApicRegister.LocalError, 0x61);
        _bench.Write(ApicRegister.InterruptCommand, ToSelf | 0x0F);
        _bench.Write(ApicRegister.InterruptCommand, ToSelf | 0x0E);
        Assert.Equal([0x61], _bench.Vectors(ApicRegister.Request));
        Assert.Equal((Vector)0x61, _bench.Interrupted(a => a.nop())?.Vector);
        _bench.Write(ApicRegister.EndOfInterrupt, 0);
        Assert.Null(_bench.Interrupted(a => a.nop()));
        _bench.Write(ApicRegister.ErrorStatus, 0);
        Assert.Equal(ApicBits.SendIllegalVector | ApicBits.ReceiveIllegalVector, _bench.Read(ApicRegister.ErrorStatus));
        _bench.Write(ApicRegister.InterruptCommand, ToOthers | 0x0F);
        Assert.Equal([0x61], _bench.Vectors(ApicRegister.Request));
        _bench.Write(ApicRegister.ErrorStatus, 0);
        Assert.Equal(ApicBits.SendIllegalVector, _bench.Read(ApicRegister.ErrorStatus));
    }

    [Theory]
    [InlineData(4u, "NMI"), InlineData(2u, "SMI"), InlineData(5u, "INIT")]
    public void An_interrupt_to_itself_of_a_kind_that_is_not_emulated_ends_the_run_with_a_sentence(uint delivery, string name)
    {
        _bench.Bench.Place(BenchMode.Kernel64, a => { ApicBench.Store(a, ApicRegister.InterruptCommand, ToSelf | delivery << 8 | 1 << 14); a.inc(r15); });
        _bench.Bench[Gpr.R15] = 0;
        RunResult result = _bench.Cpu.Run(RunLimits.Instructions(100));
        Assert.Equal((StopReason.Unsupported, 0ul), (result.Reason, _bench.Bench[Gpr.R15]));
        Assert.Contains($"an interrupt of the kind {name} at 10:", result.Message);
    }

    [Fact]
    public void The_deassertion_of_INIT_means_nothing()
    {
        _bench.Write(ApicRegister.InterruptCommand, ToAll | 5 << 8 | 1 << 15);
        Assert.Empty(_bench.Vectors(ApicRegister.Request));
    }

    [Fact]
    public void A_copy_goes_on_to_the_same_interrupts()
    {
        _bench.Write(ApicRegister.TaskPriority, 0x50);
        _bench.Apic.Request(0x41);
        _bench.Apic.Request(0x66);
        _bench.Interrupted(a => a.nop());
        _bench.Write(ApicRegister.LocalTimer, ApicBits.Periodic | 0x73);
        _bench.Write(ApicRegister.InitialCount, 50);
        _bench.Bench.Flags = Rflags.IF;
        _bench.Bench.Place(BenchMode.Kernel64, a =>
        {
            Label loop = a.CreateLabel();
            a.Label(ref loop);
            a.imul(rax, rax, 77);
            a.jmp(loop);
        });
        var fork = new Processor(_bench.Cpu.Model, new Bus(_bench.Cpu.Bus.Ram.Fork()));
        ProcessorSnapshot snapshot = _bench.Cpu.Capture();
        fork.Restore(snapshot);
        RunResult original = _bench.Cpu.Run(RunLimits.Instructions(100_000));
        RunResult copied = fork.Run(RunLimits.Instructions(100_000));
        Assert.Equal((StopReason.Halted, original.Clock, original.Instructions), (copied.Reason, copied.Clock, copied.Instructions));
        Assert.Equal(ObservableState.Of(_bench.Cpu), ObservableState.Of(fork));
        Assert.Equal([0x66, 0x73], _bench.Vectors(ApicRegister.InService));

        _bench.Cpu.Restore(snapshot);
        Assert.Equal([0x66], _bench.Vectors(ApicRegister.InService));
        Assert.Equal(original.Clock, _bench.Cpu.Run(RunLimits.Instructions(100_000)).Clock);
    }
}
