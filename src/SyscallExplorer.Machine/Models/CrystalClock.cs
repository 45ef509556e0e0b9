using System.Numerics;

namespace SyscallExplorer.Machine;

/// <summary>CPUID leaf 15h: how many ticks of the time-stamp counter there are to one of the crystal clock. SDM vol. 2A, CPUID.</summary>
internal static class CrystalClock
{
    public const uint Leaf = 0x15;

    /// <summary>24 MHz, which Skylake client does not tell in ECX. SDM vol. 3B, 18.7.3.</summary>
    public const long Hertz = 24_000_000;

    /// <summary>The bus clock of processors that have no crystal clock.</summary>
    public const long BusHertz = 100_000_000;

    /// <summary>The ratio of the model's own clocks. The part itself tells 334 : 2, since its base clock is no round number of MHz.</summary>
    public static (uint Eax, uint Ebx, uint Ecx, uint Edx) Of(Microarchitecture microarchitecture)
    {
        (long numerator, long denominator) = microarchitecture.TscRatio;
        BigInteger tsc = (BigInteger)Math.Round(microarchitecture.NominalGigahertz * 1e9) * numerator;
        BigInteger crystal = (BigInteger)Hertz * denominator;
        BigInteger common = BigInteger.GreatestCommonDivisor(tsc, crystal);
        return ((uint)(crystal / common), (uint)(tsc / common), 0, 0);
    }
}
