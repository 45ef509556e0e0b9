using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>
/// An ELF program for x86 or x86-64: what the kernel's loader reads of it, checked as the kernel checks it before it gives up the old
/// program. What the kernel takes is taken here, even where it cannot end well; <see cref="Remarks"/> says so then. System V ABI,
/// chapters 4 and 5, and its supplements for i386 and AMD64.
/// </summary>
public sealed class ElfFile
{
    private readonly ElfHeader _header;
    private readonly ElfReader _reader;
    private readonly byte[]? _bytes;

    private ElfFile(ElfReader reader, ElfHeader header, long length, string name, bool isInterpreter, byte[]? bytes)
    {
        (_reader, _header, _bytes, Length, Name) = (reader, header, bytes, length, name);
        ImmutableArray<ElfProgramHeader> headers = reader.ReadTable(header);
        ProgramHeaders = headers;
        Segments = [.. headers.Where(entry => entry.Type == ElfHeaderType.Load).Select(entry => entry.ToSegment())];
        Interpreter = isInterpreter ? null : reader.ReadInterpreterName(headers);
        ExecutableStack = headers.LastOrDefault(entry => entry.Type == ElfHeaderType.GnuStack)?.IsExecutable;
    }

    /// <summary>32 or 64.</summary>
    public int Bitness => _header.Bitness;

    /// <summary>Whether it is an x32 program: 64-bit code with 32-bit addresses.</summary>
    public bool IsX32 => _header.IsX32;

    /// <summary>ET_DYN: a PIE, static or not, or a shared object, which runs wherever it is put; otherwise its addresses are fixed.</summary>
    public bool IsPositionIndependent => _header.Type == ElfReader.SharedObject;

    /// <summary>Where execution starts, before the load bias is added.</summary>
    public ulong EntryPoint => _header.EntryPoint;

    /// <summary>The program header table.</summary>
    public IReadOnlyList<ElfProgramHeader> ProgramHeaders { get; }

    /// <summary>What is loaded, in the order of the table: whoever comes later is mapped over who came before.</summary>
    public IReadOnlyList<ElfSegment> Segments { get; }

    /// <summary>
    /// The program that PT_INTERP asks for, such as a dynamic linker, or null. Its bytes as Latin-1, since a name may have any.
    /// </summary>
    public string? Interpreter { get; }

    /// <summary>Whether PT_GNU_STACK asks for an executable stack; null when the file has no such entry.</summary>
    public bool? ExecutableStack { get; }

    /// <summary>PT_TLS, which the C library reads, or null.</summary>
    public ElfProgramHeader? ThreadLocalStorage => Header(ElfHeaderType.ThreadLocalStorage);

    /// <summary>PT_DYNAMIC, which the dynamic linker reads, or null.</summary>
    public ElfProgramHeader? Dynamic => Header(ElfHeaderType.Dynamic);

    /// <summary>Bytes of the file.</summary>
    public long Length { get; }

    /// <summary>The whole file.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes ?? ReadAll();

    /// <summary>What the kernel does not mind and the program will, a sentence each.</summary>
    public IReadOnlyList<string> Remarks => ElfRemarks.Of(this);

    /// <summary>What messages call it.</summary>
    internal string Name { get; }

    /// <summary>e_type.</summary>
    internal int Type => _header.Type;

    /// <summary>e_phoff.</summary>
    internal ulong ProgramHeaderOffset => _header.TableOffset;

    /// <summary>e_phentsize.</summary>
    internal int ProgramHeaderSize => _header.EntrySize;

    /// <summary>e_phnum.</summary>
    internal int ProgramHeaderCount => _header.Count;

    /// <summary>
    /// READ_IMPLIES_EXEC: what a file does not say about its stack meant everything once, and 32-bit programs are still taken at that word.
    /// </summary>
    internal bool ImpliesReadableIsExecutable => Bitness == 32 && !IsX32 && ExecutableStack is null;

    /// <summary>Reads a program and checks it.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="ElfFormatException">It is no ELF program for x86.</exception>
    public static ElfFile Parse(ReadOnlySpan<byte> bytes, string name = "The program")
    {
        byte[] copy = bytes.ToArray();
        return Parse(ReaderOf(copy), copy.Length, name, copy);
    }

    /// <summary>Reads a program where it lies.</summary>
    /// <exception cref="ElfFormatException">It is no ELF program for x86: ENOEXEC, or EIO when it ends within the interpreter's name.</exception>
    internal static ElfFile Parse(FileReader read, long length, string name) => Parse(read, length, name, null);

    /// <summary>Reads the interpreter of a program.</summary>
    /// <exception cref="ElfFormatException">It cannot be one: ELIBBAD, or EIO when it ends within its header.</exception>
    internal static ElfFile ParseInterpreter(FileReader read, long length, string name, int bitness)
    {
        var reader = new ElfReader(read, length, name, Errno.ELIBBAD);
        return new ElfFile(reader, reader.ReadInterpreterHeader(bitness), length, name, isInterpreter: true, null);
    }

    /// <summary>Copies what the file has from an offset on.</summary>
    internal int Read(ulong offset, Span<byte> destination) => _reader.Read(offset, destination);

    /// <summary>What a user is told when the machine has no file of the interpreter's name.</summary>
    /// <exception cref="InvalidOperationException">The program asks for none.</exception>
    internal ElfFormatException InterpreterIsMissing() => new(
        $"{Name}: the program asks for the interpreter {Interpreter ?? throw new InvalidOperationException($"{Name} asks for no interpreter.")}, "
        + "and the machine has no such file: give --root FOLDER that holds it, or link the program with -static.",
        Errno.ENOENT);

    private static FileReader ReaderOf(byte[] bytes) => (offset, destination) =>
    {
        ReadOnlySpan<byte> rest = bytes.AsSpan((int)offset);
        rest = rest[..Math.Min(rest.Length, destination.Length)];
        rest.CopyTo(destination);
        return rest.Length;
    };

    private static ElfFile Parse(FileReader read, long length, string name, byte[]? bytes)
    {
        var reader = new ElfReader(read, length, name, Errno.ENOEXEC);
        return new ElfFile(reader, reader.ReadHeader(), length, name, isInterpreter: false, bytes);
    }

    private ElfProgramHeader? Header(uint type) => ProgramHeaders.FirstOrDefault(entry => entry.Type == type);

    private byte[] ReadAll()
    {
        byte[] bytes = new byte[Length];
        Read(0, bytes);
        return bytes;
    }
}
