using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>
/// A static ELF program for x86 or x86-64: what the kernel's loader reads of it, checked. System V ABI, chapters 4 and 5, and its
/// supplements for i386 and AMD64.
/// </summary>
public sealed class ElfFile
{
    private const int MinimumHeader = 52;
    private const int Header64Size = 64;
    private const int MaxProgramHeaders = 65536 / 56;
    private const int Executable = 2;
    private const int SharedObject = 3;
    private const int MachineI386 = 3;
    private const int MachineX8664 = 62;
    private const uint PtLoad = 1;
    private const uint PtInterp = 3;
    private const uint PtGnuStack = 0x6474E551;

    private readonly string _name;
    private readonly byte[] _bytes;
    private readonly List<ElfSegment> _segments = [];

    private ElfFile(byte[] bytes, string name)
    {
        (_bytes, _name) = (bytes, name);
        ReadHeader();
        ReadProgramHeaders();
        CheckSegments();
    }

    /// <summary>32 or 64.</summary>
    public int Bitness { get; private set; }

    /// <summary>A static PIE, which runs wherever it is put; otherwise its addresses are fixed.</summary>
    public bool IsPositionIndependent { get; private set; }

    /// <summary>Where execution starts, before the load bias is added.</summary>
    public ulong EntryPoint { get; private set; }

    /// <summary>What is loaded, in the order of addresses.</summary>
    public IReadOnlyList<ElfSegment> Segments => _segments;

    /// <summary>Whether PT_GNU_STACK asks for an executable stack; null when the file has no such entry.</summary>
    public bool? ExecutableStack { get; private set; }

    /// <summary>e_phoff.</summary>
    internal ulong ProgramHeaderOffset { get; private set; }

    /// <summary>e_phentsize.</summary>
    internal int ProgramHeaderSize { get; private set; }

    /// <summary>e_phnum.</summary>
    internal int ProgramHeaderCount { get; private set; }

    /// <summary>The whole file.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Reads a program and checks it.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="ElfFormatException">It is no static ELF program for x86.</exception>
    public static ElfFile Parse(ReadOnlySpan<byte> bytes, string name = "The program") => new(bytes.ToArray(), name);

    private void ReadHeader()
    {
        const int fileClass = 4, encoding = 5, version = 6;
        const int class32 = 1, class64 = 2, littleEndian = 1, currentVersion = 1;
        if (_bytes.Length < 4 || !_bytes.AsSpan(0, 4).SequenceEqual("\u007fELF"u8))
            throw Error(0, $"begins with {FirstBytes()}, not with 7F 45 4C 46: it is no ELF file. Give a program that was linked with -static");
        if (_bytes.Length < MinimumHeader)
            throw Error(0, $"ends after {_bytes.Length} bytes, within the ELF header of at least {MinimumHeader}: it was cut off");
        if (_bytes[fileClass] is not (class32 or class64))
            throw Error(fileClass, $"has class {_bytes[fileClass]}; 1 is 32-bit and 2 is 64-bit");
        if (_bytes[encoding] != littleEndian)
            throw Error(encoding, $"has data encoding {_bytes[encoding]}; x86 is little-endian, which is 1");
        if (_bytes[version] != currentVersion)
            throw Error(version, $"has ELF version {_bytes[version]}; there is only 1");
        Bitness = _bytes[fileClass] == class64 ? 64 : 32;
        if (Bitness == 64 && _bytes.Length < Header64Size)
            throw Error(0, $"ends after {_bytes.Length} bytes, within the ELF header of {Header64Size}: it was cut off");

        int type = Half(16);
        if (type is not (Executable or SharedObject))
            throw Error(16, $"has type {type}{TypeName(type)}; a program is ET_EXEC (2) or, as static PIE, ET_DYN (3)");
        IsPositionIndependent = type == SharedObject;
        int wanted = Bitness == 64 ? MachineX8664 : MachineI386;
        if (Half(18) != wanted)
            throw Error(18, $"is {Bitness}-bit for machine {Half(18)}; {Bitness}-bit x86 is {wanted}");
        EntryPoint = Address(24, 24);
        ProgramHeaderOffset = Address(28, 32);
        ProgramHeaderSize = Half(Bitness == 64 ? 54 : 42);
        ProgramHeaderCount = Half(Bitness == 64 ? 56 : 44);
    }

    private void ReadProgramHeaders()
    {
        int size = Bitness == 64 ? 56 : 32;
        int place = Bitness == 64 ? 54 : 42;
        if (ProgramHeaderSize != size)
            throw Error(place, $"has program headers of {ProgramHeaderSize} bytes; those of a {Bitness}-bit file have {size}");
        if (ProgramHeaderCount is 0 or > MaxProgramHeaders)
            throw Error(place + 2, $"has {ProgramHeaderCount} program headers; a program has 1 to {MaxProgramHeaders}");
        ulong end = ProgramHeaderOffset + (ulong)(ProgramHeaderCount * size);
        if (ProgramHeaderOffset > (ulong)_bytes.Length || end > (ulong)_bytes.Length)
        {
            throw Error(Bitness == 64 ? 32 : 28,
                $"has its program headers from {ProgramHeaderOffset:x}h to {end:x}h, but only {_bytes.Length:x}h bytes: it was cut off or is damaged");
        }

        for (int i = 0; i < ProgramHeaderCount; i++)
            ReadProgramHeader((int)ProgramHeaderOffset + i * size);
    }

    private void ReadProgramHeader(int at)
    {
        const uint execute = 1, write = 2, read = 4;
        uint flags = Word(at + (Bitness == 64 ? 4 : 24));
        switch (Word(at))
        {
            case PtInterp:
                throw Error(at, "asks for a dynamic linker (PT_INTERP), and the kit runs static programs only: link it with -static");
            case PtGnuStack:
                ExecutableStack = (flags & execute) != 0;
                break;
            case PtLoad:
                ulong offset = Address(at + 4, at + 8), address = Address(at + 8, at + 16);
                ulong fileSize = Address(at + 16, at + 32), memorySize = Address(at + 20, at + 40);
                if (memorySize == 0)
                    break;
                Add(at, new ElfSegment(offset, address, fileSize, memorySize, (flags & read) != 0, (flags & write) != 0, (flags & execute) != 0));
                break;
        }
    }

    private void Add(int at, ElfSegment segment)
    {
        ulong limit = Bitness == 64 ? KernelLayout.UserAddressLimit : uint.MaxValue;
        if (segment.FileSize > segment.MemorySize)
            throw Error(at, $"has a segment with {segment.FileSize:x}h bytes in the file and only {segment.MemorySize:x}h in memory");
        if (segment.Offset > (ulong)_bytes.Length || segment.FileSize > (ulong)_bytes.Length - segment.Offset)
        {
            throw Error(at, $"has a segment of {segment.FileSize:x}h bytes at {segment.Offset:x}h, but only {_bytes.Length:x}h bytes in all: "
                + "it was cut off or is damaged");
        }

        if (segment.Address > limit || segment.MemorySize > limit - segment.Address)
            throw Error(at, $"has a segment of {segment.MemorySize:x}h bytes for address {segment.Address:x}h, which leaves the address space of a program");
        if (segment.Address % KernelLayout.PageSize != segment.Offset % KernelLayout.PageSize)
        {
            throw Error(at, $"has a segment for address {segment.Address:x}h at {segment.Offset:x}h of the file: "
                + "the two must be the same within a page of 4 KiB, for the file is mapped by pages");
        }

        if (_segments.Count > 0 && segment.Address < _segments[^1].Address + _segments[^1].MemorySize)
        {
            throw Error(at, $"has a segment for address {segment.Address:x}h behind one that reaches to "
                + $"{_segments[^1].Address + _segments[^1].MemorySize:x}h: segments must ascend and must not overlap");
        }

        _segments.Add(segment);
    }

    private void CheckSegments()
    {
        if (_segments.Count == 0)
            throw Error((int)ProgramHeaderOffset, "has no PT_LOAD segment, so there is nothing to run");
        if (!_segments.Any(segment => EntryPoint - segment.Address < segment.MemorySize))
        {
            string ranges = string.Join(", ", _segments.Select(segment => $"{segment.Address:x}h to {segment.Address + segment.MemorySize:x}h"));
            throw Error(24, $"starts at {EntryPoint:x}h, where it has nothing; its segments: {ranges}");
        }
    }

    private int Half(int at) => BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan(at));

    private uint Word(int at) => BinaryPrimitives.ReadUInt32LittleEndian(_bytes.AsSpan(at));

    /// <summary>A field of the width of an address, which stands elsewhere in each class.</summary>
    private ulong Address(int at32, int at64) => Bitness == 64 ? BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan(at64)) : Word(at32);

    private string FirstBytes() =>
        _bytes.Length == 0 ? "nothing" : string.Join(' ', _bytes.Take(4).Select(value => value.ToString("X2", System.Globalization.CultureInfo.InvariantCulture)));

    private static string TypeName(int type) => type switch { 1 => " (an object file that was not linked)", 4 => " (a core dump)", _ => "" };

    private ElfFormatException Error(int offset, string what) => new($"{_name}, offset {offset:x}h: it {what}.");
}
