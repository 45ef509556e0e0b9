namespace SyscallExplorer.Silicon;

/// <summary>How a snippet ended.</summary>
internal enum EndKind
{
    /// <summary>The instruction was executed, and what follows it was reached.</summary>
    Completed,

    /// <summary>An exception.</summary>
    Fault,

    /// <summary>It went on for longer than anybody waits.</summary>
    Endless,

    /// <summary>The emulator does not execute the instruction.</summary>
    Unsupported,
}

/// <summary>What a snippet ended with, on either side.</summary>
internal sealed class EndState
{
    public EndKind Kind;
    public int Vector;
    public uint ErrorCode;

    /// <summary>CR2; 0 unless the exception is a page fault.</summary>
    public ulong FaultAddress;

    public ulong Rip;
    public ulong Flags;
    public ulong FsBase;
    public ulong GsBase;

    /// <summary>RAX to R15.</summary>
    public readonly ulong[] Registers = new ulong[16];

    /// <summary>DS, ES, FS, GS, CS, SS.</summary>
    public readonly ushort[] Selectors = new ushort[6];

    /// <summary>x87, SSE and AVX state in the standard format of XSAVE, 64-bit pointers.</summary>
    public readonly byte[] Image = new byte[WorkerLayout.ImageSize];

    /// <summary>The data area.</summary>
    public readonly byte[] Data = new byte[WorkerLayout.DataSize];

    /// <summary>Whether any of the data differ from what they were.</summary>
    public bool DataChanged;
}
