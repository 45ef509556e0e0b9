using System.Numerics;
using System.Runtime.CompilerServices;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>
/// MUL, IMUL, MULX. SDM vol. 2A and 2B. CF and OF tell whether the product needs its upper half; SF, ZF, AF and PF are undefined: SF and PF
/// are those of the lower half, AF and ZF are clear.
/// </summary>
internal static unsafe class Multiplication
{
    public static void Register(InstructionTableBuilder table)
    {
        table.Sized(Mnemonic.Mul, &Unsigned<byte>, &Unsigned<ushort>, &Unsigned<uint>, &Unsigned<ulong>);
        table.Sized(Mnemonic.Imul, &Signed<byte>, &Signed<ushort>, &Signed<uint>, &Signed<ulong>, form => form.OpCount == 1);
        table.Sized(Mnemonic.Imul, null, &Truncated<ushort>, &Truncated<uint>, &Truncated<ulong>, form => form.OpCount > 1);
        table.Sized(Mnemonic.Mulx, null, null, &WithoutFlags<uint>, &WithoutFlags<ulong>);
    }

    /// <summary>The full unsigned product.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Product<T>(T left, T right, out T high) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        ulong low;
        if (Unsafe.SizeOf<T>() == 8)
        {
            ulong upper = Math.BigMul(ulong.CreateTruncating(left), ulong.CreateTruncating(right), out low);
            high = T.CreateTruncating(upper);
        }
        else
        {
            low = ulong.CreateTruncating(left) * ulong.CreateTruncating(right);
            high = T.CreateTruncating(low >> Width.Bits<T>());
        }

        return T.CreateTruncating(low);
    }

    /// <summary>The full signed product.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T SignedProduct<T>(T left, T right, out T high) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T low = Product(left, right, out high);
        if (Flags.IsNegative(left))
            high = unchecked(high - right);
        if (Flags.IsNegative(right))
            high = unchecked(high - left);
        return low;
    }

    private static Outcome Unsigned<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (!cpu.Read(op, op.Op0, out T factor))
            return Outcome.Fault;
        T low = Product(cpu.Register<T>((int)Gpr.Rax), factor, out T high);
        SetWide(cpu, low, high);
        SetFlags(cpu, low, high != T.Zero);
        return Outcome.Next;
    }

    private static Outcome Signed<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (!cpu.Read(op, op.Op0, out T factor))
            return Outcome.Fault;
        T low = SignedProduct(cpu.Register<T>((int)Gpr.Rax), factor, out T high);
        SetWide(cpu, low, high);
        SetFlags(cpu, low, Overflows(low, high));
        return Outcome.Next;
    }

    /// <summary>IMUL with two or three operands: only the lower half is kept.</summary>
    private static Outcome Truncated<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        bool three = op.Op2.Kind != OperandKind.None;
        if (!cpu.Read(op, three ? op.Op1 : op.Op0, out T left) || !cpu.Read(op, three ? op.Op2 : op.Op1, out T right))
            return Outcome.Fault;
        T low = SignedProduct(left, right, out T high);
        cpu.SetRegister(op.Op0.Index, low);
        SetFlags(cpu, low, Overflows(low, high));
        return Outcome.Next;
    }

    /// <summary>MULX: when both destinations are one register it keeps the upper half.</summary>
    private static Outcome WithoutFlags<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (!cpu.Read(op, op.Op2, out T factor))
            return Outcome.Fault;
        T low = Product(cpu.Register<T>((int)Gpr.Rdx), factor, out T high);
        cpu.SetRegister(op.Op1.Index, low);
        cpu.SetRegister(op.Op0.Index, high);
        return Outcome.Next;
    }

    private static bool Overflows<T>(T low, T high) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        high != (Flags.IsNegative(low) ? ~T.Zero : T.Zero);

    private static void SetWide<T>(Processor cpu, T low, T high) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (Unsafe.SizeOf<T>() == 1)
        {
            cpu.SetRegister((int)Gpr.Rax, (ushort)(byte.CreateTruncating(low) | byte.CreateTruncating(high) << 8));
            return;
        }

        cpu.SetRegister((int)Gpr.Rax, low);
        cpu.SetRegister((int)Gpr.Rdx, high);
    }

    private static void SetFlags<T>(Processor cpu, T low, bool needsUpperHalf) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        cpu.S.Rflags = (cpu.S.Rflags & ~Rflags.Arithmetic) | (Flags.OfResult(low) & ~Rflags.ZF) | (needsUpperHalf ? Rflags.CF | Rflags.OF : 0);
}
