using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>The loop: budgets, interrupts, single-stepping, fetches, reports. None of it shows how code is cut into blocks.</summary>
public class LoopTests
{
    private const byte InterruptVector = 0x40;
    private readonly MachineBench _bench = new();

    [Theory]
    [InlineData(0), InlineData(1), InlineData(5), InlineData(17)]
    public void An_instruction_budget_stops_at_that_instruction(long count)
    {
        _bench.Place(BenchMode.User64, a => Nops(a, 100));
        RunResult result = _bench.Cpu.Run(RunLimits.Instructions(count));
        Assert.Equal((StopReason.InstructionBudget, count, BenchLayout.UserCode + (ulong)count), (result.Reason, result.Instructions, _bench.Cpu.Registers.Rip));
    }

    [Fact]
    public void A_cycle_budget_stops_at_the_first_boundary_at_or_after_it()
    {
        List<long> clocks = BoundaryClocks(Mixture);
        for (long cycles = 1; cycles < clocks[^2] >> 8; cycles += 3)
        {
            var bench = new MachineBench();
            bench.Place(BenchMode.User64, Mixture);
            RunResult result = bench.Cpu.Run(RunLimits.Cycles(cycles));
            Assert.Equal((StopReason.CycleBudget, clocks.First(clock => clock >= cycles << 8)), (result.Reason, result.Clock));
        }
    }

    [Fact]
    public void An_interrupt_is_taken_at_the_first_boundary_at_or_after_its_clock()
    {
        List<long> clocks = BoundaryClocks(Mixture);
        List<ulong> addresses = BoundaryAddresses(Mixture);
        for (int boundary = 0; boundary < clocks.Count - 1; boundary++)
        {
            foreach (long clock in (long[])[clocks[boundary] - 1, clocks[boundary]])
            {
                var bench = new MachineBench();
                bench.Flags = Rflags.IF;
                bench.Place(BenchMode.User64, Mixture);
                bench.Cpu.Interrupts.Schedule(InterruptVector, clock);
                TakenException? taken = bench.Go().Exception;
                Assert.Equal(((Vector)InterruptVector, addresses[boundary]), (taken?.Vector, taken?.Rip));
            }
        }
    }

    [Fact]
    public void An_interrupt_waits_for_IF()
    {
        _bench.Cpu.Interrupts.Schedule(InterruptVector, 0);
        TakenException taken = _bench.Fault(BenchMode.Kernel64, a => { Nops(a, 3); a.push((int)Rflags.IF); a.popfq(); Nops(a, 3); });
        Assert.Equal(((Vector)InterruptVector, BenchLayout.KernelCode + 3 + 5 + 1), (taken.Vector, taken.Rip));
        Assert.Equal(0ul, _bench.Flags & Rflags.IF);
    }

    [Fact]
    public void STI_lets_one_more_instruction_pass()
    {
        _bench.Cpu.Interrupts.Schedule(InterruptVector, 0);
        TakenException taken = _bench.Fault(BenchMode.Kernel64, a => { a.sti(); Nops(a, 3); });
        Assert.Equal(BenchLayout.KernelCode + 2, taken.Rip);
    }

    [Fact]
    public void STI_casts_no_shadow_when_interrupts_were_enabled()
    {
        _bench.Flags = Rflags.IF;
        _bench.Place(BenchMode.Kernel64, a => { a.nop(); a.sti(); Nops(a, 3); });
        _bench.Cpu.Run(RunLimits.Instructions(1));
        _bench.Cpu.Interrupts.Schedule(InterruptVector, _bench.Cpu.Clock + 1);
        Assert.Equal(BenchLayout.KernelCode + 2, _bench.Go().Exception?.Rip);
    }

    [Fact]
    public void STI_and_CLI_in_a_row_let_nothing_through()
    {
        _bench.Cpu.Interrupts.Schedule(InterruptVector, 0);
        _bench.Run64(a => { a.sti(); a.cli(); Nops(a, 3); a.cli(); });
    }

    [Fact]
    public void A_load_of_SS_holds_interrupts_and_single_step_traps_back_for_one_instruction()
    {
        _bench[Gpr.Rcx] = BenchSelectors.KernelData;
        _bench.Flags = Rflags.IF;
        _bench.Place(BenchMode.Kernel64, a => { a.mov(ss, ecx); Nops(a, 3); });
        _bench.Cpu.Interrupts.Schedule(InterruptVector, _bench.Cpu.Clock + 1);
        Assert.Equal(BenchLayout.KernelCode + 3, _bench.Go().Exception?.Rip);

        var stepped = new MachineBench();
        stepped[Gpr.Rcx] = BenchSelectors.KernelData;
        stepped.Flags = Rflags.TF;
        TakenException taken = stepped.Fault(BenchMode.Kernel64, a => { a.mov(ss, ecx); Nops(a, 3); });
        Assert.Equal((Vector.Debug, BenchLayout.KernelCode + 3), (taken.Vector, taken.Rip));
    }

    [Fact]
    public void The_shadow_of_a_load_of_SS_ends_when_the_next_instruction_faults()
    {
        _bench[Gpr.Rcx] = BenchSelectors.KernelData;
        _bench.Flags = Rflags.IF;
        _bench.SetGate((byte)Vector.PageFault, BenchLayout.KernelCode + 0x800, trap: true);
        _bench.WriteBytes(BenchLayout.KernelCode + 0x800, 0x90, 0xF4);
        _bench.Unmap(BenchLayout.KernelData);
        _bench.Place(BenchMode.Kernel64);
        _bench.WriteBytes(BenchLayout.KernelData - 2, 0x8E, 0xD1);
        _bench.Cpu.Registers.Rip = BenchLayout.KernelData - 2;
        _bench.Cpu.Interrupts.Schedule(InterruptVector, _bench.Cpu.Clock + 1);
        TakenException? taken = _bench.Go().Exception;
        Assert.Equal(((Vector)InterruptVector, BenchLayout.KernelCode + 0x800), (taken?.Vector, taken?.Rip));
    }

    [Fact]
    public void HLT_waits_for_an_interrupt_and_goes_on_behind_itself()
    {
        _bench.Flags = Rflags.IF;
        _bench.Place(BenchMode.Kernel64, a => { a.hlt(); a.nop(); });
        _bench.Cpu.Interrupts.Schedule(InterruptVector, 1000 << 8);
        TakenException? taken = _bench.Go().Exception;
        Assert.Equal(((Vector)InterruptVector, BenchLayout.KernelCode + 1), (taken?.Vector, taken?.Rip));
        Assert.True(_bench.Cpu.Clock >= 1000 << 8);
    }

    [Fact]
    public void STI_and_HLT_in_a_row_lose_no_interrupt()
    {
        _bench.Cpu.Interrupts.Schedule(InterruptVector, 0);
        TakenException taken = _bench.Fault(BenchMode.Kernel64, a => { a.sti(); a.hlt(); a.nop(); });
        Assert.Equal(((Vector)InterruptVector, BenchLayout.KernelCode + 2), (taken.Vector, taken.Rip));
    }

    [Fact]
    public void A_halted_processor_uses_up_its_cycles_until_an_interrupt_beyond_them()
    {
        _bench.Flags = Rflags.IF;
        _bench.Place(BenchMode.Kernel64, a => a.hlt());
        _bench.Cpu.Interrupts.Schedule(InterruptVector, 1 << 20);
        RunResult result = _bench.Cpu.Run(RunLimits.Cycles(100));
        Assert.Equal((StopReason.CycleBudget, 100 << 8), (result.Reason, result.Clock));
        result = _bench.Cpu.Run(RunLimits.Instructions(1000));
        Assert.Equal(StopReason.Halted, result.Reason);
        Assert.Equal((Vector)InterruptVector, _bench.Describe(result).Exception?.Vector);
    }

    [Fact]
    public void HLT_with_interrupts_disabled_is_the_end()
    {
        _bench.Place(BenchMode.Kernel64, a => a.hlt());
        _bench.Cpu.Interrupts.Schedule(InterruptVector, 1000);
        RunResult result = _bench.Cpu.Run(RunLimits.Instructions(100));
        Assert.Equal((StopReason.Halted, 1L), (result.Reason, result.Instructions));
    }

    [Fact]
    public void TF_traps_after_every_instruction()
    {
        _bench.SetGate((byte)Vector.Debug, BenchLayout.KernelCode + 0x800);
        _bench.WriteBytes(BenchLayout.KernelCode + 0x800, MachineBench.Assemble(64, BenchLayout.KernelCode + 0x800, a => { a.inc(r15); a.iretq(); }));
        _bench.Flags = Rflags.TF;
        _bench[Gpr.R15] = 0;
        _bench.RunUser64(a => Nops(a, 7));
        Assert.Equal(7ul, _bench[Gpr.R15]);
    }

    [Fact]
    public void A_trap_of_the_instruction_comes_before_a_pending_interrupt()
    {
        _bench.Flags = Rflags.TF | Rflags.IF;
        _bench.Place(BenchMode.User64, a => Nops(a, 3));
        _bench.Cpu.Interrupts.Schedule(InterruptVector, _bench.Cpu.Clock + 1);
        Assert.Equal(Vector.Debug, _bench.Go().Exception?.Vector);
    }

    [Theory]
    [InlineData(14, null), InlineData(15, Vector.GeneralProtection)]
    public void An_instruction_has_at_most_15_bytes(int prefixes, Vector? expected)
    {
        byte[] code = [.. Enumerable.Repeat((byte)0x2E, prefixes), 0x90];
        BenchRun run = _bench.Try(BenchMode.User64, code);
        Assert.Equal(expected, run.Exception?.Vector);
    }

    [Theory]
    [InlineData(12, null), InlineData(13, Vector.GeneralProtection)]
    public void The_limit_of_15_bytes_counts_operands(int prefixes, Vector? expected)
    {
        byte[] code = [.. Enumerable.Repeat((byte)0x2E, prefixes), 0x04, 1];
        Assert.Equal(expected == Vector.GeneralProtection ? null : expected, _bench.Try(BenchMode.User64, code).Exception?.Vector);
        byte[] longer = [.. Enumerable.Repeat((byte)0x2E, prefixes), 0x80, 0xC0, 1];
        Assert.Equal(expected, _bench.Try(BenchMode.User64, longer).Exception?.Vector);
    }

    [Fact]
    public void An_invalid_opcode_at_the_fifteenth_byte_is_an_invalid_opcode()
    {
        byte[] code = [.. Enumerable.Repeat((byte)0x2E, 14), 0x06];
        Assert.Equal(Vector.InvalidOpcode, _bench.Fault(BenchMode.User64, code).Vector);
    }

    [Fact]
    public void An_opcode_that_is_invalid_whatever_follows_needs_no_second_page()
    {
        _bench.Place(BenchMode.User64);
        _bench.WriteBytes(BenchLayout.UserCode + 0xFFF, 0x06);
        _bench.Unmap(BenchLayout.UserCode + 0x1000);
        _bench.Cpu.Registers.Rip = BenchLayout.UserCode + 0xFFF;
        Assert.Equal(Vector.InvalidOpcode, _bench.Go().Exception?.Vector);
    }

    [Theory]
    [InlineData(1), InlineData(5), InlineData(9)]
    public void An_instruction_may_cross_into_a_page_elsewhere(int bytesInFirstPage)
    {
        _bench.Pages.Map(BenchLayout.UserCode + 0x1000, BenchLayout.UserData, 7);
        _bench.FlushTranslations();
        ulong start = BenchLayout.UserCode + 0x1000 - (ulong)bytesInFirstPage;
        byte[] code = [0x48, 0xB8, 1, 2, 3, 4, 5, 6, 7, 8, 0xCD, 0xFF];
        _bench.Place(BenchMode.User64);
        _bench.WriteBytes(start, code.AsSpan(0, bytesInFirstPage));
        _bench.WriteBytes(BenchLayout.UserData, code.AsSpan(bytesInFirstPage));
        _bench.Cpu.Registers.Rip = start;
        Assert.Null(_bench.Go().Exception);
        Assert.Equal(0x0807060504030201ul, _bench[Gpr.Rax]);
    }

    [Theory]
    [InlineData(0ul, 20u), InlineData(7ul | PageTables.NoExecute, 21u), InlineData(3ul, 21u)]
    public void A_fetch_that_fails_in_its_second_page_names_the_start_of_that_page(ulong flags, uint error)
    {
        _bench.Place(BenchMode.User64);
        _bench.WriteBytes(BenchLayout.UserCode + 0xFFE, 0x48, 0xB8);
        _bench.Protect(BenchLayout.UserCode + 0x1000, flags);
        _bench.Cpu.Registers.Rip = BenchLayout.UserCode + 0xFFE;
        TakenException? taken = _bench.Go().Exception;
        Assert.Equal((Vector.PageFault, error, BenchLayout.UserCode + 0xFFE), (taken?.Vector, taken?.ErrorCode, taken?.Rip));
        Assert.Equal(BenchLayout.UserCode + 0x1000, _bench.Cpu.Registers.ControlRegister2);
    }

    [Fact]
    public void Code_that_ends_with_the_canonical_range_faults_behind_it()
    {
        const ulong last = 0x0000_7FFF_FFFF_F000;
        _bench.Pages.Map(last, BenchLayout.UserData, 7);
        _bench.WriteBytes(BenchLayout.UserData + 0xFFF, 0x90);
        _bench.Place(BenchMode.User64);
        _bench.Cpu.Registers.Rip = last + 0xFFF;
        TakenException? taken = _bench.Go().Exception;
        Assert.Equal((Vector.GeneralProtection, 0u, last + 0x1000), (taken?.Vector, taken?.ErrorCode, taken?.Rip));
        _bench.WriteBytes(BenchLayout.UserData + 0xFFF, 0x48);
        _bench.Place(BenchMode.User64);
        _bench.Cpu.Registers.Rip = last + 0xFFF;
        taken = _bench.Go().Exception;
        Assert.Equal((Vector.GeneralProtection, last + 0xFFF), (taken?.Vector, taken?.Rip));
    }

    [Theory]
    [InlineData(2u, 3ul), InlineData(3u, 3ul), InlineData(4u, 5ul)]
    public void Code_runs_no_further_than_the_limit_of_its_segment(uint limit, ulong faultAt)
    {
        // Three one-byte instructions, one of two bytes, and many more.
        _bench.Define(BenchDescriptors.FreeSelector, BenchDescriptors.Make(BenchDescriptors.ReadableCode, dpl: 3, start: BenchLayout.UserCode, limit: limit, pages: false));
        _bench.Place(BenchMode.User32, 0x90, 0x90, 0x90, 0x66, 0x90, 0x90, 0x90, 0x90);
        Segment code = _bench.SegmentOf(BenchDescriptors.FreeSelector);
        _bench.Cpu.Registers[SegmentName.CS] = code with { Selector = BenchDescriptors.FreeSelector | 3 };
        _bench.Cpu.Registers.Rip = 0;
        TakenException? taken = _bench.Go().Exception;
        Assert.Equal((Vector.GeneralProtection, 0u, faultAt), (taken?.Vector, taken?.ErrorCode, taken?.Rip));
    }

    [Fact]
    public void Code_outside_RAM_is_no_code_and_touches_no_device()
    {
        var device = new Tripwire(BenchLayout.RamSize);
        var bench = new MachineBench(null, device);
        bench.Pages.Map(BenchLayout.UserCode + 0x1000, (ulong)BenchLayout.RamSize, 7);
        bench.FlushTranslations();
        bench.Place(BenchMode.User64);
        bench.WriteBytes(BenchLayout.UserCode + 0xFFF, 0x90);
        bench.Cpu.Registers.Rip = BenchLayout.UserCode + 0xFFF;
        Assert.Equal((Vector.InvalidOpcode, BenchLayout.UserCode + 0x1000), (bench.Go().Exception is { } taken ? (taken.Vector, taken.Rip) : default));
        bench.WriteBytes(BenchLayout.UserCode + 0xFFF, 0x48);
        bench.Place(BenchMode.User64);
        bench.Cpu.Registers.Rip = BenchLayout.UserCode + 0xFFF;
        bench.Go();
        Assert.Empty(device.Sizes);
    }

    [Fact]
    public void A_device_is_asked_for_powers_of_two_only()
    {
        var device = new Tripwire(BenchLayout.RamSize);
        var bench = new MachineBench(null, device);
        ulong page = BenchLayout.UserData + 0x1000;
        bench.Pages.Map(page, (ulong)BenchLayout.RamSize, 7);
        bench.FlushTranslations();
        bench[Gpr.Rbx] = page;
        bench.RunUser64(a => { a.mov(rax, __[rbx]); a.mov(__[rbx - 1], eax); a.mov(rcx, __[rbx - 3]); a.movzx(edx, __word_ptr[rbx + 2]); });
        Assert.All(device.Sizes, size => Assert.Contains(size, new[] { 1, 2, 4, 8 }));
        Assert.Equal([8, 2, 1, 4, 1, 2], device.Sizes);
    }

    private static void Nops(Assembler a, int count)
    {
        for (int i = 0; i < count; i++)
            a.nop();
    }

    private static void Mixture(Assembler a)
    {
        Label loop = a.CreateLabel();
        a.mov(rcx, 3);
        a.mov(rbx, BenchLayout.UserData);
        a.Label(ref loop);
        a.rdtsc();
        a.mov(__[rbx + rcx * 8], rax);
        a.push(rcx);
        a.imul(rdx, rax);
        a.pop(rcx);
        a.dec(rcx);
        a.jnz(loop);
        a.cpuid();
    }

    private static List<long> BoundaryClocks(Action<Assembler> code) => Boundaries(code).Select(boundary => boundary.Clock).ToList();

    private static List<ulong> BoundaryAddresses(Action<Assembler> code) => Boundaries(code).Select(boundary => boundary.Rip).ToList();

    private static List<(long Clock, ulong Rip)> Boundaries(Action<Assembler> code)
    {
        var bench = new MachineBench();
        ulong end = bench.Place(BenchMode.User64, code);
        List<(long, ulong)> boundaries = [];
        while (bench.Cpu.Registers.Rip != end)
        {
            bench.Cpu.Run(RunLimits.Instructions(1));
            boundaries.Add((bench.Cpu.Clock, bench.Cpu.Registers.Rip));
        }

        return boundaries;
    }

    private sealed class Tripwire(long address) : IMemoryDevice
    {
        public List<int> Sizes { get; } = [];

        public ulong Address => (ulong)address;

        public ulong Length => 0x1000;

        public ulong Read(ulong offset, int size)
        {
            Sizes.Add(size);
            return 0;
        }

        public void Write(ulong offset, int size, ulong value) => Sizes.Add(size);

        public object Capture() => Sizes.Count;

        public void Restore(object state)
        {
        }
    }
}
