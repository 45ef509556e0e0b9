namespace SyscallExplorer.Machine;

/// <summary>How a form names its operands and what it does to the rest of its destination: legacy SSE, VEX.128 or VEX.256. SDM vol. 1, 14.1.4.</summary>
internal interface IFloatEncoding
{
    static abstract ExecutionUnits Unit { get; }

    /// <summary>Whether the first source is an operand of its own, memory may be misaligned, and bits above the result become zero.</summary>
    static abstract bool IsVex { get; }

    /// <summary>Bytes of a full vector: 16 or 32.</summary>
    static abstract int Bytes { get; }
}

/// <summary>Legacy SSE: the destination is the first source, packed memory is aligned, bits 255:128 stay.</summary>
internal readonly struct SseFloats : IFloatEncoding
{
    public static ExecutionUnits Unit => ExecutionUnits.Sse;
    public static bool IsVex => false;
    public static int Bytes => 16;
}

/// <summary>VEX.128, and scalar VEX, which ignores VEX.L.</summary>
internal readonly struct Vex128Floats : IFloatEncoding
{
    public static ExecutionUnits Unit => ExecutionUnits.Avx;
    public static bool IsVex => true;
    public static int Bytes => 16;
}

/// <summary>VEX.256.</summary>
internal readonly struct Vex256Floats : IFloatEncoding
{
    public static ExecutionUnits Unit => ExecutionUnits.Avx;
    public static bool IsVex => true;
    public static int Bytes => 32;
}
