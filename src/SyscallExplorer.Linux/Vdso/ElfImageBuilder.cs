using System.Security.Cryptography;

namespace SyscallExplorer.Linux;

/// <summary>What an image consists of.</summary>
/// <param name="Abi">Whose it is.</param>
/// <param name="SharedName">DT_SONAME.</param>
/// <param name="VersionCode">LINUX_VERSION_CODE.</param>
/// <param name="EntryPoint">e_entry.</param>
/// <param name="Functions">Its code, in the order of addresses; the first begins at <see cref="ElfImageBuilder.TextOf"/>.</param>
/// <param name="Symbols">What it exports.</param>
internal sealed record ElfImageParts(
    VdsoAbi Abi, string SharedName, int VersionCode, ulong EntryPoint, IReadOnlyList<VdsoFunction> Functions, IReadOnlyList<VdsoSymbol> Symbols);

/// <summary>
/// Writes a shared object of one segment that stands at address 0: headers, tables for dynamic linkers, code, unwinding tables, and a section
/// header for each part. System V ABI, Object Files; elf(5).
/// </summary>
internal sealed class ElfImageBuilder
{
    private const int TextAlignment = 16;

    private const int Allocated = 2, Code = 4;
    private const int ProgBits = 1, StringTable = 3, Hash = 5, Dynamic = 6, Note = 7, DynamicSymbols = 11;
    private const int GnuHash = 0x6FFF_FFF6, GnuVersionDefinitions = 0x6FFF_FFFD, GnuVersions = 0x6FFF_FFFF;

    private readonly ElfImageParts _parts;
    private readonly ElfLayout _layout;
    private readonly ElfStrings _names = new();
    private readonly List<Section> _sections = [];
    private readonly List<VdsoSymbol> _symbols;
    private readonly string[] _versions;
    private ulong _end;

    private ElfImageBuilder(ElfImageParts parts)
    {
        _parts = parts;
        _layout = ElfLayout.Of(parts.Abi);
        _versions = [.. parts.Symbols.Select(symbol => symbol.Version).Distinct().OrderDescending(StringComparer.Ordinal)];

        // Stable within a bucket, which is all that the table of DT_GNU_HASH asks for.
        _symbols = [.. parts.Symbols.OrderBy(symbol => ElfHashes.Gnu(symbol.Name) % ElfHashes.Buckets).ThenBy(symbol => symbol.Name, StringComparer.Ordinal)];
    }

    private sealed record Section(string Name, int Type, int Flags, ulong Address, byte[] Bytes, int Link, int Info, int Alignment, int EntrySize);

    /// <summary>Where the code begins.</summary>
    public static ulong TextOf(VdsoAbi abi) => abi == VdsoAbi.I386 ? 0x550u : 0x600;

    /// <summary>Writes the image, in whole pages.</summary>
    public static byte[] Build(ElfImageParts parts) => new ElfImageBuilder(parts).Write();

    private byte[] Write()
    {
        const int programHeaders = 4;
        _end = (ulong)(_layout.HeaderSize + programHeaders * _layout.ProgramHeaderSize);
        string[] names = [.. _symbols.Select(symbol => symbol.Name)];
        const int strings = 4, symbols = 3;
        Add(".hash", Hash, ElfHashes.SystemVTable(_layout, names), symbols, 0, 4, 4);
        Add(".gnu.hash", GnuHash, ElfHashes.GnuTable(_layout, names), symbols, 0, _layout.Word, 0);
        Add(".dynsym", DynamicSymbols, Symbols(), strings, 1, _layout.Word, _layout.SymbolSize);
        byte[] versions = VersionDefinitions();
        _names.Add(_parts.SharedName);
        Add(".dynstr", StringTable, _names.ToArray(), 0, 0, 1, 0);
        Add(".gnu.version", GnuVersions, VersionsOfSymbols(), symbols, 0, 2, 2);
        Add(".gnu.version_d", GnuVersionDefinitions, versions, strings, _versions.Length + 1, _layout.Word, 0);
        Add(".dynamic", Dynamic, DynamicEntries(), strings, 0, _layout.Word, _layout.Word * 2);
        Add(".note", Note, Notes(), 0, 0, 4, 0);
        AddCode();
        return Assemble();
    }

    private void AddCode()
    {
        ulong text = TextOf(_parts.Abi);
        if (_end > text)
            throw new InvalidOperationException($"The tables of the image end at {_end:x}h, behind the beginning of its code, {text:x}h.");
        _end = text;
        var code = new List<byte>();
        foreach (VdsoFunction function in _parts.Functions)
        {
            code.AddRange(Enumerable.Repeat((byte)0x90, (int)(function.Address - text) - code.Count));
            code.AddRange(function.Code);
        }

        Add(".text", ProgBits, [.. code], 0, 0, TextAlignment, 0, Allocated | Code);
        int headerSize = UnwindTables.HeaderSize(_parts.Functions.Count);
        ulong header = Up(_end, 4), frames = Up(header + (ulong)headerSize, 8);
        (byte[] bytes, IReadOnlyList<(ulong Start, ulong Entry)> entries) = UnwindTables.Make(_layout, _parts.Abi, _parts.Functions, frames);
        Add(".eh_frame_hdr", ProgBits, UnwindTables.Header(_layout, header, frames, entries), 0, 0, 4, 0);
        Add(".eh_frame", ProgBits, bytes, 0, 0, 8, 0);
    }

    private void Add(string name, int type, byte[] bytes, int link, int info, int alignment, int entrySize, int flags = Allocated)
    {
        _end = Up(_end, (ulong)alignment);
        _sections.Add(new Section(name, type, flags, _end, bytes, link, info, alignment, entrySize));
        _end += (ulong)bytes.Length;
    }

    private byte[] Symbols()
    {
        const int function = 2, global = 1 << 4, weak = 2 << 4;
        var table = new ElfBytes(_layout).Raw(new byte[_layout.SymbolSize]);
        int text = TextSection;
        foreach (VdsoSymbol symbol in _symbols)
            Symbol(table, symbol.Name, symbol.Offset, (ulong)symbol.Size, (symbol.IsWeak ? weak : global) | function, text);
        return table.ToArray();

        void Symbol(ElfBytes table, string name, ulong value, ulong size, int info, int section)
        {
            table.Int32(_names.Add(name));
            if (_layout.Is64)
                table.Byte(info).Byte(0).Half(section).Word(value).Word(size);
            else
                table.Word(value).Word(size).Byte(info).Byte(0).Half(section);
        }
    }

    /// <summary>The code's section is the ninth, behind the empty one.</summary>
    private static int TextSection => 9;

    private byte[] VersionsOfSymbols()
    {
        var table = new ElfBytes(_layout).Half(0);
        foreach (VdsoSymbol symbol in _symbols)
            table.Half(Array.IndexOf(_versions, symbol.Version) + 2);
        return table.ToArray();
    }

    /// <summary>The first definition is the object's own.</summary>
    private byte[] VersionDefinitions()
    {
        const int isBase = 1, definitionSize = 20, auxiliarySize = 8;
        string[] names = [_parts.SharedName, .. _versions];
        var table = new ElfBytes(_layout);
        for (int i = 0; i < names.Length; i++)
        {
            table.Half(1).Half(i == 0 ? isBase : 0).Half(i + 1).Half(1).Int32(ElfHashes.SystemV(names[i])).Int32(definitionSize)
                .Int32(i + 1 == names.Length ? 0 : definitionSize + auxiliarySize)
                .Int32(_names.Add(names[i])).Int32(0);
        }

        return table.ToArray();
    }

    private byte[] DynamicEntries()
    {
        const ulong sharedName = 14, hash = 4, gnuHash = 0x6FFF_FEF5, strings = 5, symbols = 6, stringSize = 10, symbolSize = 11,
            versions = 0x6FFF_FFF0, definitions = 0x6FFF_FFFC, definitionCount = 0x6FFF_FFFD;
        var table = new ElfBytes(_layout);
        foreach ((ulong tag, ulong value) in (ReadOnlySpan<(ulong, ulong)>)[
            (sharedName, (ulong)_names.Add(_parts.SharedName)), (hash, Find(".hash").Address), (gnuHash, Find(".gnu.hash").Address),
            (strings, Find(".dynstr").Address), (symbols, Find(".dynsym").Address), (stringSize, (ulong)Find(".dynstr").Bytes.Length),
            (symbolSize, (ulong)_layout.SymbolSize), (definitions, Find(".gnu.version_d").Address), (definitionCount, (ulong)_versions.Length + 1),
            (versions, Find(".gnu.version").Address), (0, 0)])
        {
            table.Word(tag).Word(value);
        }

        return table.ToArray();
    }

    /// <summary>The version, and a number that tells this image from all others: a hash of its code.</summary>
    private byte[] Notes()
    {
        const int versionNote = 0, buildId = 3;
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        foreach (VdsoFunction function in _parts.Functions)
        {
            sha.AppendData(BitConverter.GetBytes(function.Address));
            sha.AppendData(function.Code);
        }

        var notes = new ElfBytes(_layout);
        Note("Linux", versionNote, BitConverter.GetBytes(_parts.VersionCode));
        Note("GNU", buildId, sha.GetHashAndReset());
        return notes.ToArray();

        void Note(string owner, int type, byte[] description) =>
            notes.Int32(owner.Length + 1).Int32(description.Length).Int32(type).Text(owner).Align(4).Raw(description).Align(4);
    }

    private byte[] Assemble()
    {
        ulong loaded = _end;
        var names = new ElfStrings();
        int[] offsets = [.. _sections.Select(section => names.Add(section.Name))];
        int own = names.Add(".shstrtab");
        byte[] nameTable = names.ToArray();
        ulong sectionHeaders = Up(loaded + (ulong)nameTable.Length, 8);

        ElfBytes file = Header(sectionHeaders);
        ProgramHeaders(file, loaded);
        foreach (Section section in _sections)
            file.Raw(new byte[(int)section.Address - file.Length]).Raw(section.Bytes);
        file.Raw(nameTable).Align(8).Raw(new byte[_layout.SectionHeaderSize]);
        for (int i = 0; i < _sections.Count; i++)
            SectionHeader(file, offsets[i], _sections[i]);
        SectionHeader(file, own, new Section(".shstrtab", StringTable, 0, loaded, nameTable, 0, 0, 1, 0), address: 0);
        return file.Align((int)KernelLayout.PageSize).ToArray();
    }

    private ElfBytes Header(ulong sectionHeaders)
    {
        const int sharedObject = 3, current = 1, littleEndian = 1;
        return new ElfBytes(_layout)
            .Raw([0x7F, (byte)'E', (byte)'L', (byte)'F', (byte)(_layout.Is64 ? 2 : 1), littleEndian, current])
            .Raw(new byte[9])
            .Half(sharedObject).Half(_layout.Machine).Int32(current)
            .Word(_parts.EntryPoint).Word((ulong)_layout.HeaderSize).Word(sectionHeaders)
            .Int32(0).Half(_layout.HeaderSize).Half(_layout.ProgramHeaderSize).Half(4).Half(_layout.SectionHeaderSize)
            .Half(_sections.Count + 2).Half(_sections.Count + 1);
    }

    private void ProgramHeaders(ElfBytes file, ulong loaded)
    {
        const int load = 1, dynamic = 2, note = 4, ehFrame = 0x6474_E550, read = 4, readAndExecute = 5;
        Header(load, readAndExecute, 0, loaded, (int)KernelLayout.PageSize);
        Of(dynamic, ".dynamic");
        Of(note, ".note");
        Of(ehFrame, ".eh_frame_hdr");

        void Of(int type, string name)
        {
            Section section = Find(name);
            Header(type, read, section.Address, (ulong)section.Bytes.Length, section.Alignment);
        }

        void Header(int type, int flags, ulong address, ulong size, int alignment)
        {
            file.Int32(type);
            if (_layout.Is64)
                file.Int32(flags);
            file.Word(address).Word(address).Word(address).Word(size).Word(size);
            if (!_layout.Is64)
                file.Int32(flags);
            file.Word((ulong)alignment);
        }
    }

    private void SectionHeader(ElfBytes file, int name, Section section, ulong? address = null) => file
        .Int32(name).Int32(section.Type).Word((ulong)section.Flags).Word(address ?? section.Address).Word(section.Address)
        .Word((ulong)section.Bytes.Length).Int32(section.Link).Int32(section.Info).Word((ulong)section.Alignment).Word((ulong)section.EntrySize);

    private Section Find(string name) => _sections.First(section => section.Name == name);

    private static ulong Up(ulong value, ulong alignment) => (value + alignment - 1) / alignment * alignment;
}
