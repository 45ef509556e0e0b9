using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SyscallExplorer.Machine;

/// <summary>ADDPS, SUBPS, MULPS, DIVPS, SQRTPS and their kin. SDM vol. 2, each under its name.</summary>
internal static class VectorFloatArithmetic
{
    public static void Register(VectorFloatForms forms)
    {
        forms.Elementwise<AddRule>("add", ElementSources.Two);
        forms.Elementwise<SubRule>("sub", ElementSources.Two);
        forms.Elementwise<MulRule>("mul", ElementSources.Two);
        forms.Elementwise<DivRule>("div", ElementSources.Two);
        forms.Elementwise<SqrtRule>("sqrt", ElementSources.One);
    }

    private readonly struct AddRule : IFloatElementRule
    {
        public static TBits Apply<TFormat, TBits>(TBits left, TBits right, int control, ref FloatContext context)
            where TFormat : struct, IFloatFormat<TBits>
            where TBits : unmanaged, IBinaryInteger<TBits> => FloatArithmetic.Add<TFormat, TBits>(left, right, ref context);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool TryHost<T>(Vector128<T> left, Vector128<T> right, uint elements, uint mxcsr, out Vector128<T> result) where T : unmanaged
        {
            result = left + right;
            return HostElements.Allowed(mxcsr) && HostElements.Hold(left, right, result, elements, isSum: true);
        }
    }

    private readonly struct SubRule : IFloatElementRule
    {
        public static TBits Apply<TFormat, TBits>(TBits left, TBits right, int control, ref FloatContext context)
            where TFormat : struct, IFloatFormat<TBits>
            where TBits : unmanaged, IBinaryInteger<TBits> => FloatArithmetic.Subtract<TFormat, TBits>(left, right, ref context);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool TryHost<T>(Vector128<T> left, Vector128<T> right, uint elements, uint mxcsr, out Vector128<T> result) where T : unmanaged
        {
            result = left - right;
            return HostElements.Allowed(mxcsr) && HostElements.Hold(left, right, result, elements, isSum: true);
        }
    }

    private readonly struct MulRule : IFloatElementRule
    {
        public static TBits Apply<TFormat, TBits>(TBits left, TBits right, int control, ref FloatContext context)
            where TFormat : struct, IFloatFormat<TBits>
            where TBits : unmanaged, IBinaryInteger<TBits> => FloatArithmetic.Multiply<TFormat, TBits>(left, right, ref context);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool TryHost<T>(Vector128<T> left, Vector128<T> right, uint elements, uint mxcsr, out Vector128<T> result) where T : unmanaged
        {
            result = left * right;
            return HostElements.Allowed(mxcsr) && HostElements.Hold(left, right, result, elements, isSum: false);
        }
    }

    private readonly struct DivRule : IFloatElementRule
    {
        public static TBits Apply<TFormat, TBits>(TBits left, TBits right, int control, ref FloatContext context)
            where TFormat : struct, IFloatFormat<TBits>
            where TBits : unmanaged, IBinaryInteger<TBits> => FloatArithmetic.Divide<TFormat, TBits>(left, right, ref context);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool TryHost<T>(Vector128<T> left, Vector128<T> right, uint elements, uint mxcsr, out Vector128<T> result) where T : unmanaged
        {
            result = left / right;
            return HostElements.Allowed(mxcsr) && HostElements.Hold(left, right, result, elements, isSum: false);
        }
    }

    private readonly struct SqrtRule : IFloatElementRule
    {
        public static TBits Apply<TFormat, TBits>(TBits left, TBits right, int control, ref FloatContext context)
            where TFormat : struct, IFloatFormat<TBits>
            where TBits : unmanaged, IBinaryInteger<TBits> => FloatArithmetic.SquareRoot<TFormat, TBits>(right, ref context);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool TryHost<T>(Vector128<T> left, Vector128<T> right, uint elements, uint mxcsr, out Vector128<T> result) where T : unmanaged
        {
            result = Vector128.Sqrt(right);
            return HostElements.Allowed(mxcsr) && HostElements.Hold(right, right, result, elements, isSum: false);
        }
    }
}
