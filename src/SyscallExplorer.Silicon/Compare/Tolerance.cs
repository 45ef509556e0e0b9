using System.Buffers.Binary;
using Iced.Intel;

namespace SyscallExplorer.Silicon;

/// <summary>By how much results may differ whose last bits the architecture leaves to the processor.</summary>
/// <param name="ExtendedUlps">Of an 80-bit real: units in the last place.</param>
/// <param name="SingleRelative">Of a single: a relative error.</param>
internal readonly record struct Tolerance(int ExtendedUlps, float SingleRelative)
{
    /// <summary>Transcendental functions: below one ulp each when rounding to nearest. SDM vol. 1, 8.3.10; both sides may use it.</summary>
    private const int Transcendental = 2;

    /// <summary>RCP and RSQRT: 1.5 * 2^-12 each side. SDM vol. 2B, RCPPS and RSQRTPS.</summary>
    private const float Reciprocal = 2 * 1.5f / 4096;

    /// <summary>What an instruction is granted.</summary>
    public static Tolerance Of(in Instruction instruction) => instruction.Mnemonic switch
    {
        Mnemonic.Fsin or Mnemonic.Fcos or Mnemonic.Fsincos or Mnemonic.Fptan or Mnemonic.Fpatan or Mnemonic.F2xm1 or Mnemonic.Fyl2x or Mnemonic.Fyl2xp1 => new(Transcendental, 0),
        Mnemonic.Rcpps or Mnemonic.Rcpss or Mnemonic.Vrcpps or Mnemonic.Vrcpss or Mnemonic.Rsqrtps or Mnemonic.Rsqrtss or Mnemonic.Vrsqrtps or Mnemonic.Vrsqrtss
            => new(0, Reciprocal),
        _ => default,
    };

    /// <summary>Whether two 80-bit reals are near enough.</summary>
    public bool AllowsExtended(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        if (ExtendedUlps == 0)
            return false;
        ushort leftTop = BinaryPrimitives.ReadUInt16LittleEndian(left[8..]), rightTop = BinaryPrimitives.ReadUInt16LittleEndian(right[8..]);
        if ((leftTop ^ rightTop) >> 15 != 0)
            return false;
        var leftWide = (Int128)(((UInt128)(leftTop & 0x7FFFu) << 63) + (BinaryPrimitives.ReadUInt64LittleEndian(left) & long.MaxValue));
        var rightWide = (Int128)(((UInt128)(rightTop & 0x7FFFu) << 63) + (BinaryPrimitives.ReadUInt64LittleEndian(right) & long.MaxValue));
        return Int128.Abs(leftWide - rightWide) <= ExtendedUlps;
    }

    /// <summary>Whether two vectors of singles are equal or near enough.</summary>
    public bool AllowsSingles(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        if (left.SequenceEqual(right))
            return true;
        if (SingleRelative == 0)
            return false;
        for (int i = 0; i < left.Length; i += 4)
        {
            float a = BinaryPrimitives.ReadSingleLittleEndian(left[i..]), b = BinaryPrimitives.ReadSingleLittleEndian(right[i..]);
            if (BitConverter.SingleToUInt32Bits(a) != BitConverter.SingleToUInt32Bits(b) && !(Math.Abs((double)a - b) <= SingleRelative * Math.Abs((double)b)))
                return false;
        }

        return true;
    }
}
