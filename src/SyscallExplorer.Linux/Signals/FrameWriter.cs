namespace SyscallExplorer.Linux;

/// <summary>Bytes that the kernel puts into a program's memory.</summary>
internal readonly record struct MemoryWrite(ulong Address, ReadOnlyMemory<byte> Bytes);

/// <summary>
/// Collects what the kernel writes of a frame. Members that it leaves out, such as padding, keep what the stack had, so a frame is not one block.
/// </summary>
internal sealed class FrameWriter
{
    private readonly List<MemoryWrite> _writes = [];

    public IReadOnlyList<MemoryWrite> Writes => _writes;

    public FrameWriter Put(ulong address, CStructure members) => Put(address, members.Bytes.ToArray());

    public FrameWriter Put(ulong address, ReadOnlyMemory<byte> bytes)
    {
        _writes.Add(new MemoryWrite(address, bytes));
        return this;
    }
}

/// <summary>Reads a program's memory; false where the kernel would have faulted.</summary>
internal delegate bool UserMemoryReader(ulong address, Span<byte> destination);
