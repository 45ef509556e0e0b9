using System.Buffers.Binary;
using Iced.Intel;

namespace SyscallExplorer;

/// <summary>Writes small ELF files from code of Iced's assembler, and leaves every field open to be spoilt.</summary>
internal sealed class ElfImage(int bitness)
{
    public const int PtLoad = 1, PtDynamic = 2, PtInterp = 3, PtPhdr = 6, PtTls = 7, PtGnuStack = 0x6474E551;
    public const int Execute = 1, Write = 2, Read = 4;
    public const int CodeOffset = 0x1000;
    private readonly List<(int Type, int Flags, ulong Offset, ulong Address, ulong FileSize, ulong MemorySize)> _headers = [];
    private byte[] _content = [];

    public int Type { get; init; } = 2;

    public ulong Base { get; init; } = bitness == 64 ? 0x40_0000ul : 0x0804_8000ul;

    public ulong Code => Base + CodeOffset;

    /// <summary>A page of the file that is readable and writable, behind the code.</summary>
    public ulong Data => Base + 0x4000;

    /// <summary>Zeroes behind the data that the file does not hold.</summary>
    public ulong ZeroedData => Data + DataInFile;

    public const ulong DataInFile = 0x20;
    public const ulong DataSize = 0x3000;

    public ulong Entry { get; set; }

    private bool Is64 => bitness == 64;

    private int HeaderSize => Is64 ? 64 : 52;

    private int ProgramHeaderSize => Is64 ? 56 : 32;

    /// <summary>Code at the entry point, 20h bytes of data, and a GNU stack of the flags given, or none for null.</summary>
    public static ElfImage Program(Action<Assembler> write, int bitness = 64, int? stackFlags = Read | Write, int type = 2)
    {
        var image = new ElfImage(bitness) { Type = type, Base = type == 3 ? 0ul : bitness == 64 ? 0x40_0000ul : 0x0804_8000ul };
        image.Assemble(write);
        if (stackFlags is { } flags)
            image.Header(PtGnuStack, flags, 0, 0, 0, 0);
        return image;
    }

    /// <summary>A file with all that a dynamic program has, although its code needs no library.</summary>
    public static ElfImage DynamicProgram(Action<Assembler> write, int bitness = 64, string interpreter = "/lib/ld.so", int type = 3)
    {
        const ulong nameOffset = 0x800, dynamicSize = 0x10;
        ElfImage image = Program(write, bitness, type: type);
        byte[] name = [.. System.Text.Encoding.Latin1.GetBytes(interpreter), 0];
        name.CopyTo(image._content, (int)nameOffset);
        ulong headers = (ulong)image.HeaderSize;
        const ulong dataOffset = 0x3000;
        return image
            .Header(PtPhdr, Read, headers, image.Base + headers, 7 * (ulong)image.ProgramHeaderSize, 7 * (ulong)image.ProgramHeaderSize)
            .Header(PtInterp, Read, nameOffset, image.Base + nameOffset, (ulong)name.Length, (ulong)name.Length)
            .Header(PtDynamic, Read | Write, dataOffset, image.Data, dynamicSize, dynamicSize)
            .Header(PtTls, Read, dataOffset + dynamicSize, image.Data + dynamicSize, dynamicSize, 4 * dynamicSize);
    }

    private void Assemble(Action<Assembler> write)
    {
        const ulong dataOffset = 0x3000;
        var assembler = new Assembler(bitness);
        write(assembler);
        var stream = new MemoryStream();
        if (!assembler.TryAssemble(new StreamCodeWriter(stream), Code, out string? error, out _))
            throw new ArgumentException(error);
        byte[] code = stream.ToArray();
        _content = new byte[dataOffset + DataInFile];
        code.CopyTo(_content, CodeOffset);
        for (int i = 0; i < (int)DataInFile; i++)
            _content[(int)dataOffset + i] = (byte)('A' + i);
        Entry = Code;
        Header(PtLoad, Read | Execute, 0, Base, CodeOffset + (ulong)code.Length, CodeOffset + (ulong)code.Length);
        Header(PtLoad, Read | Write, dataOffset, Data, DataInFile, DataSize);
    }

    public ElfImage Header(int type, int flags, ulong offset, ulong address, ulong fileSize, ulong memorySize)
    {
        _headers.Add((type, flags, offset, address, fileSize, memorySize));
        return this;
    }

    public ElfImage WithoutHeaders()
    {
        _headers.Clear();
        return this;
    }

    /// <summary>The file.</summary>
    public byte[] ToBytes()
    {
        byte[] bytes = new byte[Math.Max(_content.Length, HeaderSize + _headers.Count * ProgramHeaderSize)];
        _content.CopyTo(bytes, 0);
        new byte[] { 0x7F, (byte)'E', (byte)'L', (byte)'F', (byte)(Is64 ? 2 : 1), 1, 1 }.CopyTo(bytes, 0);
        Put16(bytes, 16, Type);
        Put16(bytes, 18, Is64 ? 62 : 3);
        Put32(bytes, 20, 1);
        PutWord(bytes, 24, 24, Entry);
        PutWord(bytes, 28, 32, (ulong)HeaderSize);
        Put16(bytes, Is64 ? 52 : 40, HeaderSize);
        Put16(bytes, Is64 ? 54 : 42, ProgramHeaderSize);
        Put16(bytes, Is64 ? 56 : 44, _headers.Count);
        int at = HeaderSize;
        foreach ((int type, int flags, ulong offset, ulong address, ulong fileSize, ulong memorySize) in _headers)
        {
            Put32(bytes, at, type);
            Put32(bytes, at + (Is64 ? 4 : 24), flags);
            PutWord(bytes, at + 4, at + 8, offset);
            PutWord(bytes, at + 8, at + 16, address);
            PutWord(bytes, at + 16, at + 32, fileSize);
            PutWord(bytes, at + 20, at + 40, memorySize);
            PutWord(bytes, at + 28, at + 48, type == PtLoad ? 0x1000ul : 0);
            at += ProgramHeaderSize;
        }

        return bytes;
    }

    public static void Put16(byte[] bytes, int at, int value) => BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(at), (ushort)value);

    public static void Put32(byte[] bytes, int at, int value) => BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), value);

    private void PutWord(byte[] bytes, int at32, int at64, ulong value)
    {
        if (Is64)
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at64), value);
        else
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at32), (uint)value);
    }
}
