using System.Buffers.Binary;
using System.Text;

namespace SyscallExplorer.Linux;

/// <summary>Reads an image that the kit has not made: whose it is, which kernel's, and what it exports.</summary>
internal sealed class VdsoReader
{
    private const int Load = 1, Dynamic = 2, Note = 4;
    private const ulong Hash = 4, StringTable = 5, SymbolTable = 6, VersionSymbols = 0x6FFF_FFF0, VersionDefinitions = 0x6FFF_FFFC;

    private readonly string _name;
    private readonly byte[] _bytes;
    private readonly ElfLayout _layout;
    private readonly VdsoAbi _abi;

    private VdsoReader(string name, byte[] bytes)
    {
        const int classOffset = 4, wide = 2, machineOffset = 18;
        const ushort x86 = 3, x8664 = 62;
        (_name, _bytes) = (name, bytes);
        if (!bytes.AsSpan().StartsWith("\u007fELF"u8) || bytes.Length < 64)
            throw Error(0, "is no ELF file");
        ushort machine = Half(machineOffset);
        _abi = (bytes[classOffset], machine) switch
        {
            (wide, x8664) => VdsoAbi.X64,
            (1, x8664) => VdsoAbi.X32,
            (1, x86) => VdsoAbi.I386,
            _ => throw Error(machineOffset, $"is for machine {machine}; a vDSO of x86 has 3 or 62 there"),
        };
        _layout = ElfLayout.Of(_abi);
    }

    /// <summary>Reads an image.</summary>
    /// <param name="name">What errors call it.</param>
    /// <param name="bytes">The file, or the pages of a process that has it mapped.</param>
    /// <exception cref="ElfFormatException">It is none, or of a kernel whose data page the kit does not know.</exception>
    public static Vdso Read(string name, byte[] bytes) => new VdsoReader(name, bytes).Read();

    /// <summary>What an image exports, of whatever kernel it is.</summary>
    /// <param name="name">What errors call it.</param>
    /// <param name="bytes">The file, or the pages of a process that has it mapped.</param>
    /// <exception cref="ElfFormatException">It is none.</exception>
    public static IReadOnlyList<VdsoSymbol> ReadSymbols(string name, byte[] bytes) => new VdsoReader(name, bytes).Symbols();

    private Vdso Read()
    {
        (int major, int minor) = Version();
        VvarLayout data = DataOf(major, minor);
        IReadOnlyList<VdsoSymbol> symbols = Symbols();
        byte[] pages = new byte[KernelLayout.PageUp((ulong)_bytes.Length)];
        if (pages.Length > VdsoSet.MaxPages * (int)KernelLayout.PageSize)
            throw Error(0, $"has {pages.Length} bytes; a vDSO has at most {VdsoSet.MaxPages} pages");
        _bytes.CopyTo(pages, 0);
        return new Vdso(_abi, $"{major}.{minor}", data, pages, symbols, [], _abi == VdsoAbi.I386 ? LandingPad(symbols) : 0) { IsForeign = true };
    }

    /// <summary>The data page of a version. The pages behind it are what later versions added for hypervisors and time namespaces.</summary>
    private VvarLayout DataOf(int major, int minor) => ((major * 1000) + minor) switch
    {
        < 4004 => throw Unknown(major, minor, "older than Linux 4.4"),
        4004 => VvarLayout.Linux_4_4,
        < 4020 => VvarLayout.Linux_4_4 with { Pages = 3 },
        < 5003 => VvarLayout.Linux_4_20,
        < 5006 => VvarLayout.Linux_5_13 with { Pages = 3 },
        < 6010 => VvarLayout.Linux_5_13,
        < 6013 => VvarLayout.Linux_6_12,
        _ => throw Unknown(major, minor, "newer than Linux 6.12, from which on the data page has another layout"),
    };

    private ElfFormatException Unknown(int major, int minor, string why) =>
        Error(0, $"is the vDSO of Linux {major}.{minor}, {why}: its data page is none that the kit writes. Images of Linux 4.4 to 6.12 are");

    /// <summary>The note of the owner "Linux" and type 0 holds LINUX_VERSION_CODE.</summary>
    private (int Major, int Minor) Version()
    {
        foreach ((int type, ulong offset, ulong size) in Segments().Where(segment => segment.Type == Note))
        {
            for (ulong at = offset; at + 12 <= offset + size;)
            {
                uint owner = Int32(at), description = Int32(at + 4), kind = Int32(at + 8);
                ulong name = at + 12, content = name + Up4(owner);
                if (kind == 0 && owner == 6 && Text(name) == "Linux" && description >= 4)
                    return ((int)(Int32(content) >> 16), (int)((Int32(content) >> 8) & 0xFF));
                at = content + Up4(description);
            }
        }

        throw Error(0, "has no note of the owner \"Linux\" that tells the kernel's version, so that the layout of its data is unknown");
    }

    private IReadOnlyList<VdsoSymbol> Symbols()
    {
        const int weak = 2, functionType = 2;
        Dictionary<ulong, ulong> dynamic = DynamicEntries();
        ulong Table(ulong tag, string what) => dynamic.TryGetValue(tag, out ulong address) ? ToOffset(address) : throw Error(0, $"has no {what}");
        ulong table = Table(SymbolTable, "DT_SYMTAB"), strings = Table(StringTable, "DT_STRTAB");
        ulong count = dynamic.TryGetValue(Hash, out ulong hash) ? Int32(ToOffset(hash) + 4) : CountByGnuHash(dynamic);
        var found = new List<VdsoSymbol>();
        for (ulong i = 1; i < count; i++)
        {
            ulong at = table + (i * (ulong)_layout.SymbolSize);
            string name = Text(strings + Int32(at));
            int info = _layout.Is64 ? At(at + 4) : At(at + 12);
            ulong value = _layout.Is64 ? Word(at + 8) : Int32(at + 4), size = _layout.Is64 ? Word(at + 16) : Int32(at + 8);
            if ((info & 0xF) is functionType or 0 && value != 0)
                found.Add(new VdsoSymbol(name, VersionOf(dynamic, i, strings), ToOffset(value), (int)Math.Min(size, int.MaxValue), info >> 4 == weak));
        }

        return found;
    }

    /// <summary>Kernels from 6.11 on may leave DT_HASH out; the last chain of the other table ends with the last symbol.</summary>
    private ulong CountByGnuHash(Dictionary<ulong, ulong> dynamic)
    {
        const ulong gnuHash = 0x6FFF_FEF5;
        if (!dynamic.TryGetValue(gnuHash, out ulong address))
            throw Error(0, "has neither DT_HASH nor DT_GNU_HASH");
        ulong table = ToOffset(address);
        ulong buckets = Int32(table), first = Int32(table + 4), bloom = Int32(table + 8);
        ulong bucket = table + 16 + (bloom * (ulong)_layout.Word), chain = bucket + (buckets * 4);
        ulong last = 0;
        for (ulong i = 0; i < Math.Min(buckets, (ulong)_bytes.Length); i++)
            last = Math.Max(last, Int32(bucket + (i * 4)));
        if (last < first)
            return first;
        while ((Int32(chain + ((last - first) * 4)) & 1) == 0)
            last++;
        return last + 1;
    }

    private string VersionOf(Dictionary<ulong, ulong> dynamic, ulong symbol, ulong strings)
    {
        if (!dynamic.TryGetValue(VersionSymbols, out ulong versions) || !dynamic.TryGetValue(VersionDefinitions, out ulong definitions))
            return "";
        int wanted = Half(ToOffset(versions) + (symbol * 2)) & 0x7FFF;
        for (ulong at = ToOffset(definitions); ;)
        {
            if (Half(at + 4) == wanted)
                return Text(strings + Int32(at + Int32(at + 12)));
            if (Int32(at + 16) is var next && next == 0)
                return "";
            at += next;
        }
    }

    /// <summary>The pad follows the only <c>int $0x80</c> of the stub.</summary>
    private ulong LandingPad(IReadOnlyList<VdsoSymbol> symbols)
    {
        ReadOnlySpan<byte> call = [0xCD, 0x80];
        VdsoSymbol stub = symbols.FirstOrDefault(symbol => symbol.Name == KernelEntryStubs.Vsyscall)
            ?? throw Error(0, $"has no {KernelEntryStubs.Vsyscall}, by which 32-bit programs enter the kernel");
        const int longest = 64;
        int found = stub.Offset < (ulong)_bytes.Length
            ? _bytes.AsSpan((int)stub.Offset, Math.Min(longest, _bytes.Length - (int)stub.Offset)).IndexOf(call) : -1;
        return found < 0 ? throw Error(stub.Offset, $"has no int $0x80 in {KernelEntryStubs.Vsyscall}") : stub.Offset + (ulong)(found + call.Length);
    }

    private Dictionary<ulong, ulong> DynamicEntries()
    {
        var entries = new Dictionary<ulong, ulong>();
        foreach ((int type, ulong offset, ulong size) in Segments().Where(segment => segment.Type == Dynamic))
        {
            ulong word = (ulong)_layout.Word;
            for (ulong at = offset; at + (2 * word) <= offset + size && Word(at) != 0; at += 2 * word)
                entries[Word(at)] = Word(at + word);
        }

        return entries;
    }

    private IEnumerable<(int Type, ulong Offset, ulong Size)> Segments()
    {
        ulong table = _layout.Is64 ? Word(32) : Int32(28);
        int count = Half(_layout.Is64 ? 56ul : 44);
        for (int i = 0; i < count; i++)
        {
            ulong at = table + (ulong)(i * _layout.ProgramHeaderSize);
            yield return ((int)Int32(at), _layout.Is64 ? Word(at + 8) : Int32(at + 4), _layout.Is64 ? Word(at + 32) : Int32(at + 16));
        }
    }

    /// <summary>The image is mapped as one piece, wherever it was linked to: before Linux 3.16 not to 0.</summary>
    private ulong ToOffset(ulong address)
    {
        ulong table = _layout.Is64 ? Word(32) : Int32(28);
        int count = Half(_layout.Is64 ? 56ul : 44);
        for (int i = 0; i < count; i++)
        {
            ulong at = table + (ulong)(i * _layout.ProgramHeaderSize);
            if (Int32(at) == Load)
                return address - (_layout.Is64 ? Word(at + 16) : Int32(at + 8)) + (_layout.Is64 ? Word(at + 8) : Int32(at + 4));
        }

        throw Error(0, "has no segment to load");
    }

    private static ulong Up4(uint size) => (size + 3ul) & ~3ul;

    private byte At(ulong offset) => Part(offset, 1)[0];

    private ushort Half(ulong offset) => BinaryPrimitives.ReadUInt16LittleEndian(Part(offset, 2));

    private uint Int32(ulong offset) => BinaryPrimitives.ReadUInt32LittleEndian(Part(offset, 4));

    private ulong Word(ulong offset) => _layout.Is64 ? BinaryPrimitives.ReadUInt64LittleEndian(Part(offset, 8)) : Int32(offset);

    private string Text(ulong offset)
    {
        ReadOnlySpan<byte> rest = Part(offset, 1, toEnd: true);
        int end = rest.IndexOf((byte)0);
        return end < 0 ? throw Error(offset, "has a string without an end") : Encoding.ASCII.GetString(rest[..end]);
    }

    private ReadOnlySpan<byte> Part(ulong offset, int size, bool toEnd = false) =>
        offset > (ulong)_bytes.Length || (ulong)_bytes.Length - offset < (ulong)size
            ? throw Error(offset, $"ends before: it has {_bytes.Length:x}h bytes")
            : toEnd ? _bytes.AsSpan((int)offset) : _bytes.AsSpan((int)offset, size);

    private ElfFormatException Error(ulong offset, string what) => new($"{_name}, offset {offset:x}h: it {what}.");
}
