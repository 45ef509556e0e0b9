using System.Numerics;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

public sealed class BitInstructionTests
{
    private const ulong Data = BenchLayout.KernelData + 0x800;
    private readonly MachineBench _bench = new();

    [Theory]
    [InlineData(3, 0)]
    [InlineData(64, 8)]
    [InlineData(1000, 120)]
    [InlineData(-1, -8)]
    [InlineData(-1000, -128)]
    public void A_bit_number_in_a_register_reaches_beyond_a_memory_operand(long bit, long wordOffset)
    {
        ulong word = Data + (ulong)wordOffset;
        ulong mask = 1ul << (int)(bit & 63);
        _bench[Gpr.Rcx] = (ulong)bit;
        BenchRun run = _bench.Run64(a => a.bts(__qword_ptr[Data], rcx));
        Assert.Equal((mask, 0ul), (_bench.Read64(word), run.Flags & Rflags.CF));
        run = _bench.Run64(a => a.bt(__qword_ptr[Data], rcx));
        Assert.Equal(Rflags.CF, run.Flags & Rflags.CF);
        run = _bench.Run64(a => a.btr(__qword_ptr[Data], rcx));
        Assert.Equal((0ul, Rflags.CF), (_bench.Read64(word), run.Flags & Rflags.CF));
    }

    [Fact]
    public void A_bit_number_in_an_immediate_and_of_a_register_is_taken_modulo_the_width()
    {
        _bench[Gpr.Rax] = 0;
        _bench[Gpr.Rcx] = 35;
        _bench.Run64(a =>
        {
            a.bts(eax, ecx);
            a.btc(__dword_ptr[Data], 33);
            a.bts(ax, 17);
        });
        Assert.Equal((10ul, 2u, 0u), (_bench[Gpr.Rax], _bench.Read32(Data), _bench.Read32(Data + 4)));
    }

    [Fact]
    public void A_scan_of_zero_sets_ZF_and_leaves_the_destination()
    {
        _bench[Gpr.Rax] = _bench[Gpr.Rdx] = ulong.MaxValue;
        _bench[Gpr.Rcx] = 0;
        BenchRun run = _bench.Run64(a =>
        {
            a.bsf(eax, ecx);
            a.bsr(rdx, rcx);
        });
        Assert.Equal((ulong.MaxValue, ulong.MaxValue, Rflags.ZF), (_bench[Gpr.Rax], _bench[Gpr.Rdx], run.Flags & Rflags.ZF));
    }

    [Fact]
    public void Counts_of_zero_are_the_width_and_set_CF()
    {
        _bench[Gpr.Rcx] = 0;
        BenchRun run = _bench.Run64(a =>
        {
            a.tzcnt(ax, cx);
            a.lzcnt(rdx, rcx);
        });
        Assert.Equal((16, 64ul, Rflags.CF), ((ushort)_bench[Gpr.Rax], _bench[Gpr.Rdx], run.Flags & (Rflags.CF | Rflags.ZF)));
    }

    [Fact]
    public void Scans_and_counts_agree_with_the_position_of_bits()
    {
        _bench[Gpr.Rcx] = 0x0010_0300;
        _bench.Run64(a =>
        {
            a.bsf(eax, ecx);
            a.bsr(edx, ecx);
            a.tzcnt(esi, ecx);
            a.lzcnt(edi, ecx);
            a.popcnt(r8d, ecx);
        });
        Assert.Equal([8ul, 20ul, 8ul, 11ul, 3ul],
            ((Gpr[])[Gpr.Rax, Gpr.Rdx, Gpr.Rsi, Gpr.Rdi, Gpr.R8]).Select(register => _bench[register]));
    }

    [Fact]
    public void Bit_field_instructions_do_what_their_formulas_say()
    {
        var random = new Random(20);
        for (int i = 0; i < 50; i++)
        {
            ulong value = (ulong)random.NextInt64() << random.Next(20);
            ulong control = (ulong)random.NextInt64();
            _bench[Gpr.Rcx] = value;
            _bench[Gpr.Rdx] = control;
            _bench.Run64(a =>
            {
                a.andn(rax, rcx, rdx);
                a.bextr(rbx, rcx, rdx);
                a.blsi(rsi, rcx);
                a.blsmsk(rdi, rcx);
                a.blsr(r8, rcx);
                a.bzhi(r9, rcx, rdx);
                a.rorx(r10, rcx, 13);
                a.sarx(r11, rcx, rdx);
                a.shlx(r12, rcx, rdx);
                a.shrx(r13, rcx, rdx);
            });
            int start = (byte)control;
            int length = (byte)(control >> 8);
            BigInteger field = ((BigInteger)value >> start) & ((BigInteger.One << length) - 1);
            ulong low = start < 64 ? value & ((1ul << start) - 1) : value;
            Assert.Equal([~value & control, (ulong)field, value & (0 - value), value ^ (value - 1), value & (value - 1), low],
                ((Gpr[])[Gpr.Rax, Gpr.Rbx, Gpr.Rsi, Gpr.Rdi, Gpr.R8, Gpr.R9]).Select(register => _bench[register]));
            int count = (int)control & 63;
            Assert.Equal([BitOperations.RotateRight(value, 13), (ulong)((long)value >> count), value << count, value >> count],
                ((Gpr[])[Gpr.R10, Gpr.R11, Gpr.R12, Gpr.R13]).Select(register => _bench[register]));
        }
    }

    [Fact]
    public void Deposit_and_extract_undo_each_other()
    {
        _bench[Gpr.Rcx] = 0b1011;
        _bench[Gpr.Rdx] = 0xF0F0_0000_0000_0000;
        _bench.Run64(a =>
        {
            a.pdep(rax, rcx, rdx);
            a.pext(rbx, rax, rdx);
        });
        Assert.Equal((0x00B0_0000_0000_0000ul, 0b1011ul), (_bench[Gpr.Rax], _bench[Gpr.Rbx]));
    }

    [Fact]
    public void Mulx_keeps_the_upper_half_when_its_destinations_are_one_register_and_changes_no_flag()
    {
        _bench[Gpr.Rdx] = ulong.MaxValue;
        _bench[Gpr.Rcx] = 3;
        _bench.Flags = Rflags.Arithmetic;
        BenchRun run = _bench.Run64(a =>
        {
            a.mulx(rax, rbx, rcx);
            a.mulx(rsi, rsi, rcx);
        });
        Assert.Equal((2ul, ulong.MaxValue - 2, 2ul), (_bench[Gpr.Rax], _bench[Gpr.Rbx], _bench[Gpr.Rsi]));
        Assert.Equal(Rflags.Arithmetic, run.Flags & Rflags.Arithmetic);
    }

    [Fact]
    public void Adcx_and_adox_carry_through_a_flag_each()
    {
        _bench[Gpr.Rax] = ulong.MaxValue;
        _bench[Gpr.Rcx] = 0;
        _bench.Flags = Rflags.CF | Rflags.ZF;
        BenchRun run = _bench.Run64(a =>
        {
            a.adcx(rax, rcx);
            a.adox(rcx, rcx);
        });
        Assert.Equal((0ul, 0ul), (_bench[Gpr.Rax], _bench[Gpr.Rcx]));
        Assert.Equal(Rflags.CF | Rflags.ZF, run.Flags & Rflags.Arithmetic);
    }

    [Fact]
    public void An_instruction_that_the_model_lacks_is_an_invalid_opcode()
    {
        var haswell = new MachineBench(Cpus.Haswell);
        Assert.Equal(Vector.InvalidOpcode, haswell.Fault(BenchMode.Kernel64, a => a.adcx(rax, rcx)).Vector);
    }

    [Fact]
    public void Crc32_is_that_of_the_check_string()
    {
        _bench.WriteBytes(Data, "123456789"u8);
        _bench[Gpr.Rax] = uint.MaxValue;
        _bench.Run64(a =>
        {
            a.crc32(rax, __qword_ptr[Data]);
            a.crc32(eax, __byte_ptr[Data + 8]);
        });
        Assert.Equal(0xE306_9283u, ~(uint)_bench[Gpr.Rax]);
    }
}
