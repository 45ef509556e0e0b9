using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 2B, MOV—Control Registers and MOV—Debug Registers; vol. 3A, 2.5.</summary>
public class ControlRegisterTests
{
    private readonly MachineBench _bench = new();

    [Fact]
    public void CR0_takes_a_new_value_and_keeps_ET()
    {
        WriteCr0(_bench.Cpu.Registers.ControlRegister0 & ~(Cr0.WP | Cr0.ET) | Cr0.TS | 1ul << 27);
        Assert.Equal(Cr0.PE | Cr0.MP | Cr0.TS | Cr0.ET | Cr0.NE | Cr0.AM | Cr0.PG, _bench.Cpu.Registers.ControlRegister0);
    }

    public static TheoryData<ulong, ulong> BadCr0 => new()
    {
        { 0, Cr0.PE }, { 0, Cr0.PG }, { Cr0.NW, 0 }, { 1ul << 32, 0 },
    };

    [Theory, MemberData(nameof(BadCr0))]
    public void CR0_refuses_what_long_mode_and_the_manual_forbid(ulong set, ulong clear)
    {
        ulong before = _bench.Cpu.Registers.ControlRegister0;
        _bench[Gpr.Rax] = before & ~clear | set;
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(_bench.Fault(BenchMode.Kernel64, a => a.mov(cr0, rax))));
        Assert.Equal(before, _bench.Cpu.Registers.ControlRegister0);
    }

    [Theory]
    [InlineData(1ul << 39), InlineData(1ul << 63), InlineData(1ul << 52)]
    public void CR3_refuses_bits_beyond_the_physical_address(ulong bit)
    {
        _bench[Gpr.Rax] = _bench.Pages.Root | bit;
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(_bench.Fault(BenchMode.Kernel64, a => a.mov(cr3, rax))));
    }

    public static TheoryData<ulong> BadCr4 =>
    [
        1ul << 12, 1ul << 15, Cr4.UMIP, 1ul << 24, 1ul << 40,
    ];

    [Theory, MemberData(nameof(BadCr4))]
    public void CR4_refuses_features_that_the_model_lacks(ulong bit)
    {
        _bench[Gpr.Rax] = Cr4.PAE | bit;
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(_bench.Fault(BenchMode.Kernel64, a => a.mov(cr4, rax))));
        Assert.Equal(Cr4.PAE, _bench.Cpu.Registers.ControlRegister4);
    }

    [Fact]
    public void CR4_refuses_to_leave_PAE_in_long_mode()
    {
        _bench[Gpr.Rax] = 0;
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(_bench.Fault(BenchMode.Kernel64, a => a.mov(cr4, rax))));
    }

    [Fact]
    public void Models_differ_in_the_features_of_CR4()
    {
        var haswell = new MachineBench(Cpus.Haswell);
        haswell[Gpr.Rax] = Cr4.PAE | Cr4.SMAP;
        Assert.Equal(Vector.GeneralProtection, haswell.Fault(BenchMode.Kernel64, a => a.mov(cr4, rax)).Vector);
        var zen = new MachineBench(Cpus.Zen2);
        zen[Gpr.Rax] = Cr4.PAE | Cr4.SMAP | Cr4.UMIP;
        zen.Run64(a => a.mov(cr4, rax));
        zen[Gpr.Rax] = Cr4.PAE | Cr4.PCIDE;
        Assert.Equal(Vector.GeneralProtection, zen.Fault(BenchMode.Kernel64, a => a.mov(cr4, rax)).Vector);
    }

    [Fact]
    public void PCIDE_can_be_set_only_while_the_PCID_is_0()
    {
        _bench.Cpu.Registers.ControlRegister3 = _bench.Pages.Root | 8;
        _bench[Gpr.Rax] = Cr4.PAE | Cr4.PCIDE;
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(_bench.Fault(BenchMode.Kernel64, a => a.mov(cr4, rax))));
        _bench.Cpu.Registers.ControlRegister3 = _bench.Pages.Root;
        _bench.Run64(a => a.mov(cr4, rax));
    }

    [Fact]
    public void CR8_has_four_bits()
    {
        _bench[Gpr.Rax] = 15;
        _bench.Run64(a => { a.mov(cr8, rax); a.mov(rcx, cr8); });
        Assert.Equal(15ul, _bench[Gpr.Rcx]);
        _bench[Gpr.Rax] = 16;
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(_bench.Fault(BenchMode.Kernel64, a => a.mov(cr8, rax))));
    }

    [Theory]
    [InlineData(0), InlineData(2), InlineData(3), InlineData(4), InlineData(8)]
    public void Ring_3_may_neither_read_nor_write_a_control_register(int number)
    {
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(_bench.Fault(BenchMode.User64, MoveControl(0x20, number))));
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(_bench.Fault(BenchMode.User64, MoveControl(0x22, number))));
    }

    [Theory]
    [InlineData(1, BenchMode.Kernel64), InlineData(5, BenchMode.User64), InlineData(9, BenchMode.Kernel64), InlineData(15, BenchMode.User64)]
    public void A_control_register_that_does_not_exist_is_an_invalid_opcode_at_any_level(int number, BenchMode mode)
    {
        Assert.Equal(Vector.InvalidOpcode, _bench.Fault(mode, MoveControl(0x20, number)).Vector);
        Assert.Equal(Vector.InvalidOpcode, _bench.Fault(mode, MoveControl(0x22, number)).Vector);
    }

    [Fact]
    public void A_control_register_is_moved_with_32_bits_outside_64_bit_mode()
    {
        _bench.Cpu.Registers.ControlRegister2 = 0xFFFF_8000_1234_5678;
        _bench.Run32(a => a.mov(eax, cr2));
        Assert.Equal(0x1234_5678ul, _bench[Gpr.Rax]);
    }

    [Fact]
    public void CLTS_clears_TS_in_ring_0()
    {
        _bench.Cpu.Registers.ControlRegister0 |= Cr0.TS;
        Assert.Equal(Vector.GeneralProtection, _bench.Fault(BenchMode.User64, a => a.clts()).Vector);
        _bench.Run64(a => a.clts());
        Assert.Equal(0ul, _bench.Cpu.Registers.ControlRegister0 & Cr0.TS);
    }

    [Fact]
    public void LMSW_cannot_leave_protected_mode()
    {
        _bench[Gpr.Rax] = Cr0.TS;
        _bench.Run64(a => a.lmsw(ax));
        Assert.Equal(Cr0.TS | Cr0.PE, _bench.Cpu.Registers.ControlRegister0 & 15);
    }

    [Fact]
    public void Debug_registers_keep_their_fixed_bits()
    {
        _bench[Gpr.Rax] = 0;
        _bench.Run64(a => { a.mov(dr6, rax); a.mov(dr7, rax); a.mov(rcx, dr6); a.mov(rdx, dr7); });
        Assert.Equal((0xFFFF_0FF0ul, 0x400ul), (_bench[Gpr.Rcx], _bench[Gpr.Rdx]));
    }

    [Fact]
    public void DR4_is_DR6_until_CR4_DE_takes_it_away()
    {
        _bench.Complete(BenchMode.Kernel64, 0x0F, 0x21, 0xE0);
        Assert.Equal(0xFFFF_0FF0ul, _bench[Gpr.Rax]);
        _bench.SetCr4(Cr4.DE);
        Assert.Equal(Vector.InvalidOpcode, _bench.Fault(BenchMode.Kernel64, 0x0F, 0x21, 0xE0).Vector);
    }

    [Fact]
    public void Ring_3_may_not_touch_debug_registers_and_their_upper_halves_are_reserved()
    {
        Assert.Equal(Vector.GeneralProtection, _bench.Fault(BenchMode.User64, a => a.mov(rax, dr7)).Vector);
        _bench[Gpr.Rax] = 1ul << 32;
        Assert.Equal(Vector.GeneralProtection, _bench.Fault(BenchMode.Kernel64, a => a.mov(dr6, rax)).Vector);
    }

    private static byte[] MoveControl(byte opcode, int number) =>
        number < 8 ? [0x0F, opcode, (byte)(0xC0 | number << 3)] : [0x44, 0x0F, opcode, (byte)(0xC0 | (number & 7) << 3)];

    private void WriteCr0(ulong value)
    {
        _bench[Gpr.Rax] = value;
        _bench.Run64(a => a.mov(cr0, rax));
    }

    private static (Vector, uint?) Codes(TakenException taken) => (taken.Vector, taken.ErrorCode);
}
