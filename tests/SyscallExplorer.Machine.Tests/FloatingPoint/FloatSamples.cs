namespace SyscallExplorer.Machine.Tests;

/// <summary>Seeded random encodings, half of them at the places where formats have their edges.</summary>
internal static class FloatSamples
{
    private static readonly RoundingControl[] _roundings = [RoundingControl.Nearest, RoundingControl.Down, RoundingControl.Up, RoundingControl.Zero];

    public static IReadOnlyList<RoundingControl> Roundings => _roundings;

    public static ulong Double(Random random) => Interchange(random, 53, 11);

    public static uint Single(Random random) => (uint)Interchange(random, 24, 8);

    public static ushort Half(Random random) => (ushort)Interchange(random, 11, 5);

    /// <summary>A valid x87 encoding: no unnormals.</summary>
    public static ExtendedReal Extended(Random random)
    {
        int exponent = Exponent(random, 15);
        ulong fraction = Fraction(random) >> 1;
        bool integer = exponent != 0 || random.Next(16) == 0;
        return new(fraction | (integer ? FloatNumber.IntegerBit : 0), (ushort)(exponent | (random.Next(2) << 15)));
    }

    private static ulong Interchange(Random random, int precision, int exponentBits) =>
        ((ulong)random.Next(2) << (precision - 1 + exponentBits))
        | ((ulong)Exponent(random, exponentBits) << (precision - 1))
        | (Fraction(random) >> (65 - precision));

    private static int Exponent(Random random, int bits)
    {
        int special = (1 << bits) - 1, bias = special >> 1;
        return random.Next(10) switch
        {
            0 => 0,
            1 => special,
            2 => random.Next(1, 4),
            3 => special - random.Next(1, 4),
            4 => random.Next(0, special + 1),
            5 => bias / 2 + random.Next(-3, 4),
            _ => bias + random.Next(-bias / 8 - 1, bias / 8 + 2),
        };
    }

    /// <summary>64 bits: random, few bits set, long runs, zero.</summary>
    private static ulong Fraction(Random random) => random.Next(6) switch
    {
        0 => 0,
        1 => ulong.MaxValue << random.Next(64),
        2 => ulong.MaxValue >> random.Next(64),
        3 => 1UL << random.Next(64),
        4 => (ulong)random.NextInt64() << random.Next(64),
        _ => (ulong)random.NextInt64(long.MinValue, long.MaxValue),
    };
}
