using System.Numerics;
using System.Runtime.CompilerServices;

namespace SyscallExplorer.Machine;

/// <summary>A set of vectors: the 256 bits of IRR, ISR or TMR.</summary>
[InlineArray(4)]
internal struct VectorSet
{
    private ulong _first;

    public readonly bool Contains(int vector) => (this[vector >> 6] >> (vector & 63) & 1) != 0;

    /// <summary>The highest vector, or -1 when there is none.</summary>
    public readonly int Highest
    {
        get
        {
            for (int word = 3; word >= 0; word--)
            {
                if (this[word] != 0)
                    return word * 64 + BitOperations.Log2(this[word]);
            }

            return -1;
        }
    }

    public void Add(int vector) => this[vector >> 6] |= 1ul << (vector & 63);

    public void Remove(int vector) => this[vector >> 6] &= ~(1ul << (vector & 63));

    /// <summary>One of the eight registers of 32 bits that show the set.</summary>
    public readonly uint Register(int index) => (uint)(this[index >> 1] >> (index & 1) * 32);
}
