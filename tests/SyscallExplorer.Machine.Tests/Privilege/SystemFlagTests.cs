using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 2: PUSHF, POPF, STI, CLI, STAC, CLAC, and who may change which flag.</summary>
public class SystemFlagTests
{
    private const ulong Settable = Rflags.NT | Rflags.AC | Rflags.ID | Rflags.DF | Rflags.Arithmetic;
    private readonly MachineBench _bench = new();

    [Theory]
    [InlineData(BenchMode.Kernel64, 0ul, Settable | Rflags.IF | Rflags.IOPL)]
    [InlineData(BenchMode.User64, 0ul, Settable)]
    [InlineData(BenchMode.User64, Rflags.IF, Settable | Rflags.IF)]
    [InlineData(BenchMode.User64, Rflags.IOPL, Settable | Rflags.IF | Rflags.IOPL)]
    [InlineData(BenchMode.User32, Rflags.IF, Settable | Rflags.IF)]
    public void POPF_sets_what_the_level_may_set(BenchMode mode, ulong before, ulong after) => Assert.Equal(after | Rflags.Fixed, Pop(mode, before, Rflags.All & ~Rflags.TF));

    [Theory]
    [InlineData(BenchMode.Kernel64, Rflags.IF | Rflags.IOPL, 0ul)]
    [InlineData(BenchMode.User64, Rflags.IF | 0x2000ul, Rflags.IF | 0x2000ul)]
    [InlineData(BenchMode.User64, Rflags.IF | Rflags.IOPL, Rflags.IOPL)]
    public void POPF_clears_what_the_level_may_clear(BenchMode mode, ulong before, ulong after) => Assert.Equal(after | Rflags.Fixed, Pop(mode, before, 0));

    [Fact]
    public void The_16_bit_form_of_POPF_leaves_AC_and_ID()
    {
        _bench.Flags = Rflags.AC;
        BenchRun run = _bench.RunUser64(a => { a.push((short)Rflags.DF); a.db(0x66, 0x9D); });
        Assert.Equal(Rflags.AC | Rflags.DF | Rflags.Fixed, run.Flags);
    }

    [Fact]
    public void PUSHF_saves_the_flags_without_RF_and_VM()
    {
        _bench.Flags = Rflags.RF | Rflags.IF | Rflags.AC | Rflags.IOPL | Rflags.ID;
        _bench.RunUser64(a => { a.pushfq(); a.pop(rax); });
        Assert.Equal(Rflags.IF | Rflags.AC | Rflags.IOPL | Rflags.ID | Rflags.Fixed, _bench[Gpr.Rax]);
    }

    [Theory]
    [InlineData(0xFA), InlineData(0xFB)]
    public void CLI_and_STI_need_the_IO_privilege_level(int opcode)
    {
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(_bench.Fault(BenchMode.User64, (byte)opcode)));
        _bench.Flags = Rflags.IOPL | (opcode == 0xFA ? Rflags.IF : 0);
        BenchRun run = _bench.Complete(BenchMode.User64, (byte)opcode);
        Assert.Equal(opcode == 0xFA ? 0 : Rflags.IF, run.Flags & Rflags.IF);
    }

    /// <summary>SDM vol. 2A, CLI and STI, tables of their actions; vol. 3B, 20.4.</summary>
    [Fact]
    public void With_PVI_CLI_and_STI_in_ring_3_change_VIF_unless_an_interrupt_waits()
    {
        _bench.SetCr4(Cr4.PVI);
        Assert.Equal(Rflags.VIF, _bench.Complete(BenchMode.User64, a => a.sti()).Flags & (Rflags.VIF | Rflags.IF));
        _bench.Flags = Rflags.VIF | Rflags.IF;
        Assert.Equal(Rflags.IF, _bench.Complete(BenchMode.User64, a => a.cli()).Flags & (Rflags.VIF | Rflags.IF));
        _bench.Flags = Rflags.VIP;
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(_bench.Fault(BenchMode.User64, a => a.sti())));
    }

    [Fact]
    public void STAC_and_CLAC_are_no_instructions_in_ring_3_or_without_SMAP()
    {
        Assert.Equal(Vector.InvalidOpcode, _bench.Fault(BenchMode.User64, a => a.stac()).Vector);
        Assert.Equal(Vector.InvalidOpcode, new MachineBench(Cpus.Haswell).Fault(BenchMode.Kernel64, a => a.clac()).Vector);
    }

    [Fact]
    public void The_TF_that_POPF_sets_traps_after_the_next_instruction()
    {
        TakenException taken = _bench.Fault(BenchMode.User64, a => { a.push((int)Rflags.TF); a.popfq(); a.nop(); a.nop(); });
        Assert.Equal((Vector.Debug, BenchLayout.UserCode + 5 + 1 + 1), (taken.Vector, taken.Rip));
    }

    [Fact]
    public void POPF_that_clears_TF_is_trapped_once_more()
    {
        _bench.Flags = Rflags.TF;
        _bench.Place(BenchMode.User64, a => { a.popfq(); a.nop(); });
        _bench[Gpr.Rsp] -= 8;
        TakenException? taken = _bench.Go().Exception;
        Assert.Equal((Vector.Debug, BenchLayout.UserCode + 1, Rflags.Fixed), (taken?.Vector, taken?.Rip, taken?.Flags));
    }

    [Fact]
    public void Alignment_checks_need_AM_AC_and_ring_3()
    {
        _bench[Gpr.Rbx] = BenchLayout.UserData + 1;
        _bench.Flags = Rflags.AC;
        TakenException taken = _bench.Fault(BenchMode.User64, a => a.mov(eax, __[rbx]));
        Assert.Equal((Vector.AlignmentCheck, 0u), (taken.Vector, taken.ErrorCode));
        _bench.Flags = Rflags.AC;
        _bench.Run64(a => a.mov(eax, __[rbx]));
        _bench.Flags = Rflags.AC;
        _bench.ClearCr0(Cr0.AM);
        _bench.RunUser64(a => a.mov(eax, __[rbx]));
    }

    private ulong Pop(BenchMode mode, ulong before, ulong value)
    {
        _bench.Flags = before;
        _bench.Place(mode, mode == BenchMode.User32 ? [0x9D] : MachineBench.Assemble(mode, a => a.popfq()));
        _bench[Gpr.Rsp] -= 8;
        _bench.Write64(_bench[Gpr.Rsp], value);
        return _bench.Go().Flags;
    }

    private static (Vector, uint?) Codes(TakenException taken) => (taken.Vector, taken.ErrorCode);
}
