using System.Runtime.CompilerServices;

namespace SyscallExplorer.Silicon;

/// <summary>A fast generator (SplitMix64) whose numbers are the same on every runtime.</summary>
internal sealed class CaseRandom(ulong seed)
{
    private ulong _state = seed;

    /// <summary>64 random bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Next()
    {
        ulong z = _state += 0x9E37_79B9_7F4A_7C15;
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return z ^ (z >> 31);
    }

    /// <summary>A number from 0 to <paramref name="bound"/> - 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Below(int bound) => (int)((uint)(Next() >> 32) * (ulong)(uint)bound >> 32);

    /// <summary>True in so many of a hundred cases.</summary>
    public bool Percent(int chance) => Below(100) < chance;

    /// <summary>One of some values.</summary>
    public T Of<T>(ReadOnlySpan<T> values) => values[Below(values.Length)];

    /// <summary>Fills bytes.</summary>
    public void Fill(Span<byte> bytes)
    {
        while (bytes.Length >= 8)
        {
            Unsafe.WriteUnaligned(ref bytes[0], Next());
            bytes = bytes[8..];
        }

        for (int i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)Next();
    }

    /// <summary>A seed for a part of a campaign, which depends on nothing but its place.</summary>
    public static ulong Mix(ulong seed, ulong part) => new CaseRandom(seed * 0xD129_0E4B_9F6F_0A9D ^ part * 0x9FB2_1C65_1E98_DF25).Next();
}
