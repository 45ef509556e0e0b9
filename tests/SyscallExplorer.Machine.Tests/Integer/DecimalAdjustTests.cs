using Iced.Intel;
using Xunit;

namespace SyscallExplorer.Machine.Tests;

/// <summary>DAA, DAS, AAA, AAS, AAM, AAD and SALC, for every AL, AF and CF, against the steps of SDM vol. 2A and against decimal arithmetic.</summary>
public sealed class DecimalAdjustTests
{
    private readonly MachineBench _bench = new();

    [Theory, InlineData(0x27, true), InlineData(0x2F, false)]
    public void A_packed_adjustment_follows_the_manuals_two_steps(byte opcode, bool addition)
    {
        _bench.Place(BenchMode.Kernel32, opcode);
        for (int input = 0; input < 1024; input++)
        {
            int al = input & 0xFF;
            bool af = (input & 0x100) != 0, cf = (input & 0x200) != 0;
            int step = addition ? 6 : -6;
            bool lowStep = al % 16 > 9 || af, highStep = al > 0x99 || cf;
            int low = al + (lowStep ? step : 0);
            bool carry = highStep || (!addition && lowStep && low < 0);
            int result = (low + (highStep ? step * 16 : 0)) & 0xFF;
            Assert.Equal((result, lowStep, carry), Adjust((ushort)(0x5A00 | al), af, cf, out int ah));
            Assert.Equal(0x5A, ah);
            Assert.Equal(ResultFlags(result), _bench.Flags & (Rflags.SF | Rflags.ZF | Rflags.PF));
        }
    }

    [Theory, InlineData(0x00, 0x27), InlineData(0x28, 0x2F)]
    public void Sums_and_differences_of_two_decimal_digits_are_decimal(byte operation, byte adjustment)
    {
        _bench.Place(BenchMode.Kernel32, operation, 0xD8, adjustment);
        for (int left = 0; left < 100; left++)
        {
            for (int right = 0; right < 100; right++)
            {
                _bench.Rewind();
                (_bench[Gpr.Rax], _bench[Gpr.Rbx]) = (Packed(left), Packed(right));
                BenchRun run = _bench.Go();
                int exact = operation == 0 ? left + right : left - right;
                Assert.Equal((Packed((exact + 100) % 100), exact is < 0 or > 99), (_bench[Gpr.Rax], (run.Flags & Rflags.CF) != 0));
            }
        }
    }

    [Theory, InlineData(0x37, 1), InlineData(0x3F, -1)]
    public void An_unpacked_adjustment_moves_AX_by_a_digit_and_a_carry(byte opcode, int sign)
    {
        _bench.Place(BenchMode.Kernel32, opcode);
        for (int ax = 0; ax <= ushort.MaxValue; ax += ax % 256 == 255 ? 0x0F01 : 1)
        {
            foreach (bool af in (bool[])[false, true])
            {
                bool adjusted = af || ax % 16 > 9;
                int expected = (adjusted ? ax + sign * 6 + sign * 256 : ax) & 0xFFFF;
                Assert.Equal((expected & 15, adjusted, adjusted), Adjust((ushort)ax, af, cf: !adjusted, out int ah));
                Assert.Equal(expected >> 8, ah);
            }
        }
    }

    [Fact]
    public void AAM_divides_and_AAD_multiplies_by_any_base()
    {
        foreach (byte radix in (byte[])[1, 2, 10, 16, 200, 255])
        {
            for (int al = 0; al < 256; al++)
            {
                _bench.Place(BenchMode.Kernel32, 0xD4, radix);
                _bench[Gpr.Rax] = 0xFFFF_0000u | (uint)al;
                ulong flags = _bench.Go().Flags;
                Assert.Equal(0xFFFF_0000u | (uint)(al / radix << 8 | al % radix), _bench[Gpr.Rax]);
                Assert.Equal(ResultFlags(al % radix), flags & (Rflags.SF | Rflags.ZF | Rflags.PF));

                _bench.Place(BenchMode.Kernel32, 0xD5, radix);
                Assert.Null(_bench.Go().Exception);
                Assert.Equal(0xFFFF_0000u | (uint)al, _bench[Gpr.Rax]);
            }
        }

        Assert.Equal(Vector.DivideError, _bench.Fault(BenchMode.Kernel32, 0xD4, 0).Vector);
    }

    [Theory, InlineData(true, 0xFFul), InlineData(false, 0ul)]
    public void SALC_spreads_the_carry_over_AL(bool carry, ulong expected)
    {
        _bench[Gpr.Rax] = 0x1234;
        _bench.Flags = carry ? Rflags.CF : 0;
        _bench.Complete(BenchMode.Kernel32, 0xD6);
        Assert.Equal(0x1200 | expected, _bench[Gpr.Rax]);
    }

    [Theory]
    [InlineData("27"), InlineData("2F"), InlineData("37"), InlineData("3F"), InlineData("D40A"), InlineData("D50A"), InlineData("D6")]
    public void None_of_them_is_there_in_64_bit_mode(string code) =>
        Assert.Equal(Vector.InvalidOpcode, _bench.Fault(BenchMode.Kernel64, Convert.FromHexString(code)).Vector);

    private (int Al, bool Af, bool Cf) Adjust(ushort ax, bool af, bool cf, out int ah)
    {
        _bench.Rewind();
        _bench[Gpr.Rax] = ax;
        _bench.Flags = (af ? Rflags.AF : 0) | (cf ? Rflags.CF : 0);
        BenchRun run = _bench.Go();
        ah = (int)(_bench[Gpr.Rax] >> 8);
        return ((byte)_bench[Gpr.Rax], (run.Flags & Rflags.AF) != 0, (run.Flags & Rflags.CF) != 0);
    }

    private static ulong Packed(int value) => (ulong)(value / 10 * 16 + value % 10);

    private static ulong ResultFlags(int result) =>
        (result == 0 ? Rflags.ZF : 0) | (result > 127 ? Rflags.SF : 0) | (Convert.ToString(result, 2).Count(bit => bit == '1') % 2 == 0 ? Rflags.PF : 0);
}
