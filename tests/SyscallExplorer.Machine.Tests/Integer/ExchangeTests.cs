using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

public sealed class ExchangeTests
{
    private const ulong Data = BenchLayout.KernelData;
    private readonly MachineBench _bench = new();

    [Fact]
    public void Xchg_swaps_registers_and_memory()
    {
        _bench.Write64(Data, 7);
        _bench[Gpr.Rax] = 1;
        _bench[Gpr.Rcx] = 0x0203;
        _bench.Run64(a =>
        {
            a.xchg(__qword_ptr[Data], rax);
            a.xchg(cl, ch);
        });
        Assert.Equal((7ul, 1ul, 0x0302ul), (_bench[Gpr.Rax], _bench.Read64(Data), _bench[Gpr.Rcx]));
    }

    [Fact]
    public void Xadd_leaves_the_sum_and_the_old_value()
    {
        _bench[Gpr.Rax] = 5;
        _bench[Gpr.Rcx] = 7;
        _bench[Gpr.Rdx] = 4;
        _bench.Run64(a =>
        {
            a.xadd(rax, rcx);
            a.xadd(rdx, rdx);
        });
        Assert.Equal((12ul, 5ul, 8ul), (_bench[Gpr.Rax], _bench[Gpr.Rcx], _bench[Gpr.Rdx]));
    }

    [Fact]
    public void Cmpxchg_stores_when_equal_and_loads_when_not()
    {
        _bench.Write64(Data, 5);
        _bench[Gpr.Rax] = 5;
        _bench[Gpr.Rcx] = 9;
        BenchRun equal = _bench.Run64(a => a.@lock.cmpxchg(__qword_ptr[Data], rcx));
        Assert.Equal((9ul, 5ul), (_bench.Read64(Data), _bench[Gpr.Rax]));
        Assert.Equal(Rflags.ZF, equal.Flags & Rflags.ZF);
        BenchRun different = _bench.Run64(a => a.@lock.cmpxchg(__qword_ptr[Data], rcx));
        Assert.Equal((9ul, 9ul), (_bench.Read64(Data), _bench[Gpr.Rax]));
        Assert.Equal(Rflags.CF, different.Flags & (Rflags.ZF | Rflags.CF));
    }

    [Fact]
    public void Cmpxchg_of_a_read_only_page_faults_as_a_write_even_when_different()
    {
        _bench.Protect(Data, PageTables.Present);
        TakenException taken = _bench.Fault(BenchMode.Kernel64, a => a.cmpxchg(__qword_ptr[Data], rcx));
        Assert.Equal((Vector.PageFault, 3u), (taken.Vector, taken.ErrorCode!.Value));
    }

    [Fact]
    public void Cmpxchg8b_and_16b_compare_the_register_pair_and_change_only_ZF()
    {
        _bench.Write64(Data, 0x2_0000_0001);
        _bench.Write64(Data + 16, 1);
        _bench.Write64(Data + 24, 2);
        (_bench[Gpr.Rax], _bench[Gpr.Rdx], _bench[Gpr.Rbx], _bench[Gpr.Rcx]) = (1, 2, 3, 4);
        _bench.Flags = Rflags.Arithmetic & ~Rflags.ZF;
        BenchRun run = _bench.Run64(a =>
        {
            a.cmpxchg8b(__qword_ptr[Data]);
            a.cmpxchg16b(__xmmword_ptr[Data + 16]);
        });
        Assert.Equal((0x4_0000_0003ul, 3ul, 4ul), (_bench.Read64(Data), _bench.Read64(Data + 16), _bench.Read64(Data + 24)));
        Assert.Equal(Rflags.Arithmetic, run.Flags & Rflags.Arithmetic);

        _bench.Run64(a => a.cmpxchg16b(__xmmword_ptr[Data + 16]));
        Assert.Equal((3ul, 4ul), (_bench[Gpr.Rax], _bench[Gpr.Rdx]));
    }

    [Fact]
    public void Cmpxchg16b_of_a_misaligned_operand_is_a_general_protection_fault()
    {
        TakenException taken = _bench.Fault(BenchMode.Kernel64, a => a.cmpxchg16b(__xmmword_ptr[Data + 8]));
        Assert.Equal((Vector.GeneralProtection, 0u), (taken.Vector, taken.ErrorCode!.Value));
    }

    [Fact]
    public void A_lock_prefix_on_a_register_destination_is_an_invalid_opcode() =>
        Assert.Equal(Vector.InvalidOpcode, _bench.Fault(BenchMode.Kernel64, 0xF0, 0x01, 0xC8).Vector);

    [Fact]
    public void An_addition_that_cannot_write_changes_nothing()
    {
        _bench.Protect(Data, PageTables.Present);
        _bench[Gpr.Rcx] = 9;
        _bench.Flags = Rflags.CF;
        TakenException taken = _bench.Fault(BenchMode.Kernel64, a => a.xadd(__qword_ptr[Data], rcx));
        Assert.Equal(9ul, _bench[Gpr.Rcx]);
        Assert.Equal(Rflags.CF, taken.Flags & Rflags.Arithmetic);
    }
}
