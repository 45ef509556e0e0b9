namespace SyscallExplorer.Machine;

/// <summary>Offsets in the 64-bit TSS, in bytes. SDM vol. 3A, 7.7, figure 7-11.</summary>
public static class TaskStateSegment
{
    /// <summary>RSP0: the stack for entries into ring 0.</summary>
    public const int Rsp0 = 4;

    /// <summary>RSP1, which no entry uses when only rings 0 and 3 are in use.</summary>
    public const int Rsp1 = 12;

    /// <summary>RSP2.</summary>
    public const int Rsp2 = 20;

    /// <summary>IST1; the others follow at 8 bytes' distance up to IST7.</summary>
    public const int Ist1 = 36;

    /// <summary>Offset of the I/O permission bit map, 16 bits.</summary>
    public const int IoMapBase = 102;

    /// <summary>Bytes without an I/O permission bit map.</summary>
    public const int Size = 104;
}
