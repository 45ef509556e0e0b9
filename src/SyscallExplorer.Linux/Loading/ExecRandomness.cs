using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>The random words of one execve: each place draws from a stream of its own, so that none moves when another is left out.</summary>
/// <param name="Seed">The machine's.</param>
/// <param name="Execution">How many execve the machine has done before: no two have the same words.</param>
internal readonly record struct ExecRandomness(ulong Seed, long Execution)
{
    private const int RandomBytes = 16;

    /// <summary>A word of a stream of <see cref="SeededBytes"/>.</summary>
    public ulong Word(int stream)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        SeededBytes.Fill(Seed, stream, Execution * sizeof(ulong), bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    /// <summary>The 16 bytes that AT_RANDOM points to.</summary>
    public byte[] AtRandom()
    {
        byte[] bytes = new byte[RandomBytes];
        SeededBytes.Fill(Seed, SeededBytes.AtRandom, Execution * RandomBytes, bytes);
        return bytes;
    }
}
