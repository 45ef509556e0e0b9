using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace SyscallExplorer.Linux;

/// <summary>Copies bytes of a file from an offset on, and says how many there were.</summary>
internal delegate int FileReader(long offset, Span<byte> destination);

/// <summary>What the ELF header says.</summary>
/// <param name="Bitness">32 or 64: the width of the file's addresses.</param>
/// <param name="Type">e_type.</param>
/// <param name="EntryPoint">e_entry.</param>
/// <param name="TableOffset">e_phoff.</param>
/// <param name="EntrySize">e_phentsize.</param>
/// <param name="Count">e_phnum.</param>
internal sealed record ElfHeader(int Bitness, int Type, ulong EntryPoint, ulong TableOffset, int EntrySize, int Count)
{
    /// <summary>
    /// A 32-bit file of 64-bit code. The kernel's 64-bit loader refuses it for its short program headers, and the 32-bit one then takes it for its machine; neither looks
    /// at the class.
    /// </summary>
    public bool IsX32 { get; init; }
}

/// <summary>
/// Reads what the kernel's loader reads of a file and refuses what it refuses before it gives up the old program. elf(5), execve(2).
/// </summary>
/// <param name="read">The file.</param>
/// <param name="length">Its bytes.</param>
/// <param name="name">What messages call it.</param>
/// <param name="errno">What execve answers to a file of a wrong form.</param>
internal sealed class ElfReader(FileReader read, long length, string name, int errno)
{
    public const int Executable = 2, SharedObject = 3;
    private const int MachineI386 = 3, MachineI486 = 6, MachineX8664 = 62;
    private const int HeaderSize32 = 52, HeaderSize64 = 64;
    private const int EntrySizeAt32 = 42, EntrySizeAt64 = 54;
    private const int EntrySize32 = 32, EntrySize64 = 56;
    private const int MaxTableSize = 65536;
    private const int MaxPath = 4096;
    private const int TypeAt = 16, MachineAt = 18, EntryAt = 24;

    private static readonly ImmutableDictionary<int, string> s_types = new Dictionary<int, string>
    {
        [0] = "no type",
        [1] = "an object file that was not linked",
        [4] = "a core dump",
    }.ToImmutableDictionary();

    private static readonly ImmutableDictionary<int, string> s_machines = new Dictionary<int, string>
    {
        [2] = "SPARC",
        [8] = "MIPS",
        [20] = "PowerPC",
        [21] = "64-bit PowerPC",
        [22] = "S/390",
        [40] = "ARM",
        [50] = "Itanium",
        [183] = "AArch64",
        [243] = "RISC-V",
        [258] = "LoongArch",
    }.ToImmutableDictionary();

    /// <summary>The header of a program.</summary>
    public ElfHeader ReadHeader()
    {
        ElfHeader header = ReadAnyHeader();
        CheckType(header.Type);
        return header;
    }

    /// <summary>The header of an interpreter, whose type the kernel looks at later.</summary>
    /// <param name="bitness">That of the program which asks for it.</param>
    public ElfHeader ReadInterpreterHeader(int bitness)
    {
        int size = bitness == 64 ? HeaderSize64 : HeaderSize32;
        if (length < size)
            throw Error(0, $"ends after {length} bytes, within the ELF header of {size} that an interpreter must have", Errno.EIO);
        ElfHeader header = ReadAnyHeader();
        if (header.Bitness != bitness)
            throw Error(MachineAt, $"is {header.Bitness}-bit and cannot be the interpreter of a {bitness}-bit program");
        return header;
    }

    /// <summary>The program header table.</summary>
    public ImmutableArray<ElfProgramHeader> ReadTable(ElfHeader header)
    {
        bool is64 = header.Bitness == 64;
        int size = is64 ? EntrySize64 : EntrySize32;
        ulong place = (ulong)(is64 ? EntrySizeAt64 : EntrySizeAt32);
        if (header.EntrySize != size)
        {
            throw Error(place, $"has program headers of {header.EntrySize} bytes; those of a {header.Bitness}-bit file have {size}");
        }

        if (header.Count == 0 || header.Count > MaxTableSize / size)
            throw Error(place + 2, $"has {header.Count} program headers; a program has 1 to {MaxTableSize / size}");
        byte[] table = new byte[header.Count * size];
        if (Read(header.TableOffset, table) < table.Length)
        {
            throw Error(is64 ? 32u : 28u, $"has its program headers from {header.TableOffset:x}h to {header.TableOffset + (ulong)table.Length:x}h, "
                + $"but only {length:x}h bytes: it was cut off or is damaged");
        }

        return [.. Enumerable.Range(0, header.Count).Select(i => Entry(table.AsSpan(i * size, size), is64, header.TableOffset + (ulong)(i * size)))];
    }

    /// <summary>
    /// The interpreter's name, by the first PT_INTERP: its bytes up to the first zero, whatever stands between that zero and the last. An
    /// empty one is that of the working directory, which cannot be executed.
    /// </summary>
    /// <returns>The bytes as Latin-1, or null when the program asks for none.</returns>
    public string? ReadInterpreterName(ImmutableArray<ElfProgramHeader> headers)
    {
        if (headers.FirstOrDefault(header => header.Type == ElfHeaderType.Interpreter) is not { } entry)
            return null;
        if (entry.FileSize is < 2 or > MaxPath)
        {
            throw Error(entry.HeaderOffset,
                $"names its interpreter (PT_INTERP) in {entry.FileSize} bytes; a name has 2 to {MaxPath}, with the zero at its end");
        }

        byte[] bytes = new byte[entry.FileSize];
        if (Read(entry.Offset, bytes) < bytes.Length)
        {
            throw Error(entry.HeaderOffset, $"has the name of its interpreter (PT_INTERP) from {entry.Offset:x}h to "
                + $"{entry.Offset + entry.FileSize:x}h, but only {length:x}h bytes: it was cut off or is damaged", Errno.EIO);
        }

        if (bytes[^1] != 0)
            throw Error(entry.HeaderOffset, "names its interpreter (PT_INTERP) without a zero at the end of the name");
        return Encoding.Latin1.GetString(bytes.AsSpan(0, Array.IndexOf(bytes, (byte)0)));
    }

    /// <summary>Copies what the file has from an offset on, which may lie anywhere.</summary>
    public int Read(ulong offset, Span<byte> destination) => offset >= (ulong)length ? 0 : read((long)offset, destination);

    private ElfHeader ReadAnyHeader()
    {
        const int encoding = 5, bigEndian = 2;
        byte[] head = new byte[HeaderSize64];
        int count = Read(0, head);
        if (count < 4 || !head.AsSpan(0, 4).SequenceEqual("\u007fELF"u8))
        {
            string found = count == 0 ? "nothing"
                : string.Join(' ', head.Take(Math.Min(count, 4)).Select(value => value.ToString("X2", CultureInfo.InvariantCulture)));
            throw Error(0, $"begins with {found}, not with 7F 45 4C 46: it is no ELF file. Give a program that was compiled for Linux on x86");
        }

        // What a short file lacks reads as zero, and files have been written that put up with it.
        int machine = Half(head, MachineAt);
        if (machine is not (MachineI386 or MachineI486 or MachineX8664))
        {
            string other = head[encoding] == bigEndian ? ", and big-endian" : s_machines.TryGetValue(machine, out string? known) ? $" ({known})" : "";
            throw CutOff(count, HeaderSize32, MachineAt)
                ?? Error(MachineAt, $"is for machine {machine}{other}; x86-64 is {MachineX8664} and 32-bit x86 is {MachineI386}");
        }

        bool isX32 = machine == MachineX8664 && Half(head, EntrySizeAt64) != EntrySize64 && Half(head, EntrySizeAt32) == EntrySize32;
        bool is64 = machine == MachineX8664 && !isX32;
        ulong entry = is64 ? BinaryPrimitives.ReadUInt64LittleEndian(head.AsSpan(EntryAt)) : Word(head, EntryAt);
        ulong table = is64 ? BinaryPrimitives.ReadUInt64LittleEndian(head.AsSpan(32)) : Word(head, 28);
        int sizeAt = is64 ? EntrySizeAt64 : EntrySizeAt32;
        var header = new ElfHeader(is64 ? 64 : 32, Half(head, TypeAt), entry, table, Half(head, sizeAt), Half(head, sizeAt + 2)) { IsX32 = isX32 };
        if ((header.EntrySize == 0 || header.Count == 0) && CutOff(count, is64 ? HeaderSize64 : HeaderSize32, sizeAt + 2) is { } cutOff)
            throw cutOff;
        return header;
    }

    private ElfFormatException? CutOff(int count, int size, int neededTo) =>
        count <= neededTo ? Error(0, $"ends after {count} bytes, within the ELF header of {size}: it was cut off") : null;

    private void CheckType(int type)
    {
        if (type is Executable or SharedObject)
            return;
        string known = s_types.TryGetValue(type, out string? text) ? $" ({text})" : "";
        throw Error(TypeAt, $"has type {type}{known}; a program is ET_EXEC ({Executable}) or, when it runs wherever it is put, ET_DYN ({SharedObject})");
    }

    private static ElfProgramHeader Entry(ReadOnlySpan<byte> bytes, bool is64, ulong at)
    {
        if (!is64)
        {
            return new ElfProgramHeader(Word(bytes, 0), Word(bytes, 24), Word(bytes, 4), Word(bytes, 8), Word(bytes, 16), Word(bytes, 20), Word(bytes, 28), at);
        }

        return new ElfProgramHeader(
            Word(bytes, 0), Word(bytes, 4), Long(bytes, 8), Long(bytes, 16), Long(bytes, 32), Long(bytes, 40), Long(bytes, 48), at);
    }

    private static int Half(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static uint Word(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static ulong Long(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);

    private ElfFormatException Error(ulong offset, string what, int? number = null) =>
        new($"{name}, offset {offset:x}h: it {what}.", number ?? errno);
}
