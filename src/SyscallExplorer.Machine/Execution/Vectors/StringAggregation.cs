using System.Numerics;
using System.Runtime.Intrinsics;

namespace SyscallExplorer.Machine;

/// <summary>The comparison of the string instructions: IntRes2 of SDM vol. 2B, 4.1, tables 4-1 to 4-6.</summary>
internal static class StringAggregation
{
    private const int NegatePolarity = 0x10;
    private const int OnlyValid = 0x20;

    /// <summary>One bit for each element of the second operand.</summary>
    /// <param name="first">The set, the ranges or the string sought.</param>
    /// <param name="firstLength">Its valid elements.</param>
    /// <param name="second">The string.</param>
    /// <param name="secondLength">Its valid elements.</param>
    /// <param name="control">The immediate byte.</param>
    public static uint Compare(Vector128<byte> first, int firstLength, Vector128<byte> second, int secondLength, byte control) => (control & 3) switch
    {
        0 => Compare<byte>(first, firstLength, second, secondLength, control),
        1 => Compare<ushort>(first, firstLength, second, secondLength, control),
        2 => Compare<sbyte>(first, firstLength, second, secondLength, control),
        _ => Compare<short>(first, firstLength, second, secondLength, control),
    };

    private static uint Compare<T>(Vector128<byte> first, int firstLength, Vector128<byte> second, int secondLength, byte control)
        where T : unmanaged, IBinaryInteger<T>
    {
        uint result = ((control >> 2) & 3) switch
        {
            0 => EqualAny<T>(first, firstLength, second, secondLength),
            1 => Ranges<T>(first, firstLength, second, secondLength),
            2 => EqualEach<T>(first, firstLength, second, secondLength),
            _ => EqualOrdered<T>(first, firstLength, second, secondLength),
        };
        if ((control & NegatePolarity) == 0)
            return result;
        int negated = (control & OnlyValid) != 0 ? secondLength : Vector128<T>.Count;
        return result ^ ((1u << negated) - 1);
    }

    /// <summary>Elements that are in the set.</summary>
    private static uint EqualAny<T>(Vector128<byte> set, int setLength, Vector128<byte> text, int textLength) where T : unmanaged, IBinaryInteger<T>
    {
        uint result = 0;
        for (int i = 0; i < textLength; i++)
        {
            for (int j = 0; j < setLength; j++)
            {
                if (Elements.At<T>(ref text, i) == Elements.At<T>(ref set, j))
                    result |= 1u << i;
            }
        }

        return result;
    }

    /// <summary>Elements in one of the ranges, each a lower and an upper end; a range without a valid upper end counts for nothing.</summary>
    private static uint Ranges<T>(Vector128<byte> ranges, int rangesLength, Vector128<byte> text, int textLength) where T : unmanaged, IBinaryInteger<T>
    {
        uint result = 0;
        for (int i = 0; i < textLength; i++)
        {
            T element = Elements.At<T>(ref text, i);
            for (int j = 0; j + 1 < rangesLength; j += 2)
            {
                if (element >= Elements.At<T>(ref ranges, j) && element <= Elements.At<T>(ref ranges, j + 1))
                    result |= 1u << i;
            }
        }

        return result;
    }

    /// <summary>Elements equal to the one at the same place; behind both ends they count as equal.</summary>
    private static uint EqualEach<T>(Vector128<byte> first, int firstLength, Vector128<byte> second, int secondLength) where T : unmanaged, IBinaryInteger<T>
    {
        uint result = 0;
        for (int i = 0; i < Vector128<T>.Count; i++)
        {
            bool firstValid = i < firstLength;
            bool secondValid = i < secondLength;
            bool equal = firstValid && secondValid ? Elements.At<T>(ref first, i) == Elements.At<T>(ref second, i) : firstValid == secondValid;
            if (equal)
                result |= 1u << i;
        }

        return result;
    }

    /// <summary>Places where the string sought begins, if only with what fits into the vector.</summary>
    private static uint EqualOrdered<T>(Vector128<byte> sought, int soughtLength, Vector128<byte> text, int textLength) where T : unmanaged, IBinaryInteger<T>
    {
        uint result = 0;
        for (int i = 0; i < Vector128<T>.Count; i++)
        {
            bool found = true;
            for (int j = 0; j < soughtLength && i + j < Vector128<T>.Count && found; j++)
                found = i + j < textLength && Elements.At<T>(ref sought, j) == Elements.At<T>(ref text, i + j);
            if (found)
                result |= 1u << i;
        }

        return result;
    }
}
