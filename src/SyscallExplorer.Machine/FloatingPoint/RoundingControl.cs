namespace SyscallExplorer.Machine;

/// <summary>The four rounding modes, as MXCSR, the x87 control word and immediate operands encode them. SDM vol. 1, table 4-8.</summary>
internal enum RoundingControl : byte
{
    /// <summary>To the nearest value; of two equally near, to the one whose last bit is 0.</summary>
    Nearest,
    Down,
    Up,
    Zero,
}
