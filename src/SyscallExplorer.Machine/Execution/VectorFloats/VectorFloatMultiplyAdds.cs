using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SyscallExplorer.Machine;

/// <summary>
/// VFMADD132PS to VFNMSUB231SD. The digits say which operands are multiplied, by their numbers, and which is added. SDM vol. 2, each under its name.
/// </summary>
internal static unsafe class VectorFloatMultiplyAdds
{
    public static void Register(VectorFloatForms forms)
    {
        Register<Order132>(forms, "132");
        Register<Order213>(forms, "213");
        Register<Order231>(forms, "231");
    }

    private interface IOrder
    {
        static abstract (TBits Left, TBits Right, TBits Addend) Of<TBits>(TBits first, TBits second, TBits third) where TBits : unmanaged;
    }

    private interface ISigns
    {
        static abstract bool NegateProduct { get; }

        static abstract bool NegateAddend(int element);
    }

    private static void Register<TOrder>(VectorFloatForms forms, string order) where TOrder : struct, IOrder
    {
        Register<TOrder, Madd>(forms, "fmadd" + order, scalar: true);
        Register<TOrder, Msub>(forms, "fmsub" + order, scalar: true);
        Register<TOrder, Nmadd>(forms, "fnmadd" + order, scalar: true);
        Register<TOrder, Nmsub>(forms, "fnmsub" + order, scalar: true);
        Register<TOrder, MaddSub>(forms, "fmaddsub" + order, scalar: false);
        Register<TOrder, MsubAdd>(forms, "fmsubadd" + order, scalar: false);
    }

    private static void Register<TOrder, TSigns>(VectorFloatForms forms, string stem, bool scalar)
        where TOrder : struct, IOrder
        where TSigns : struct, ISigns
    {
        forms.Add(stem + "ps", null, &Packed<Binary32, uint, TOrder, TSigns, Vex128Floats>, &Packed<Binary32, uint, TOrder, TSigns, Vex256Floats>);
        forms.Add(stem + "pd", null, &Packed<Binary64, ulong, TOrder, TSigns, Vex128Floats>, &Packed<Binary64, ulong, TOrder, TSigns, Vex256Floats>);
        if (!scalar)
            return;
        forms.Add(stem + "ss", null, &Scalar<Binary32, uint, TOrder, TSigns>, null);
        forms.Add(stem + "sd", null, &Scalar<Binary64, ulong, TOrder, TSigns>, null);
    }

    private static Outcome Packed<TFormat, TBits, TOrder, TSigns, TEncoding>(Processor cpu, Operation op)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
        where TOrder : struct, IOrder
        where TSigns : struct, ISigns
        where TEncoding : struct, IFloatEncoding
    {
        if (!FloatOperands.IsReady<TEncoding>(cpu) || !FloatOperands.Read<TEncoding>(cpu, op, op.Op2, out Vector256<byte> third))
            return Outcome.Fault;
        Vector256<byte> first = cpu.S.Vectors[op.Op0.Index], second = cpu.S.Vectors[op.Op1.Index];
        FloatContext context = cpu.SimdContext;
        bool host = HostElements.Allowed(cpu.S.Mxcsr);
        Vector256<byte> result = default;
        for (int i = 0; i < TEncoding.Bytes / Unsafe.SizeOf<TBits>(); i++)
        {
            (TBits left, TBits right, TBits addend) = TOrder.Of(
                FloatOperands.Element<TBits>(ref first, i), FloatOperands.Element<TBits>(ref second, i), FloatOperands.Element<TBits>(ref third, i));
            FloatOperands.Element<TBits>(ref result, i) = Apply<TFormat, TBits, TSigns>(left, right, addend, i, host, ref context);
        }

        if (!cpu.ReportSimd(context))
            return Outcome.Fault;
        FloatOperands.Write<TEncoding>(cpu, op, result);
        return Outcome.Next;
    }

    /// <summary>The upper bits of the 128 are those of the first operand, which is the destination.</summary>
    private static Outcome Scalar<TFormat, TBits, TOrder, TSigns>(Processor cpu, Operation op)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
        where TOrder : struct, IOrder
        where TSigns : struct, ISigns
    {
        if (!FloatOperands.IsReady<Vex128Floats>(cpu) || !FloatOperands.ReadScalar(cpu, op, op.Op2, out TBits third))
            return Outcome.Fault;
        ref Vector256<byte> destination = ref cpu.S.Vectors[op.Op0.Index];
        (TBits left, TBits right, TBits addend) = TOrder.Of(
            FloatOperands.Element<TBits>(ref destination, 0), FloatOperands.Element<TBits>(ref cpu.S.Vectors[op.Op1.Index], 0), third);
        FloatContext context = cpu.SimdContext;
        TBits result = Apply<TFormat, TBits, TSigns>(left, right, addend, 0, HostElements.Allowed(cpu.S.Mxcsr), ref context);
        if (!cpu.ReportSimd(context))
            return Outcome.Fault;
        destination = destination.GetLower().ToVector256();
        FloatOperands.Element<TBits>(ref destination, 0) = result;
        return Outcome.Next;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TBits Apply<TFormat, TBits, TSigns>(TBits left, TBits right, TBits addend, int element, bool host, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged
        where TSigns : struct, ISigns
    {
        bool negateProduct = TSigns.NegateProduct, negateAddend = TSigns.NegateAddend(element);
        return host && HostElements.TryMultiplyAdd(left, right, addend, negateProduct, negateAddend, out TBits result)
            ? result
            : FusedMultiplyAdd.Apply<TFormat, TBits>(left, right, addend, negateProduct, negateAddend, ref context);
    }

    private readonly struct Order132 : IOrder
    {
        public static (TBits Left, TBits Right, TBits Addend) Of<TBits>(TBits first, TBits second, TBits third) where TBits : unmanaged => (first, third, second);
    }

    private readonly struct Order213 : IOrder
    {
        public static (TBits Left, TBits Right, TBits Addend) Of<TBits>(TBits first, TBits second, TBits third) where TBits : unmanaged => (second, first, third);
    }

    private readonly struct Order231 : IOrder
    {
        public static (TBits Left, TBits Right, TBits Addend) Of<TBits>(TBits first, TBits second, TBits third) where TBits : unmanaged => (second, third, first);
    }

    private readonly struct Madd : ISigns
    {
        public static bool NegateProduct => false;
        public static bool NegateAddend(int element) => false;
    }

    private readonly struct Msub : ISigns
    {
        public static bool NegateProduct => false;
        public static bool NegateAddend(int element) => true;
    }

    private readonly struct Nmadd : ISigns
    {
        public static bool NegateProduct => true;
        public static bool NegateAddend(int element) => false;
    }

    private readonly struct Nmsub : ISigns
    {
        public static bool NegateProduct => true;
        public static bool NegateAddend(int element) => true;
    }

    /// <summary>Subtracts in the even elements and adds in the odd ones.</summary>
    private readonly struct MaddSub : ISigns
    {
        public static bool NegateProduct => false;
        public static bool NegateAddend(int element) => element % 2 == 0;
    }

    /// <summary>Adds in the even elements and subtracts in the odd ones.</summary>
    private readonly struct MsubAdd : ISigns
    {
        public static bool NegateProduct => false;
        public static bool NegateAddend(int element) => element % 2 != 0;
    }
}
