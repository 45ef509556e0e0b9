namespace SyscallExplorer.Machine;

/// <summary>A straight run of decoded instructions within one page.</summary>
internal sealed class Block(Operation[] operations)
{
    /// <summary>Stands where an instruction begins that ends in the next page.</summary>
    public static readonly Block Crossing = new([]);

    public readonly Operation[] Operations = operations;
}

/// <summary>Decoded blocks by physical page and mode; a write to the bytes they were decoded from drops them.</summary>
internal sealed class CodeCache
{
    private readonly Dictionary<(ulong Frame, int Bitness), CodePage> _pages = [];
    private readonly HashSet<ulong> _frames = [];

    /// <summary>Changes whenever decoded code was dropped: a block in progress must be looked up again.</summary>
    public int Epoch { get; private set; }

    /// <summary>Whether code was decoded from the frame of a physical address.</summary>
    public bool IsCodeFrame(ulong physical) => _frames.Contains(physical / PhysicalMemory.FrameSize);

    /// <summary>The page's blocks, made on first use.</summary>
    public CodePage PageOf(ulong physical, int bitness)
    {
        ulong frame = physical / PhysicalMemory.FrameSize;
        if (!_pages.TryGetValue((frame, bitness), out CodePage? page))
        {
            _pages[(frame, bitness)] = page = new CodePage();
            _frames.Add(frame);
        }

        return page;
    }

    /// <summary>Drops the blocks of a frame if the bytes written are among those decoded.</summary>
    public void InvalidateRange(ulong physical, int length)
    {
        int offset = (int)(physical % PhysicalMemory.FrameSize);
        ulong frame = physical / PhysicalMemory.FrameSize;
        foreach (int bitness in (ReadOnlySpan<int>)[16, 32, 64])
        {
            if (_pages.TryGetValue((frame, bitness), out CodePage? page) && page.Touches(offset, length))
            {
                InvalidateFrame(physical);
                return;
            }
        }
    }

    /// <summary>Drops all blocks of a frame.</summary>
    public void InvalidateFrame(ulong physical)
    {
        ulong frame = physical / PhysicalMemory.FrameSize;
        if (!_frames.Remove(frame))
            return;
        foreach (int bitness in (ReadOnlySpan<int>)[16, 32, 64])
            _pages.Remove((frame, bitness));
        Epoch++;
    }

    /// <summary>Drops everything.</summary>
    public void Clear()
    {
        _pages.Clear();
        _frames.Clear();
        Epoch++;
    }
}

/// <summary>The blocks that begin in one page, by the offset of their first byte.</summary>
internal sealed class CodePage
{
    private readonly Block?[] _blocks = new Block?[PhysicalMemory.FrameSize];
    private int _firstByte = int.MaxValue;
    private int _lastByte = -1;

    public Block? this[int offset] => _blocks[offset];

    public void Add(int offset, Block block, int length)
    {
        _blocks[offset] = block;
        _firstByte = Math.Min(_firstByte, offset);
        _lastByte = Math.Max(_lastByte, offset + length - 1);
    }

    public bool Touches(int offset, int length) => offset <= _lastByte && offset + length > _firstByte;
}
