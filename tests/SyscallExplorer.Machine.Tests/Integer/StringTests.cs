using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

public sealed class StringTests
{
    private const ulong Source = BenchLayout.KernelData;
    private const ulong Destination = BenchLayout.KernelData + 0x1000;
    private readonly MachineBench _bench = new();

    public StringTests()
    {
        _bench[Gpr.Rsi] = Source;
        _bench[Gpr.Rdi] = Destination;
        _bench.WriteBytes(Source, "a quick brown fox"u8);
    }

    [Fact]
    public void Rep_movs_copies_as_many_elements_as_RCX_says()
    {
        _bench[Gpr.Rcx] = 3;
        _bench.Run64(a => a.rep.movsd());
        Assert.Equal("a quick brow"u8.ToArray(), _bench.ReadBytes(Destination, 12));
        Assert.Equal(0, _bench.Read8(Destination + 12));
        Assert.Equal((0ul, Source + 12, Destination + 12), (_bench[Gpr.Rcx], _bench[Gpr.Rsi], _bench[Gpr.Rdi]));
    }

    [Fact]
    public void With_DF_set_the_pointers_move_down()
    {
        _bench[Gpr.Rcx] = 2;
        _bench.Flags = Rflags.DF;
        _bench[Gpr.Rsi] = Source + 1;
        _bench.Run64(a => a.rep.movsb());
        Assert.Equal((Source - 1, Destination - 2), (_bench[Gpr.Rsi], _bench[Gpr.Rdi]));
        Assert.Equal("a "u8.ToArray(), _bench.ReadBytes(Destination - 1, 2));
    }

    [Fact]
    public void A_count_of_zero_touches_nothing()
    {
        _bench[Gpr.Rcx] = 0;
        _bench[Gpr.Rdi] = 1ul << 63;
        _bench.Run64(a => a.rep.stosq());
        Assert.Equal(1ul << 63, _bench[Gpr.Rdi]);
    }

    [Theory]
    [InlineData("Skylake", 0xA4, true, true), InlineData("Skylake", 0xAC, false, true), InlineData("Zen2", 0xA4, false, false)]
    public void With_32_bit_addresses_a_count_of_zero_still_clears_upper_halves_on_Intel(string model, byte opcode, bool pointers, bool count)
    {
        const ulong upper = 0x5555_5555_0000_0000;
        var bench = new MachineBench(Cpus.Find(model));
        (bench[Gpr.Rsi], bench[Gpr.Rcx]) = (upper, upper);
        bench.Complete(BenchMode.Kernel64, 0x67, 0xF3, opcode);
        Assert.Equal((pointers, count), (bench[Gpr.Rsi] == 0, bench[Gpr.Rcx] == 0));
    }

    [Fact]
    public void Stos_and_lods_use_the_accumulator()
    {
        _bench[Gpr.Rax] = 0x1122_3344_5566_7788;
        _bench.Run64(a =>
        {
            a.stosq();
            a.stosw();
            a.lodsb();
        });
        Assert.Equal((0x1122_3344_5566_7788ul, 0x7788), (_bench.Read64(Destination), _bench.Read16(Destination + 8)));
        Assert.Equal(0x1122_3344_5566_7700ul | 'a', _bench[Gpr.Rax]);
    }

    [Fact]
    public void Repe_cmps_ends_behind_the_first_difference()
    {
        _bench.WriteBytes(Destination, "a quiet"u8);
        _bench[Gpr.Rcx] = 100;
        BenchRun run = _bench.Run64(a => a.repe.cmpsb());
        Assert.Equal((94ul, Source + 6, Destination + 6), (_bench[Gpr.Rcx], _bench[Gpr.Rsi], _bench[Gpr.Rdi]));
        Assert.Equal(Rflags.CF, run.Flags & (Rflags.ZF | Rflags.CF));
    }

    [Fact]
    public void Repne_scas_ends_behind_the_first_match()
    {
        _bench[Gpr.Rdi] = Source;
        _bench[Gpr.Rax] = 'k';
        _bench[Gpr.Rcx] = 100;
        BenchRun run = _bench.Run64(a => a.repne.scasb());
        Assert.Equal((93ul, Source + 7, Rflags.ZF), (_bench[Gpr.Rcx], _bench[Gpr.Rdi], run.Flags & Rflags.ZF));
    }

    [Fact]
    public void An_address_size_prefix_counts_and_points_in_32_bits()
    {
        _bench[Gpr.Rcx] = 0xFFFF_FFFF_0000_0002;
        _bench[Gpr.Rsi] |= 0xFFFF_FFFF_0000_0000;

        // addr32 rep movsb
        _bench.Complete(BenchMode.Kernel64, 0x67, 0xF3, 0xA4);
        Assert.Equal((0ul, Source + 2, Destination + 2), (_bench[Gpr.Rcx], _bench[Gpr.Rsi], _bench[Gpr.Rdi]));
    }

    [Fact]
    public void Sixteen_bit_code_keeps_the_upper_parts_of_pointers_and_count()
    {
        _bench.WriteBytes(0x9000, 1, 2, 3);
        (_bench[Gpr.Rsi], _bench[Gpr.Rdi], _bench[Gpr.Rcx]) = (0xAAAA_9000, 0xBBBB_9800, 0xCCCC_0003);
        _bench.Run16(a => a.rep.movsb());
        Assert.Equal([1, 2, 3], _bench.ReadBytes(0x9800, 3));
        Assert.Equal((0xAAAA_9003ul, 0xBBBB_9803ul, 0xCCCC_0000ul), (_bench[Gpr.Rsi], _bench[Gpr.Rdi], _bench[Gpr.Rcx]));
    }

    [Fact]
    public void A_segment_override_moves_the_source_only()
    {
        _bench.Cpu.Registers[SegmentName.FS] = new Segment(0, Source, 0, 0);
        _bench[Gpr.Rsi] = 2;

        // fs movsb
        _bench.Complete(BenchMode.Kernel64, 0x64, 0xA4);
        Assert.Equal((byte)'q', _bench.Read8(Destination));
    }

    [Fact]
    public void A_fault_in_the_middle_leaves_the_elements_done_and_can_be_restarted()
    {
        _bench.Unmap(Destination + 0x1000);
        _bench[Gpr.Rdi] = Destination + 0x1000 - 5;
        _bench[Gpr.Rcx] = 9;
        TakenException taken = _bench.Fault(BenchMode.Kernel64, a => a.rep.movsb());
        Assert.Equal((Vector.PageFault, BenchLayout.KernelCode), (taken.Vector, taken.Rip));
        Assert.Equal((4ul, Source + 5), (_bench[Gpr.Rcx], _bench[Gpr.Rsi]));
        _bench.Protect(Destination + 0x1000, PageTables.Present | PageTables.Writable);
        _bench.Rewind();
        Assert.Null(_bench.Go().Exception);
        Assert.Equal("a quick b"u8.ToArray(), _bench.ReadBytes(Destination + 0x1000 - 5, 9));
    }

    [Fact]
    public void Each_element_counts_as_an_instruction_of_the_budget()
    {
        _bench[Gpr.Rcx] = 10;
        _bench.Place(BenchMode.Kernel64, a => a.rep.stosb());
        Assert.Equal(StopReason.InstructionBudget, _bench.Cpu.Run(RunLimits.Instructions(4)).Reason);
        Assert.Equal((6ul, BenchLayout.KernelCode), (_bench[Gpr.Rcx], _bench.Cpu.Registers.Rip));
        Assert.Null(_bench.Go().Exception);
        Assert.Equal(0ul, _bench[Gpr.Rcx]);
    }

    [Fact]
    public void An_interrupt_comes_between_two_elements()
    {
        _bench[Gpr.Rcx] = 1000;
        _bench.Flags = Rflags.IF;
        _bench.Place(BenchMode.Kernel64, a => a.rep.stosb());
        _bench.Step();
        _bench.Cpu.Interrupts.Schedule(0x40, _bench.Cpu.Clock + 1);
        TakenException taken = _bench.Go().Exception!;
        Assert.Equal((0x40, BenchLayout.KernelCode), ((int)taken.Vector, taken.Rip));
        Assert.InRange(_bench[Gpr.Rcx], 1ul, 998ul);
    }

    [Fact]
    public void A_single_step_trap_follows_each_element()
    {
        _bench[Gpr.Rcx] = 10;
        _bench.Flags = Rflags.TF;
        TakenException taken = _bench.Fault(BenchMode.Kernel64, a => a.rep.stosb());
        Assert.Equal((Vector.Debug, BenchLayout.KernelCode, 9ul), (taken.Vector, taken.Rip, _bench[Gpr.Rcx]));
    }

    [Fact]
    public void The_own_figure_of_a_repeated_instruction_is_paid_once()
    {
        long ten = Cycles(10);
        long twenty = Cycles(20);
        long iteration = _bench.Cpu.Model.Microarchitecture.FigureOf(TimingEvent.RepIteration)!.Cost;
        Assert.Equal(10 * iteration, twenty - ten);

        long Cycles(ulong count)
        {
            _bench[Gpr.Rdi] = Destination;
            _bench[Gpr.Rcx] = count;
            _bench.Run64(a => a.rep.stosb());
            _bench[Gpr.Rdi] = Destination;
            _bench[Gpr.Rcx] = count;
            _bench.Rewind();
            return _bench.Go().Result.Clock;
        }
    }
}
