using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>Bytes in a pipe that a write left there: at most a page. The bytes never change.</summary>
/// <param name="Bytes">What is still to be read.</param>
/// <param name="End">How much of the page has been used, what was read already included.</param>
/// <param name="IsPacket">Whether a read takes it alone and drops what it has no room for: O_DIRECT.</param>
/// <param name="MayGrow">Whether a later write may add to it.</param>
internal readonly record struct PipeBuffer(ReadOnlyMemory<byte> Bytes, int End, bool IsPacket, bool MayGrow)
{
    /// <summary>What one buffer holds at most, and what a write moves in one piece: PIPE_BUF.</summary>
    public const int Size = 4096;

    /// <summary>A buffer with bytes of its own.</summary>
    public static PipeBuffer Of(byte[] bytes, bool isPacket) => new(bytes, bytes.Length, isPacket, MayGrow: !isPacket);

    /// <summary>A buffer of bytes that belong to a file: splice moves them without a copy, and nobody may add to them.</summary>
    public static PipeBuffer OfFile(byte[] bytes) => new(bytes, bytes.Length, IsPacket: false, MayGrow: false);

    /// <summary>Whether there is room in the page.</summary>
    public bool Takes(int count) => MayGrow && End + count <= Size;

    /// <summary>The buffer with more bytes behind its own.</summary>
    public PipeBuffer With(ReadOnlySpan<byte> more)
    {
        byte[] bytes = new byte[Bytes.Length + more.Length];
        Bytes.Span.CopyTo(bytes);
        more.CopyTo(bytes.AsSpan(Bytes.Length));
        return this with { Bytes = bytes, End = End + more.Length };
    }

    /// <summary>The buffer without its first bytes.</summary>
    public PipeBuffer Without(int count) => this with { Bytes = Bytes[count..] };
}

/// <summary>A pipe or the inside of a FIFO. man 7 pipe.</summary>
/// <param name="Number">Its number among the kernel's objects.</param>
/// <param name="Times">When it was made, written and read.</param>
internal sealed record PipeState(int Number, FileTimes Times)
{
    public const int InitialSlots = 16;

    /// <summary>What waits to be read, the oldest first.</summary>
    public ImmutableList<PipeBuffer> Buffers { get; init; } = [];

    /// <summary>How many buffers it may have.</summary>
    public int Slots { get; init; } = InitialSlots;

    /// <summary>Open files that read.</summary>
    public int Readers { get; init; }

    /// <summary>Open files that write.</summary>
    public int Writers { get; init; }

    /// <summary>How often it was opened for reading: who waits for a reader sees one that has gone again.</summary>
    public int ReaderOpens { get; init; }

    /// <summary>How often it was opened for writing.</summary>
    public int WriterOpens { get; init; }

    /// <summary>The name by which it is opened; null for a pipe.</summary>
    public VfsNode? Fifo { get; init; }

    public bool IsEmpty => Buffers.IsEmpty;

    public bool IsFull => Buffers.Count >= Slots;

    /// <summary>Bytes that wait.</summary>
    public long Length => Buffers.Sum(buffer => (long)buffer.Bytes.Length);

    /// <summary>The pipe with another buffer.</summary>
    public PipeState Add(PipeBuffer buffer) => this with { Buffers = Buffers.Add(buffer) };

    /// <summary>The pipe with more bytes in its last buffer.</summary>
    public PipeState Grow(ReadOnlySpan<byte> more) => this with { Buffers = Buffers.SetItem(Buffers.Count - 1, Buffers[^1].With(more)) };

    /// <summary>The pipe without the first bytes of its first buffer; of a packet nothing stays.</summary>
    public PipeState Take(int count) => this with
    {
        Buffers = Buffers[0].IsPacket || count >= Buffers[0].Bytes.Length ? Buffers.RemoveAt(0) : Buffers.SetItem(0, Buffers[0].Without(count)),
    };
}
