using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>A restartable sequence: <c>struct rseq_cs</c>.</summary>
/// <param name="Version">0.</param>
/// <param name="Flags">What it need not be restarted after.</param>
/// <param name="Start">Its first instruction.</param>
/// <param name="Length">Bytes to the instruction behind its last.</param>
/// <param name="Abort">Where the thread goes on when it was interrupted.</param>
internal readonly record struct RseqDescriptor(uint Version, uint Flags, ulong Start, ulong Length, ulong Abort)
{
    /// <summary>Whether it lies in a program's memory and its abort handler outside of it.</summary>
    public bool IsSound =>
        Version == 0 && Start < KernelLayout.UserAddressLimit && Abort < KernelLayout.UserAddressLimit
        && Start + Length >= Start && Start + Length < KernelLayout.UserAddressLimit && !Contains(Abort);

    public bool Contains(ulong address) => address - Start < Length;

    public static RseqDescriptor Decode(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]));
}
