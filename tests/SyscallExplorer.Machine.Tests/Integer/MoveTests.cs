using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

public sealed class MoveTests
{
    private const ulong Data = BenchLayout.KernelData;
    private const ulong Pattern = 0x8877_6655_4433_2281;
    private readonly MachineBench _bench = new();

    [Fact]
    public void A_write_of_32_bits_clears_the_upper_half_and_narrower_ones_keep_the_rest()
    {
        _bench[Gpr.Rax] = _bench[Gpr.Rcx] = _bench[Gpr.Rdx] = _bench[Gpr.Rbx] = ulong.MaxValue;
        _bench.Run64(a =>
        {
            a.mov(eax, 1);
            a.mov(cx, 1);
            a.mov(dl, 1);
            a.mov(bh, 1);
        });
        Assert.Equal(1ul, _bench[Gpr.Rax]);
        Assert.Equal(0xFFFF_FFFF_FFFF_0001, _bench[Gpr.Rcx]);
        Assert.Equal(0xFFFF_FFFF_FFFF_FF01, _bench[Gpr.Rdx]);
        Assert.Equal(0xFFFF_FFFF_FFFF_01FF, _bench[Gpr.Rbx]);
    }

    [Fact]
    public void Byte_registers_are_parts_of_the_registers_they_are_named_after()
    {
        for (int register = 0; register < 16; register++)
            _bench[(Gpr)register] = 0;
        _bench.Run64(a =>
        {
            a.mov(bpl, 1);
            a.mov(sil, 2);
            a.mov(dil, 3);
            a.mov(r8b, 4);
            a.mov(r15b, 5);
            a.mov(ah, 6);
            a.mov(ch, 7);
            a.mov(al, ch);
        });
        Assert.Equal([0x607ul, 0x700ul, 1ul, 2ul, 3ul, 4ul, 5ul],
            ((Gpr[])[Gpr.Rax, Gpr.Rcx, Gpr.Rbp, Gpr.Rsi, Gpr.Rdi, Gpr.R8, Gpr.R15]).Select(register => _bench[register]));
    }

    [Fact]
    public void Immediates_are_extended_by_sign()
    {
        _bench.Run64(a =>
        {
            a.mov(rax, -2);
            a.mov(__qword_ptr[Data], -3);
            a.mov(rcx, 0x1122_3344_5566_7788ul);
        });
        Assert.Equal(unchecked((ulong)-2), _bench[Gpr.Rax]);
        Assert.Equal(unchecked((ulong)-3), _bench.Read64(Data));
        Assert.Equal(0x1122_3344_5566_7788ul, _bench[Gpr.Rcx]);
    }

    [Fact]
    public void A_move_from_an_absolute_address_takes_64_bits_of_it()
    {
        _bench.Write64(Data, Pattern);

        // mov rax, [moffs64]; mov [moffs64], al
        byte[] load = [0x48, 0xA1, .. BitConverter.GetBytes(BenchLayout.DirectMap + Data)];
        byte[] store = [0xA2, .. BitConverter.GetBytes(BenchLayout.DirectMap + Data + 8)];
        _bench.Complete(BenchMode.Kernel64, [.. load, .. store]);
        Assert.Equal(Pattern, _bench[Gpr.Rax]);
        Assert.Equal(0x81, _bench.Read8(Data + 8));
    }

    [Fact]
    public void Extensions_fill_with_zeros_or_with_the_sign()
    {
        _bench.Write64(Data, Pattern);
        _bench[Gpr.Rax] = _bench[Gpr.Rcx] = _bench[Gpr.Rdx] = _bench[Gpr.Rbx] = _bench[Gpr.Rsi] = ulong.MaxValue / 3;
        _bench.Run64(a =>
        {
            a.movzx(eax, __byte_ptr[Data]);
            a.movsx(rcx, __byte_ptr[Data]);
            a.movsx(edx, __byte_ptr[Data]);
            a.movsx(bx, __byte_ptr[Data]);
            a.movsxd(rsi, __dword_ptr[Data + 4]);
        });
        Assert.Equal(0x81ul, _bench[Gpr.Rax]);
        Assert.Equal(0xFFFF_FFFF_FFFF_FF81, _bench[Gpr.Rcx]);
        Assert.Equal(0xFFFF_FF81ul, _bench[Gpr.Rdx]);
        Assert.Equal(0x5555_5555_5555_FF81ul, _bench[Gpr.Rbx]);
        Assert.Equal(0xFFFF_FFFF_8877_6655, _bench[Gpr.Rsi]);
    }

    [Fact]
    public void Conversions_of_the_accumulator_spread_its_sign()
    {
        _bench[Gpr.Rax] = 0x80;
        _bench[Gpr.Rdx] = 0;
        _bench.Run64(a =>
        {
            a.cbw();
            a.cwde();
            a.cdqe();
            a.cqo();
        });
        Assert.Equal(0xFFFF_FFFF_FFFF_FF80, _bench[Gpr.Rax]);
        Assert.Equal(ulong.MaxValue, _bench[Gpr.Rdx]);
        _bench.Run64(a => a.cdq());
        Assert.Equal(uint.MaxValue, _bench[Gpr.Rdx]);
    }

    [Fact]
    public void Lea_computes_within_the_address_size_and_cuts_to_the_operand_size()
    {
        _bench[Gpr.Rax] = 0x1_FFFF_FFF0;
        _bench[Gpr.Rcx] = 0x10;
        _bench.Run64(a =>
        {
            a.lea(rdx, __[rax + rcx * 4 - 0x20]);
            a.lea(rbx, __[eax + ecx * 4 - 0x20]);
            a.lea(si, __[rax + rcx * 8]);
        });
        Assert.Equal(0x2_0000_0010ul, _bench[Gpr.Rdx]);
        Assert.Equal(0x10ul, _bench[Gpr.Rbx]);
        Assert.Equal(0x70, (ushort)_bench[Gpr.Rsi]);
    }

    [Fact]
    public void A_RIP_relative_address_counts_from_the_next_instruction()
    {
        _bench.Complete(BenchMode.Kernel64, 0x48, 0x8D, 0x05, 0x10, 0, 0, 0);
        Assert.Equal(BenchLayout.KernelCode + 7 + 0x10, _bench[Gpr.Rax]);
    }

    [Fact]
    public void Bytes_are_reversed_in_registers_and_on_the_way_to_and_from_memory()
    {
        _bench.Write64(Data, Pattern);
        _bench[Gpr.Rax] = _bench[Gpr.Rcx] = Pattern;
        _bench.Run64(a =>
        {
            a.bswap(rax);
            a.bswap(ecx);
            a.movbe(dx, __word_ptr[Data]);
            a.movbe(__dword_ptr[Data + 8], ecx);
        });
        Assert.Equal(0x8122_3344_5566_7788, _bench[Gpr.Rax]);
        Assert.Equal(0x8122_3344u, _bench[Gpr.Rcx]);
        Assert.Equal(0x8122, (ushort)_bench[Gpr.Rdx]);
        Assert.Equal(0x4433_2281u, _bench.Read32(Data + 8));
    }

    [Fact]
    public void Xlat_takes_the_byte_that_AL_numbers()
    {
        _bench.WriteBytes(Data + 0xFE, 0x5A);
        _bench[Gpr.Rbx] = Data;
        _bench[Gpr.Rax] = 0x77FE;
        _bench.Run64(a => a.xlatb());
        Assert.Equal(0x775Aul, _bench[Gpr.Rax]);
    }

    [Fact]
    public void A_conditional_move_reads_its_source_even_if_the_condition_is_false()
    {
        _bench.Unmap(Data);
        _bench.Flags = 0;
        TakenException taken = _bench.Fault(BenchMode.Kernel64, a => a.cmove(rax, __qword_ptr[Data]));
        Assert.Equal(Vector.PageFault, taken.Vector);
    }

    [Fact]
    public void A_conditional_move_of_32_bits_clears_the_upper_half_even_if_the_condition_is_false()
    {
        _bench[Gpr.Rax] = ulong.MaxValue;
        _bench.Flags = 0;
        _bench.Run64(a => a.cmove(eax, ecx));
        Assert.Equal(uint.MaxValue, _bench[Gpr.Rax]);
    }

    [Fact]
    public void A_segment_override_adds_the_base_of_FS_or_GS()
    {
        _bench.Write64(Data + 0x20, Pattern);
        _bench.Cpu.Registers[SegmentName.GS] = new Segment(0, Data, 0, 0);
        _bench.Run64(a => a.mov(rax, __qword_ptr.gs[0x20]));
        Assert.Equal(Pattern, _bench[Gpr.Rax]);
    }
}
