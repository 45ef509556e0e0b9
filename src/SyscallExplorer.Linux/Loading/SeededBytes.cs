using System.Buffers.Binary;
using System.Security.Cryptography;

namespace SyscallExplorer.Linux;

/// <summary>The guest's random bytes: SHA-256 of the machine's seed, the stream and a counter, so that equal runs draw equal bytes.</summary>
internal static class SeededBytes
{
    /// <summary>The stream of AT_RANDOM.</summary>
    public const int AtRandom = 1;

    /// <summary>The stream of getrandom.</summary>
    public const int GetRandom = 2;

    /// <summary>The stream of the canaries of kernel stacks.</summary>
    public const int StackCanary = 32;
    /// <summary>The stream of the stack's end.</summary>
    public const int StackTop = 3;

    /// <summary>The stream of the page or none by which the stack's end is lower still.</summary>
    public const int StackPage = 4;

    /// <summary>The stream of the place where 64-bit mmap begins.</summary>
    public const int Mmap64 = 5;

    /// <summary>The stream of the place where 32-bit mmap begins.</summary>
    public const int Mmap32 = 6;

    /// <summary>The stream of the load bias.</summary>
    public const int LoadBias = 7;

    /// <summary>The stream of the heap's beginning.</summary>
    public const int Break = 8;

    /// <summary>The stream of the gap below the strings on the stack.</summary>
    public const int StackPointer = 9;

    /// <summary>The stream of the 64-bit vDSO's place.</summary>
    public const int Vdso = 10;

    /// <summary>Fills a span with what a stream has from a position on.</summary>
    public static void Fill(ulong seed, int stream, long position, Span<byte> destination)
    {
        Span<byte> key = stackalloc byte[20];
        Span<byte> block = stackalloc byte[SHA256.HashSizeInBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(key, seed);
        BinaryPrimitives.WriteInt32LittleEndian(key[8..], stream);
        while (!destination.IsEmpty)
        {
            BinaryPrimitives.WriteInt64LittleEndian(key[12..], position / block.Length);
            SHA256.HashData(key, block);
            ReadOnlySpan<byte> rest = block[(int)(position % block.Length)..];
            int count = Math.Min(rest.Length, destination.Length);
            rest[..count].CopyTo(destination);
            destination = destination[count..];
            position += count;
        }
    }
}
