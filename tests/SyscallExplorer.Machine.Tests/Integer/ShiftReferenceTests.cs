using System.Numerics;
using Xunit;
using static SyscallExplorer.Machine.Tests.Calculation;

namespace SyscallExplorer.Machine.Tests;

/// <summary>Shifts and rotates by every count against formulas over unbounded integers. Only what the manual defines is compared.</summary>
public sealed class ShiftReferenceTests
{
    private static readonly int[] Counts = [.. Enumerable.Range(0, 67), 95, 96, 97, 127, 128, 191, 192, 254, 255];

    public static TheoryData<string, int> Single => Cases(Widths, "Shl", "Sal", "Shr", "Sar", "Rol", "Ror", "Rcl", "Rcr");

    public static TheoryData<string, int> Double => Cases([16, 32, 64], "Shld", "Shrd");

    [Theory, MemberData(nameof(Single))]
    public void A_shift_by_any_count_gives_the_result_and_the_flags_of_the_formula(string name, int width)
    {
        Calculation calculation = Of($"{name}_rm#_CL", width);
        IReadOnlyList<ulong> values = Values(width, 4);
        foreach (int rawCount in Counts)
        {
            foreach (ulong value in values)
            {
                ulong before = (rawCount & 1) != 0 ? Rflags.Arithmetic : 0;
                calculation.Run(value, (ulong)rawCount, 0, before | Rflags.CF * ((value >> 1) & 1));
                before |= Rflags.CF * ((value >> 1) & 1);
                int count = rawCount & (width == 64 ? 63 : 31);
                Expectation expected = Reference(name, width, value, count, before);
                Check($"{name} {width}: {value:x} by {rawCount}, flags {before:x}", expected, width, calculation);
            }
        }
    }

    [Theory, MemberData(nameof(Double))]
    public void A_double_shift_gives_the_result_and_the_flags_of_the_formula(string name, int width)
    {
        Calculation calculation = Of($"{name}_rm#_r#_CL", width);
        IReadOnlyList<ulong> values = Values(width, 5);
        IReadOnlyList<ulong> fillers = Values(width, 6);
        foreach (int rawCount in Counts)
        {
            int count = rawCount & (width == 64 ? 63 : 31);
            if (count > width)
                continue;
            for (int i = 0; i < values.Count; i++)
            {
                ulong value = values[i];
                ulong filler = fillers[(i + rawCount) % fillers.Count];
                ulong before = (rawCount & 1) != 0 ? Rflags.Arithmetic : 0;
                calculation.Run(value, (ulong)rawCount, filler, before);
                Expectation expected = DoubleReference(name, width, value, filler, count, before);
                Check($"{name} {width}: {value:x}, {filler:x} by {rawCount}, flags {before:x}", expected, width, calculation);
            }
        }
    }

    /// <summary>A result, flags, and which flags are defined.</summary>
    private readonly record struct Expectation(BigInteger Result, ulong Flags, ulong Defined);

    private static void Check(string what, Expectation expected, int width, Calculation calculation)
    {
        ulong result = (ulong)Unsigned(expected.Result, width);
        Assert.True(result == calculation.Rax, $"{what}: expected {result:x}, got {calculation.Rax:x}");
        ulong difference = (expected.Flags ^ calculation.Flags) & expected.Defined;
        Assert.True(difference == 0, $"{what}: expected flags {expected.Flags:x}, got {calculation.Flags:x}, differing in {difference:x}");
    }

    private static Expectation Reference(string name, int width, ulong value, int count, ulong before)
    {
        if (count == 0)
            return new Expectation(value, before, Rflags.Arithmetic);
        BigInteger number = value;
        BigInteger signed = Signed(number, width);
        return name switch
        {
            "Shl" or "Sal" => Shifted(number << count, Bit(number << count, width), count <= width),
            "Shr" => Shifted(number >> count, Bit(number, count - 1), count <= width),
            "Sar" => Shifted(signed >> count, Bit(signed, count - 1), true),
            _ => RotateReference(name, width, number, count, before),
        };

        Expectation Shifted(BigInteger result, bool carry, bool carryDefined)
        {
            // OF tells whether a shift by one has changed the sign.
            ulong flags = ResultFlags(result, width) | When(carry, Rflags.CF)
                | When(Signed(result, width) < 0 != signed < 0, Rflags.OF);
            return new Expectation(result, flags,
                Rflags.PF | Rflags.ZF | Rflags.SF | When(carryDefined, Rflags.CF) | When(count == 1, Rflags.OF));
        }
    }

    /// <summary>A rotate is a walk around a ring of bits; RCL and RCR have CF in the ring.</summary>
    private static Expectation RotateReference(string name, int width, BigInteger number, int count, ulong before)
    {
        bool throughCarry = name is "Rcl" or "Rcr";
        bool left = name is "Rol" or "Rcl";
        int size = throughCarry ? width + 1 : width;
        BigInteger ring = throughCarry ? number | ((BigInteger)(before & Rflags.CF) << width) : number;
        int turn = left ? count % size : (size - count % size) % size;
        BigInteger turned = Unsigned((ring << turn) | (ring >> (size - turn)), size);
        BigInteger result = Unsigned(turned, width);
        bool carry = throughCarry ? Bit(turned, width) : left ? Bit(result, 0) : Bit(result, width - 1);
        bool overflow = left ? Bit(result, width - 1) != carry : Bit(result, width - 1) != Bit(result, width - 2);
        ulong flags = (before & ~(Rflags.CF | Rflags.OF)) | When(carry, Rflags.CF) | When(overflow, Rflags.OF);
        return new Expectation(result, flags, Rflags.Arithmetic & ~When(count != 1, Rflags.OF));
    }

    private static Expectation DoubleReference(string name, int width, ulong value, ulong filler, int count, ulong before)
    {
        if (count == 0)
            return new Expectation(value, before, Rflags.Arithmetic);
        BigInteger number = value;
        BigInteger result = name == "Shld"
            ? ((number << width | filler) << count) >> width
            : ((BigInteger)filler << width | number) >> count;
        bool carry = name == "Shld" ? Bit(number << count, width) : Bit(number, count - 1);
        ulong flags = ResultFlags(result, width) | When(carry, Rflags.CF)
            | When(Signed(result, width) < 0 != Signed(number, width) < 0, Rflags.OF);
        return new Expectation(result, flags, Rflags.PF | Rflags.ZF | Rflags.SF | Rflags.CF | When(count == 1, Rflags.OF));
    }

    private static bool Bit(BigInteger number, int index) => !((number >> index) & 1).IsZero;

    private static TheoryData<string, int> Cases(int[] widths, params string[] names)
    {
        var cases = new TheoryData<string, int>();
        foreach (string name in names)
        {
            foreach (int width in widths)
                cases.Add(name, width);
        }

        return cases;
    }
}
