using System.Numerics;
using System.Runtime.CompilerServices;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>FST, FSTP, FIST, FISTP, FISTTP and FBSTP. SDM vol. 2A, each under its name.</summary>
internal static unsafe class X87Stores
{
    /// <summary>An unmasked one of these leaves memory and the stack as they were: the result is not for a register. SDM vol. 1, 8.5.4 and 8.5.5.</summary>
    private const FloatExceptions WithoutResult = FloatExceptions.BeforeComputation | FloatExceptions.Overflow | FloatExceptions.Underflow;

    /// <summary>The most that 18 digits hold.</summary>
    private const ulong MaxDecimal = 999_999_999_999_999_999;

    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Fst_m32fp, &Fst<Binary32, uint>);
        table.One(Code.Fst_m64fp, &Fst<Binary64, ulong>);
        table.One(Code.Fstp_m32fp, &Fstp<Binary32, uint>);
        table.One(Code.Fstp_m64fp, &Fstp<Binary64, ulong>);
        table.One(Code.Fstp_m80fp, &Fstp80);
        table.One(Code.Fst_sti, &FstRegister);
        table.One(Code.Fstp_sti, &FstpRegister);
        table.One(Code.Fstpnce_sti, &Fstpnce);
        table.One(Code.Fstp_sti_DFD0, &FstpRegister);
        table.One(Code.Fstp_sti_DFD8, &FstpRegister);
        table.One(Code.Fist_m16int, &Fist<short>);
        table.One(Code.Fist_m32int, &Fist<int>);
        table.One(Code.Fistp_m16int, &Fistp<short>);
        table.One(Code.Fistp_m32int, &Fistp<int>);
        table.One(Code.Fistp_m64int, &Fistp<long>);
        table.One(Code.Fisttp_m16int, &Fisttp<short>);
        table.One(Code.Fisttp_m32int, &Fisttp<int>);
        table.One(Code.Fisttp_m64int, &Fisttp<long>);
        table.One(Code.Fbstp_m80bcd, &Fbstp);
    }

    private static Outcome Fst<TFormat, TBits>(Processor cpu, Operation op)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged => StoreReal<TFormat, TBits>(cpu, op, pops: 0);

    private static Outcome Fstp<TFormat, TBits>(Processor cpu, Operation op)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged => StoreReal<TFormat, TBits>(cpu, op, pops: 1);

    private static Outcome StoreReal<TFormat, TBits>(Processor cpu, Operation op, int pops)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
    {
        if (!cpu.BeginX87())
            return Outcome.Fault;
        FloatContext context = cpu.S.X87.Context;
        FloatNumber number = cpu.S.X87.IsEmpty(0) ? Extended.Unpack(X87StackFault.Underflow(ref context)) : cpu.S.X87.Number(0);

        // A denormal operand is not reported: what becomes of it here is an underflow.
        TBits bits = number.IsNumber ? FloatRounding.Round<TFormat, TBits>(number, ref context) : NotANumber.Propagate<TFormat, TBits>(number, ref context);
        if ((context.Unmasked & WithoutResult) != 0)
        {
            context.Raised &= ~FloatExceptions.Precision;
            context.RoundedUp = false;
        }

        return Store(cpu, op, context, bits, pops);
    }

    /// <summary>The one store that gives every bit away as it is.</summary>
    private static Outcome Fstp80(Processor cpu, Operation op)
    {
        if (!cpu.BeginX87())
            return Outcome.Fault;
        FloatContext context = cpu.S.X87.Context;
        ExtendedReal value = cpu.S.X87.IsEmpty(0) ? X87StackFault.Underflow(ref context) : cpu.S.X87.Get(0);
        return Store(cpu, op, context, new TenBytes(value.Significand, value.SignAndExponent), pops: 1);
    }

    private static Outcome FstRegister(Processor cpu, Operation op) => StoreRegister(cpu, op, pops: 0);

    private static Outcome FstpRegister(Processor cpu, Operation op) => StoreRegister(cpu, op, pops: 1);

    private static Outcome StoreRegister(Processor cpu, Operation op, int pops)
    {
        if (!cpu.BeginX87())
            return Outcome.Fault;
        FloatContext context = cpu.S.X87.Context;
        ExtendedReal value = cpu.S.X87.IsEmpty(0) ? X87StackFault.Underflow(ref context) : cpu.S.X87.Get(0);
        return cpu.EndX87(op, context, op.Op0.Index, value, pops);
    }

    /// <summary>An alias of FSTP ST(i) that raises nothing when ST(0) is empty ("no condition on empty"): then it only pops.</summary>
    private static Outcome Fstpnce(Processor cpu, Operation op)
    {
        if (!cpu.BeginX87())
            return Outcome.Fault;
        if (!cpu.S.X87.IsEmpty(0))
            cpu.S.X87.Set(op.Op0.Index, cpu.S.X87.Get(0));
        cpu.S.X87.Pop();
        return cpu.EndX87(op, cpu.S.X87.Context);
    }

    private static Outcome Fist<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T> =>
        StoreInteger<T>(cpu, op, cpu.S.X87.Context.Rounding, pops: 0);

    private static Outcome Fistp<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T> =>
        StoreInteger<T>(cpu, op, cpu.S.X87.Context.Rounding, pops: 1);

    private static Outcome Fisttp<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T> =>
        StoreInteger<T>(cpu, op, RoundingControl.Zero, pops: 1);

    private static Outcome StoreInteger<T>(Processor cpu, Operation op, RoundingControl rounding, int pops) where T : unmanaged, IBinaryInteger<T>
    {
        if (!cpu.BeginX87())
            return Outcome.Fault;
        FloatContext context = cpu.S.X87.Context;
        FloatNumber number = cpu.S.X87.IsEmpty(0) ? Extended.Unpack(X87StackFault.Underflow(ref context)) : cpu.S.X87.Number(0);
        long value = FloatConversion.ToSigned(number, Unsafe.SizeOf<T>() * 8, rounding, ref context);
        return Store(cpu, op, context, T.CreateTruncating(value), pops);
    }

    private static Outcome Fbstp(Processor cpu, Operation op)
    {
        if (!cpu.BeginX87())
            return Outcome.Fault;
        FloatContext context = cpu.S.X87.Context;
        FloatNumber number = cpu.S.X87.IsEmpty(0) ? Extended.Unpack(X87StackFault.Underflow(ref context)) : cpu.S.X87.Number(0);
        return Store(cpu, op, context, ToDecimal(number, ref context), pops: 1);
    }

    /// <summary>18 decimal digits and a sign, or packed BCD indefinite. SDM vol. 1, table 4-4.</summary>
    private static TenBytes ToDecimal(in FloatNumber number, ref FloatContext context)
    {
        bool inexact = false, up = false;
        ulong magnitude = number.IsFinite && number.Exponent < 63 ? FloatConversion.WholePart(number, context.Rounding, out inexact, out up) : ulong.MaxValue;
        if (magnitude > MaxDecimal)
        {
            context.Raised |= FloatExceptions.Invalid;
            return new TenBytes(0xC000_0000_0000_0000, 0xFFFF);
        }

        context.RoundedUp = up;
        if (inexact)
            context.Raised |= FloatExceptions.Precision;
        ulong low = 0;
        for (int digit = 0; digit < 16; digit++, magnitude /= 10)
            low |= magnitude % 10 << (digit * 4);
        ulong high = (magnitude % 10) | (magnitude / 10 << 4) | (number.Negative ? 0x8000u : 0);
        return new TenBytes(low, (ushort)high);
    }

    private static Outcome Store<T>(Processor cpu, Operation op, in FloatContext context, T value, int pops) where T : unmanaged
    {
        bool stores = (context.Unmasked & WithoutResult) == 0;

        // Whether memory can be written shows even when the value will not be.
        if (stores ? !cpu.WriteMemory(op, value) : !cpu.CanWriteSegment(op.Segment, cpu.EffectiveAddress(op), Unsafe.SizeOf<T>()))
            return Outcome.Fault;
        if (stores)
            cpu.S.X87.Pop(pops);
        return cpu.EndX87(op, context);
    }
}
