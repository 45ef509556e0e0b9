using System.Numerics;
using System.Runtime.Intrinsics;

namespace SyscallExplorer.Machine;

/// <summary>What an instruction does with each element, stated once for single and double precision, packed and scalar.</summary>
internal interface IFloatElementRule
{
    /// <summary>The result of a pair of elements. Instructions with one source have it in <paramref name="right"/>.</summary>
    /// <param name="left">The element of the first source.</param>
    /// <param name="right">The element of the second source.</param>
    /// <param name="control">What <see cref="Control"/> gives.</param>
    /// <param name="context">Controls and flags.</param>
    static abstract TBits Apply<TFormat, TBits>(TBits left, TBits right, int control, ref FloatContext context)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged, IBinaryInteger<TBits>;

    /// <summary>What else the result depends on: the immediate operand, or as much of it as an encoding looks at.</summary>
    static virtual int Control<TEncoding>(Processor cpu, Operation op) where TEncoding : struct, IFloatEncoding => (int)op.Immediate;

    /// <summary>The results of whole vectors as the host computes them, when they are known to be the same and to leave MXCSR as it is.</summary>
    /// <param name="left">The first source, as float or double.</param>
    /// <param name="right">The second source.</param>
    /// <param name="elements">One bit for each element that counts.</param>
    /// <param name="mxcsr">MXCSR.</param>
    /// <param name="result">The results.</param>
    static virtual bool TryHost<T>(Vector128<T> left, Vector128<T> right, uint elements, uint mxcsr, out Vector128<T> result) where T : unmanaged
    {
        result = default;
        return false;
    }
}
