using System.Numerics;
using System.Runtime.CompilerServices;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>DIV and IDIV. SDM vol. 2A. #DE for a zero divisor and for a quotient that does not fit. The flags are undefined and left alone.</summary>
internal static unsafe class Division
{
    public static void Register(InstructionTableBuilder table)
    {
        table.Sized(Mnemonic.Div, &Unsigned<byte>, &Unsigned<ushort>, &Unsigned<uint>, &Unsigned<ulong>);
        table.Sized(Mnemonic.Idiv, &Signed<byte>, &Signed<ushort>, &Signed<uint>, &Signed<ulong>);
    }

    private static Outcome Unsigned<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (!cpu.Read(op, op.Op0, out T divisor))
            return Outcome.Fault;
        ReadDividend(cpu, out T high, out T low);

        // The quotient fits exactly when the upper half is below the divisor.
        if (high >= divisor)
            return cpu.Raise(Vector.DivideError);
        T quotient = Divide(high, low, divisor, out T remainder);
        WriteResults(cpu, quotient, remainder);
        return Outcome.Next;
    }

    private static Outcome Signed<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (!cpu.Read(op, op.Op0, out T divisor))
            return Outcome.Fault;
        ReadDividend(cpu, out T high, out T low);
        bool dividendNegative = Flags.IsNegative(high);
        bool divisorNegative = Flags.IsNegative(divisor);
        if (dividendNegative)
        {
            high = unchecked(~high + (low == T.Zero ? T.One : T.Zero));
            low = Negate(low);
        }

        T magnitude = divisorNegative ? Negate(divisor) : divisor;
        if (high >= magnitude)
            return cpu.Raise(Vector.DivideError);
        T quotient = Divide(high, low, magnitude, out T remainder);
        bool negative = dividendNegative != divisorNegative;
        T largest = ~T.Zero >>> 1;
        if (quotient > (negative ? unchecked(largest + T.One) : largest))
            return cpu.Raise(Vector.DivideError);
        WriteResults(cpu, negative ? Negate(quotient) : quotient, dividendNegative ? Negate(remainder) : remainder);
        return Outcome.Next;
    }

    private static T Negate<T>(T value) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => unchecked(~value + T.One);

    private static T Divide<T>(T high, T low, T divisor, out T remainder) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (high == T.Zero)
        {
            (T narrow, remainder) = T.DivRem(low, divisor);
            return narrow;
        }

        if (Unsafe.SizeOf<T>() == 8)
        {
            var dividend = new UInt128(ulong.CreateTruncating(high), ulong.CreateTruncating(low));
            UInt128 wide = ulong.CreateTruncating(divisor);
            UInt128 quotient = dividend / wide;
            remainder = T.CreateTruncating(dividend - quotient * wide);
            return T.CreateTruncating(quotient);
        }
        else
        {
            ulong dividend = (ulong.CreateTruncating(high) << Width.Bits<T>()) | ulong.CreateTruncating(low);
            (ulong quotient, ulong rest) = Math.DivRem(dividend, ulong.CreateTruncating(divisor));
            remainder = T.CreateTruncating(rest);
            return T.CreateTruncating(quotient);
        }
    }

    private static void ReadDividend<T>(Processor cpu, out T high, out T low) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        low = cpu.Register<T>((int)Gpr.Rax);
        high = Unsafe.SizeOf<T>() == 1 ? T.CreateTruncating(cpu.S.Gpr[(int)Gpr.Rax] >> 8) : cpu.Register<T>((int)Gpr.Rdx);
    }

    private static void WriteResults<T>(Processor cpu, T quotient, T remainder) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (Unsafe.SizeOf<T>() == 1)
        {
            cpu.SetRegister((int)Gpr.Rax, (ushort)(byte.CreateTruncating(quotient) | byte.CreateTruncating(remainder) << 8));
            return;
        }

        cpu.SetRegister((int)Gpr.Rax, quotient);
        cpu.SetRegister((int)Gpr.Rdx, remainder);
    }
}
