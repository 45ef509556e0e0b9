using System.Numerics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>
/// ROL, ROR, RCL, RCR. SDM vol. 2B, RCL/RCR/ROL/ROR. Only CF and OF change. OF is undefined for counts above 1: it is computed from the
/// result as for a count of 1.
/// </summary>
internal static unsafe class Rotates
{
    public static void Register(InstructionTableBuilder table)
    {
        table.Sized(Mnemonic.Rol, &Shifts.ByCount<byte, RolRule>, &Shifts.ByCount<ushort, RolRule>, &Shifts.ByCount<uint, RolRule>, &Shifts.ByCount<ulong, RolRule>);
        table.Sized(Mnemonic.Ror, &Shifts.ByCount<byte, RorRule>, &Shifts.ByCount<ushort, RorRule>, &Shifts.ByCount<uint, RorRule>, &Shifts.ByCount<ulong, RorRule>);
        table.Sized(Mnemonic.Rcl, &Shifts.ByCount<byte, RclRule>, &Shifts.ByCount<ushort, RclRule>, &Shifts.ByCount<uint, RclRule>, &Shifts.ByCount<ulong, RclRule>);
        table.Sized(Mnemonic.Rcr, &Shifts.ByCount<byte, RcrRule>, &Shifts.ByCount<ushort, RcrRule>, &Shifts.ByCount<uint, RcrRule>, &Shifts.ByCount<ulong, RcrRule>);
    }

    /// <summary>Rotates right by a count below the width.</summary>
    public static T Right<T>(T value, int count) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        count == 0 ? value : (value >> count) | (value << (Width.Bits<T>() - count));

    private static void SetFlags(ulong carry, ulong overflow, ref ulong flags) =>
        flags = (flags & ~(Rflags.CF | Rflags.OF)) | (carry != 0 ? Rflags.CF : 0) | (overflow != 0 ? Rflags.OF : 0);

    private static ulong TopBitsDiffer<T>(T value) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        Width.Bit(value, Width.Bits<T>() - 1) ^ Width.Bit(value, Width.Bits<T>() - 2);

    private readonly struct RolRule : ICountRule
    {
        public static T Apply<T>(T value, int count, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        {
            if (count == 0)
                return value;
            int bits = Width.Bits<T>();
            T result = Right(value, (bits - count) & (bits - 1));
            ulong carry = Width.Bit(result, 0);
            SetFlags(carry, carry ^ Width.Bit(result, bits - 1), ref flags);
            return result;
        }
    }

    private readonly struct RorRule : ICountRule
    {
        public static T Apply<T>(T value, int count, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        {
            if (count == 0)
                return value;
            int bits = Width.Bits<T>();
            T result = Right(value, count & (bits - 1));
            SetFlags(Width.Bit(result, bits - 1), TopBitsDiffer(result), ref flags);
            return result;
        }
    }

    private readonly struct RclRule : ICountRule
    {
        public static T Apply<T>(T value, int count, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        {
            if (count == 0)
                return value;
            int bits = Width.Bits<T>();
            count %= bits + 1;
            ulong carry = flags & Rflags.CF;
            T result = value;
            if (count != 0)
            {
                result = (count < bits ? value << count : T.Zero) | (T.CreateTruncating(carry) << (count - 1)) | (count > 1 ? value >> (bits + 1 - count) : T.Zero);
                carry = Width.Bit(value, bits - count);
            }

            SetFlags(carry, carry ^ Width.Bit(result, bits - 1), ref flags);
            return result;
        }
    }

    private readonly struct RcrRule : ICountRule
    {
        public static T Apply<T>(T value, int count, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        {
            if (count == 0)
                return value;
            int bits = Width.Bits<T>();
            count %= bits + 1;
            ulong carry = flags & Rflags.CF;
            T result = value;
            if (count != 0)
            {
                result = (count < bits ? value >> count : T.Zero) | (T.CreateTruncating(carry) << (bits - count)) | (count > 1 ? value << (bits + 1 - count) : T.Zero);
                carry = Width.Bit(value, count - 1);
            }

            SetFlags(carry, TopBitsDiffer(result), ref flags);
            return result;
        }
    }
}
