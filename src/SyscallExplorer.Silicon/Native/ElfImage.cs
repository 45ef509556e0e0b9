using System.Buffers.Binary;

namespace SyscallExplorer.Silicon;

/// <summary>A static ELF64 program: one segment of code, one of zeros. System V ABI, AMD64 supplement, chapter 4.</summary>
internal static class ElfImage
{
    private const int HeaderSize = 64;
    private const int ProgramHeaderSize = 56;
    private const int CodeOffset = 0x1000;
    private const int Execute = 1;
    private const int Write = 2;
    private const int Read = 4;

    /// <summary>Builds the file.</summary>
    /// <param name="code">The code, which begins at the entry point.</param>
    /// <param name="codeAddress">Where it runs, a multiple of 4096.</param>
    /// <param name="zeros">Where the zeros begin, a multiple of 4096.</param>
    /// <param name="zeroSize">How many they are.</param>
    public static byte[] Build(ReadOnlySpan<byte> code, ulong codeAddress, ulong zeros, ulong zeroSize)
    {
        byte[] file = new byte[CodeOffset + code.Length];
        Span<byte> bytes = file;
        ReadOnlySpan<byte> identification = [0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1];
        identification.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[16..], 2);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[18..], 62);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[20..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], codeAddress);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[32..], HeaderSize);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[52..], HeaderSize);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[54..], ProgramHeaderSize);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[56..], 2);
        Segment(bytes[HeaderSize..], Read | Execute, CodeOffset, codeAddress, (ulong)code.Length, (ulong)code.Length);
        Segment(bytes[(HeaderSize + ProgramHeaderSize)..], Read | Write, 0, zeros, 0, zeroSize);
        code.CopyTo(bytes[CodeOffset..]);
        return file;
    }

    private static void Segment(Span<byte> header, int rights, ulong offset, ulong address, ulong fileSize, ulong memorySize)
    {
        BinaryPrimitives.WriteInt32LittleEndian(header, 1);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], rights);
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], offset);
        BinaryPrimitives.WriteUInt64LittleEndian(header[16..], address);
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], address);
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], fileSize);
        BinaryPrimitives.WriteUInt64LittleEndian(header[40..], memorySize);
        BinaryPrimitives.WriteUInt64LittleEndian(header[48..], 0x1000);
    }
}
