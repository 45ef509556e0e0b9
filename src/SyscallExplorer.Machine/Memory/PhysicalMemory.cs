using System.Buffers.Binary;

namespace SyscallExplorer.Machine;

/// <summary>
/// Guest-physical RAM: sparse 4 KiB frames, copied on the first write after a snapshot. A frame that was never written reads as zero
/// and takes no host memory.
/// </summary>
/// <remarks>
/// The frames hang in a two-level table whose parts carry the token of the memory that may write them in place. A snapshot keeps the
/// table and gives the memory a new token, so that it costs nothing now and O(dirty pages) later.
/// </remarks>
public sealed class PhysicalMemory
{
    /// <summary>Bytes in a frame.</summary>
    public const int FrameSize = 4096;

    private const int FramesPerLeaf = 512;
    private static readonly byte[] Zero = new byte[FrameSize];

    private Leaf?[] _root;
    private object _rootOwner;
    private object _token = new();

    /// <summary>Makes empty RAM.</summary>
    /// <param name="size">Bytes of RAM, a multiple of 2 MiB, at most 64 GiB.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is no such number.</exception>
    public PhysicalMemory(long size)
    {
        if (size <= 0 || size > 64L << 30 || size % (FrameSize * FramesPerLeaf) != 0)
            throw new ArgumentOutOfRangeException(nameof(size), size, "The size of guest RAM must be a multiple of 2 MiB, at least 2 MiB and at most 64 GiB.");
        Size = size;
        _root = new Leaf?[size / (FrameSize * FramesPerLeaf)];
        _rootOwner = _token;
    }

    private PhysicalMemory(long size, Leaf?[] root)
    {
        Size = size;
        _root = root;
        _rootOwner = new object();
    }

    /// <summary>Bytes of RAM, from physical address 0.</summary>
    public long Size { get; }

    /// <summary>Raised after a change that did not come through the processor, so that cached translations and decoded code are dropped.</summary>
    internal event Action<ulong>? HostWrote;

    /// <summary>Raised with the address of a frame that got an array of its own: whoever keeps the array that was read so far must drop it.</summary>
    internal event Action<ulong>? FrameReplaced;

    /// <summary>Raised when the frames' arrays ceased to be this memory's own: whoever keeps one must look it up again before it writes.</summary>
    internal event Action? FramesShared;

    /// <summary>Raised when another memory's contents were taken over.</summary>
    internal event Action? ContentsReplaced;

    /// <summary>Whether a physical address lies in RAM.</summary>
    public bool Contains(ulong address) => address < (ulong)Size;

    /// <summary>The frame's bytes for reading. The array must not be written.</summary>
    internal byte[] FrameForRead(ulong address)
    {
        ulong frame = address / FrameSize;
        return _root[frame / FramesPerLeaf]?.Frames[frame % FramesPerLeaf]?.Bytes ?? Zero;
    }

    /// <summary>The frame's bytes for writing: own, not shared with any snapshot.</summary>
    internal byte[] FrameForWrite(ulong address)
    {
        ulong number = address / FrameSize;
        if (_rootOwner != _token)
        {
            _root = (Leaf?[])_root.Clone();
            _rootOwner = _token;
        }

        Leaf? leaf = _root[number / FramesPerLeaf];
        if (leaf is null || leaf.Owner != _token)
        {
            leaf = new Leaf(_token, leaf is null ? new Frame?[FramesPerLeaf] : (Frame?[])leaf.Frames.Clone());
            _root[number / FramesPerLeaf] = leaf;
        }

        Frame? frame = leaf.Frames[number % FramesPerLeaf];
        if (frame is null || frame.Owner != _token)
        {
            frame = new Frame(_token, frame is null ? new byte[FrameSize] : (byte[])frame.Bytes.Clone());
            leaf.Frames[number % FramesPerLeaf] = frame;
            FrameReplaced?.Invoke(address);
        }

        return frame.Bytes;
    }

    /// <summary>Copies guest-physical bytes out.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves RAM.</exception>
    public void Read(ulong address, Span<byte> destination)
    {
        CheckRange(address, destination.Length);
        while (destination.Length > 0)
        {
            int offset = (int)(address % FrameSize);
            int count = Math.Min(destination.Length, FrameSize - offset);
            FrameForRead(address).AsSpan(offset, count).CopyTo(destination);
            destination = destination[count..];
            address += (ulong)count;
        }
    }

    /// <summary>Copies bytes into guest-physical memory, as a device or a boot loader would.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves RAM.</exception>
    public void Write(ulong address, ReadOnlySpan<byte> source)
    {
        CheckRange(address, source.Length);
        while (source.Length > 0)
        {
            int offset = (int)(address % FrameSize);
            int count = Math.Min(source.Length, FrameSize - offset);
            source[..count].CopyTo(FrameForWrite(address).AsSpan(offset));
            HostWrote?.Invoke(address);
            source = source[count..];
            address += (ulong)count;
        }
    }

    /// <summary>Reads a little-endian 64-bit word.</summary>
    public ulong ReadUInt64(ulong address)
    {
        Span<byte> bytes = stackalloc byte[8];
        Read(address, bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    /// <summary>Writes a little-endian 64-bit word.</summary>
    public void WriteUInt64(ulong address, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        Write(address, bytes);
    }

    /// <summary>The contents now. Both sides go on without seeing each other's writes.</summary>
    public PhysicalMemory Fork()
    {
        Share();
        return new PhysicalMemory(Size, _root);
    }

    /// <summary>Takes over the contents of another memory of the same size, which stays as it is.</summary>
    public void CopyFrom(PhysicalMemory other)
    {
        other.Share();
        _root = other._root;
        _rootOwner = new object();
        ContentsReplaced?.Invoke();
    }

    private void Share()
    {
        _token = new object();
        FramesShared?.Invoke();
    }

    /// <summary>Host bytes that the frames written so far take.</summary>
    public long ResidentBytes => _root.Sum(leaf => leaf?.Frames.Count(frame => frame is not null) ?? 0) * (long)FrameSize;

    private void CheckRange(ulong address, int length)
    {
        if (address > (ulong)Size || (ulong)length > (ulong)Size - address)
        {
            throw new ArgumentOutOfRangeException(nameof(address),
                $"Physical range {address:x}h to {address + (ulong)length:x}h leaves the guest's RAM of {Size:x}h bytes.");
        }
    }

    private sealed record Frame(object Owner, byte[] Bytes);

    private sealed record Leaf(object Owner, Frame?[] Frames);
}
