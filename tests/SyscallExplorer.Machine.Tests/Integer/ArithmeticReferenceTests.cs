using System.Numerics;
using Xunit;
using static SyscallExplorer.Machine.Tests.Calculation;

namespace SyscallExplorer.Machine.Tests;

/// <summary>Additions, subtractions and bitwise operations against formulas over unbounded integers.</summary>
public sealed class ArithmeticReferenceTests
{
    private const ulong Garbage = 0xA5A5_5A5A_C3C3_3C3C;

    public static TheoryData<string, int> Binary => Cases("Add", "Adc", "Sub", "Sbb", "Cmp", "And", "Or", "Xor", "Test");

    public static TheoryData<string, int> Unary => Cases("Inc", "Dec", "Neg", "Not");

    [Theory, MemberData(nameof(Binary))]
    public void Two_operands_give_the_result_and_the_flags_of_the_formula(string name, int width)
    {
        Calculation calculation = Of($"{name}_rm#_r#", width);
        foreach (ulong left in Values(width, 1))
        {
            foreach (ulong right in Values(width, 2))
            {
                foreach (ulong flagsBefore in (ulong[])[0, Rflags.Arithmetic])
                {
                    calculation.Run(Above(left, width), right, 0, flagsBefore);
                    (BigInteger result, ulong flags) = Reference(name, width, left, right, (flagsBefore & Rflags.CF) != 0);
                    string what = $"{name} {width}: {left:x}, {right:x}, flags {flagsBefore:x}";
                    AssertResult(what, name is "Cmp" or "Test" ? Above(left, width) : Kept(result, width), calculation.Rax);
                    AssertResult(what, flags | Rflags.Fixed, calculation.Flags);
                }
            }
        }
    }

    [Theory, MemberData(nameof(Unary))]
    public void One_operand_gives_the_result_and_the_flags_of_the_formula(string name, int width)
    {
        Calculation calculation = Of($"{name}_rm#", width);
        foreach (ulong value in Values(width, 3))
        {
            foreach (ulong flagsBefore in (ulong[])[0, Rflags.Arithmetic])
            {
                calculation.Run(Above(value, width), 0, 0, flagsBefore);
                (BigInteger result, ulong flags) = name switch
                {
                    "Inc" => Reference("Add", width, value, 1, false),
                    "Dec" => Reference("Sub", width, value, 1, false),
                    "Neg" => Reference("Sub", width, 0, value, false),
                    _ => (~new BigInteger(value), flagsBefore),
                };
                if (name is "Inc" or "Dec")
                    flags = (flags & ~Rflags.CF) | (flagsBefore & Rflags.CF);
                string what = $"{name} {width}: {value:x}, flags {flagsBefore:x}";
                AssertResult(what, Kept(result, width), calculation.Rax);
                AssertResult(what, flags | Rflags.Fixed, calculation.Flags);
            }
        }
    }

    private static (BigInteger Result, ulong Flags) Reference(string name, int width, ulong left, ulong right, bool carryIn)
    {
        BigInteger a = left;
        BigInteger b = right;
        BigInteger carry = carryIn && name is "Adc" or "Sbb" ? (carryIn ? 1 : 0) : 0;
        BigInteger signedA = Signed(a, width);
        BigInteger signedB = Signed(b, width);
        switch (name)
        {
            case "Add" or "Adc":
                return (a + b + carry, ResultFlags(a + b + carry, width)
                    | When(a + b + carry > Mask(width), Rflags.CF)
                    | When((a % 16) + (b % 16) + carry > 15, Rflags.AF)
                    | When(signedA + signedB + carry != Signed(a + b + carry, width), Rflags.OF));
            case "Sub" or "Sbb" or "Cmp":
                return (a - b - carry, ResultFlags(a - b - carry, width)
                    | When(a - b - carry < 0, Rflags.CF)
                    | When((a % 16) - (b % 16) - carry < 0, Rflags.AF)
                    | When(signedA - signedB - carry != Signed(a - b - carry, width), Rflags.OF));
            default:
                BigInteger bits = name switch { "Or" => a | b, "Xor" => a ^ b, _ => a & b };
                return (bits, ResultFlags(bits, width));
        }
    }

    private static ulong Above(ulong value, int width) => (Garbage & ~Mask(width)) | value;

    private static ulong Kept(BigInteger result, int width) =>
        width == 32 ? (ulong)Unsigned(result, width) : Above((ulong)Unsigned(result, width), width);

    private static void AssertResult(string what, ulong expected, ulong actual) =>
        Assert.True(expected == actual, $"{what}: expected {expected:x}, got {actual:x}");

    private static TheoryData<string, int> Cases(params string[] names)
    {
        var cases = new TheoryData<string, int>();
        foreach (string name in names)
        {
            foreach (int width in Widths)
                cases.Add(name, width);
        }

        return cases;
    }
}
