namespace SyscallExplorer.Machine;

/// <summary>What a cache holds.</summary>
public enum CacheKind
{
    /// <summary>Data.</summary>
    Data = 1,

    /// <summary>Instructions.</summary>
    Instruction = 2,

    /// <summary>Both.</summary>
    Unified = 3,
}

/// <summary>One cache, as CPUID describes it.</summary>
/// <param name="Level">1 to 3.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Ways">Associativity.</param>
/// <param name="IsInclusive">Whether it holds whatever the levels below it hold.</param>
public sealed record CacheGeometry(int Level, CacheKind Kind, int Size, int Ways, bool IsInclusive = false)
{
    /// <summary>Bytes of a line.</summary>
    public const int LineSize = 64;

    /// <summary>Number of sets.</summary>
    public int Sets => Size / (Ways * LineSize);
}
