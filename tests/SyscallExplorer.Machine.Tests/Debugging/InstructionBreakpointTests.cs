using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>Instruction breakpoints. SDM vol. 3A, 17.3.1.1 and table 6-2.</summary>
public sealed class InstructionBreakpointTests
{
    private const ulong Code = BenchLayout.UserCode;
    private readonly MachineBench _bench = new();

    [Theory, InlineData(0), InlineData(3)]
    public void A_breakpoint_is_a_fault_before_its_instruction(int index)
    {
        _bench[Gpr.Rax] = 0;
        _bench.Break(Code + 6, index: index);
        TakenException taken = _bench.Fault(BenchMode.User64, a => { a.inc(rax); a.inc(rax); a.inc(rax); });
        Assert.Equal((Vector.Debug, Code + 6, 2ul), (taken.Vector, taken.Rip, _bench[Gpr.Rax]));
        Assert.Equal((BenchBreakpoints.B0 << index, 0ul), (_bench.DebugStatus(), taken.Flags & Rflags.RF));
    }

    [Fact]
    public void Only_the_first_byte_of_an_instruction_counts()
    {
        _bench.Break(Code + 1);
        _bench.RunUser64(a => a.inc(rax));
    }

    [Fact]
    public void A_handler_that_sets_RF_lets_the_instruction_run_once_and_be_caught_again()
    {
        _bench.CountDebugExceptions();
        _bench[Gpr.Rcx] = 5;
        _bench.Break(Code);
        _bench.RunUser64(a =>
        {
            Label loop = a.CreateLabel();
            a.Label(ref loop);
            a.dec(rcx);
            a.jnz(loop);
        });
        Assert.Equal((5ul, 0ul), (_bench[Gpr.R15], _bench[Gpr.Rcx]));
    }

    [Fact]
    public void The_address_is_linear()
    {
        _bench.Break(BenchLayout.Code16Base + 1);
        Assert.Equal(1ul, _bench.Fault(BenchMode.Kernel16, a => { a.nop(); a.nop(); }).Rip);
    }

    [Fact]
    public void It_comes_before_the_faults_of_fetching_and_of_decoding()
    {
        _bench.Break(Code);
        Assert.Equal(Vector.Debug, _bench.Fault(BenchMode.User64, a => a.ud2()).Vector);
        _bench.Unmap(Code);
        _bench.Rewind();
        Assert.Equal(Vector.Debug, _bench.Go().Exception?.Vector);
    }

    [Fact]
    public void It_holds_from_the_instruction_after_the_one_that_enables_it_until_it_is_disabled()
    {
        // Twice over the same decoded code: without the breakpoint, then with it.
        const ulong watched = BenchLayout.KernelCode + 6;
        _bench.Cpu.Registers.SetDebug(0, watched);
        (_bench[Gpr.Rax], _bench[Gpr.Rcx], _bench[Gpr.R8]) = (0x401, 0x400, 0);
        TakenException taken = _bench.Fault(BenchMode.Kernel64, a =>
        {
            Label again = a.CreateLabel();
            a.mov(dr7, rcx);
            a.Label(ref again);
            a.inc(r8);
            a.nop();
            a.mov(dr7, rax);
            a.jmp(again);
        });
        Assert.Equal((Vector.Debug, watched, 2ul), (taken.Vector, taken.Rip, _bench[Gpr.R8]));
    }

    [Fact]
    public void A_repeated_instruction_is_caught_once_and_not_at_each_element()
    {
        _bench.CountDebugExceptions();
        (_bench[Gpr.Rcx], _bench[Gpr.Rdi]) = (4, BenchLayout.UserData);
        _bench.Break(Code);
        _bench.RunUser64(a => a.rep.stosb());
        Assert.Equal((1ul, 0ul), (_bench[Gpr.R15], _bench[Gpr.Rcx]));
    }

    [Fact]
    public void What_comes_between_the_elements_of_a_repeated_instruction_saves_RF()
    {
        (_bench[Gpr.Rcx], _bench[Gpr.Rdi]) = (100, BenchLayout.UserData);
        _bench.Flags = Rflags.IF;
        _bench.Place(BenchMode.User64, a => a.rep.stosb());
        _bench.Step();
        _bench.Cpu.Interrupts.Schedule(0x40, _bench.Cpu.Clock + 1);
        TakenException? taken = _bench.Go().Exception;
        Assert.Equal(((Vector)0x40, Rflags.RF), (taken?.Vector, taken?.Flags & Rflags.RF));

        _bench.Flags = Rflags.TF;
        _bench.Rewind();
        taken = _bench.Go().Exception;
        Assert.Equal((Vector.Debug, Code, Rflags.RF), (taken?.Vector, taken?.Rip, taken?.Flags & Rflags.RF));
    }
}
