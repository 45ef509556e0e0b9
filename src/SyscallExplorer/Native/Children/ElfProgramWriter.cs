using System.Buffers.Binary;

namespace SyscallExplorer;

/// <summary>Memory of a child's program beside its code: zeros, to be read and written.</summary>
/// <param name="Address">Where it begins, a multiple of 4096 below 2 GiB.</param>
/// <param name="Size">Its bytes.</param>
internal sealed record ZeroSegment(uint Address, uint Size);

/// <summary>A static ELF program for the host. System V ABI, chapter 4 of its generic part and of the supplements for i386 and AMD64.</summary>
internal static class ElfProgramWriter
{
    public const int ExecutableType = 2, MachineI386 = 3, MachineX64 = 62;
    private const int PageSize = 0x1000;
    private const int Load = 1, GnuStack = 0x6474E551;
    private const int ExecuteRight = 1, WriteRight = 2, ReadRight = 4;

    /// <summary>Writes the file. Its stack is not executable; without a header that says so, a 32-bit program would have all its memory so.</summary>
    /// <param name="bitness">32 or 64.</param>
    /// <param name="code">The code, which begins at the entry point.</param>
    /// <param name="codeAddress">Where it stands, a multiple of 4096.</param>
    /// <param name="zeros">The memory beside it.</param>
    public static byte[] Write(int bitness, ReadOnlySpan<byte> code, uint codeAddress, IReadOnlyList<ZeroSegment> zeros)
    {
        bool is64 = bitness == 64;
        int headerSize = is64 ? 64 : 52, entrySize = is64 ? 56 : 32, entries = zeros.Count + 2;
        byte[] file = new byte[PageSize + code.Length];
        var bytes = new LittleEndian(file, is64);
        bytes.Raw([0x7F, (byte)'E', (byte)'L', (byte)'F', (byte)(is64 ? 2 : 1), 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        bytes.Half(ExecutableType).Half(is64 ? MachineX64 : MachineI386).Int32(1);
        bytes.Word(codeAddress).Word((uint)headerSize).Word(0);
        bytes.Int32(0).Half(headerSize).Half(entrySize).Half(entries).Half(0).Half(0).Half(0);
        Segment(bytes, is64, Load, ReadRight | ExecuteRight, PageSize, codeAddress, (uint)code.Length, (uint)code.Length);
        foreach (ZeroSegment zero in zeros)
            Segment(bytes, is64, Load, ReadRight | WriteRight, 0, zero.Address, 0, zero.Size);
        Segment(bytes, is64, GnuStack, ReadRight | WriteRight, 0, 0, 0, 0);
        code.CopyTo(file.AsSpan(PageSize));
        return file;
    }

    /// <summary>The rights stand second in a 64-bit header and last but one in a 32-bit one.</summary>
    private static void Segment(LittleEndian bytes, bool is64, int type, int rights, uint offset, uint address, uint fileSize, uint memorySize)
    {
        bytes.Int32(type);
        if (is64)
            bytes.Int32(rights);
        bytes.Word(offset).Word(address).Word(address).Word(fileSize).Word(memorySize);
        if (!is64)
            bytes.Int32(rights);
        bytes.Word(PageSize);
    }

    private sealed class LittleEndian(byte[] file, bool is64)
    {
        private int _at;

        public LittleEndian Raw(ReadOnlySpan<byte> bytes)
        {
            bytes.CopyTo(file.AsSpan(_at));
            _at += bytes.Length;
            return this;
        }

        public LittleEndian Half(int value)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(_at), (ushort)value);
            _at += 2;
            return this;
        }

        public LittleEndian Int32(int value)
        {
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(_at), value);
            _at += 4;
            return this;
        }

        /// <summary>A word of the file's class.</summary>
        public LittleEndian Word(uint value)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(_at), value);
            _at += is64 ? 8 : 4;
            return this;
        }
    }
}
