namespace SyscallExplorer.Linux;

/// <summary>A kernel's code before boot: sections with their bytes, symbols, phases, alternatives and the exception table.</summary>
internal sealed class KernelImage
{
    private readonly List<(ulong Address, string Name)> _byAddress;

    private KernelImage(IReadOnlyList<AssembledSection> sections)
    {
        Sections = sections;
        Symbols = sections.SelectMany(section => section.Symbols).ToDictionary(symbol => symbol.Key, symbol => symbol.Value);
        Alternatives = sections.SelectMany(section => section.Alternatives).ToList();
        Fixups = sections.SelectMany(section => section.Fixups).ToList();
        Points = sections.SelectMany(section => section.Points).ToDictionary(point => point.Key, point => point.Value);
        _byAddress = Symbols.Select(symbol => (symbol.Value, symbol.Key)).OrderBy(symbol => symbol.Value).ToList();
    }

    public IReadOnlyList<AssembledSection> Sections { get; }

    public IReadOnlyDictionary<string, ulong> Symbols { get; }

    public IReadOnlyList<CodeAlternative> Alternatives { get; }

    public IReadOnlyList<FaultFixup> Fixups { get; }

    /// <summary>Instructions that an observer can wait for, by their addresses.</summary>
    public IReadOnlyDictionary<ulong, KernelPoint> Points { get; }

    /// <summary>The symbol at or before an address of the kernel's code, with the distance to it.</summary>
    public (string Name, ulong Offset)? SymbolAt(ulong address)
    {
        if (SectionAt(address) is not { } section)
            return null;
        int index = LastAtOrBefore(_byAddress, address, symbol => symbol.Address);
        return index < 0 || _byAddress[index].Address < section.Section.Base ? null : (_byAddress[index].Name, address - _byAddress[index].Address);
    }

    /// <summary>The phase and origin of an address of the kernel's code, given what boot switched on.</summary>
    public (Phase? Phase, CodeOrigin Origin) CodeAt(ulong address, IReadOnlySet<KernelFeature> features)
    {
        if (SectionAt(address) is not { } section)
            return (null, CodeOrigin.User);
        ulong offset = address - section.Section.Base;
        CodeMark mark = section.Marks[Math.Max(0, LastAtOrBefore(section.Marks, offset, candidate => (ulong)candidate.Offset))];
        return (mark.Feature is { } feature && !features.Contains(feature) ? mark.Otherwise : mark.Phase, mark.Origin);
    }

    private AssembledSection? SectionAt(ulong address) =>
        Sections.FirstOrDefault(section => address - section.Section.Base < (ulong)section.Bytes.Length);

    /// <summary>Index of the last item at or before a place, in a list in the order of places; -1 when all lie behind it.</summary>
    private static int LastAtOrBefore<T>(IReadOnlyList<T> items, ulong place, Func<T, ulong> placeOf)
    {
        int low = 0, high = items.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (placeOf(items[middle]) <= place)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return high;
    }

    private static void EmitEntryText(KernelAssembler k, KernelDesign design)
    {
        foreach (EntryPathCode path in design.Paths)
            path.Emit(k);
        ExceptionEntries.Emit(k);
        BranchHistory.Emit(k);
        ReturnThunk.EmitBarrier(k);
        SchedulerCode.EmitEntryText(k);
        StubHandlers.Emit(k);
        BufferClearing.EmitSelector(k);
    }

    private static void EmitText(KernelAssembler k)
    {
        SyscallDispatch.Emit(k);
        ExitToUser.Emit(k);
        IndirectThunk.Emit(k);
        ReturnThunk.Emit(k);
        StackErasure.Emit(k);
        TimeHandlers.Emit(k);
        TimekeepingCode.Emit(k, VdsoGeneration.Of(k.Traits.Version.ToString()).Data);
        HandlerCode.Emit(k);
        FunctionsBehindCalls.Emit(k);
        ExceptionHandlers.Emit(k);
        TimerInterrupt.Emit(k);
        FredDispatch.Emit(k);
        SchedulerCode.EmitText(k);
    }

    /// <summary>Writes a generation's code.</summary>
    public static KernelImage Build(KernelDesign design) => Settle(known =>
    [
        Assemble(KernelLayout.Text, EmitText, known, design.Traits),
        Assemble(KernelLayout.EntryText, k => EmitEntryText(k, design), known, design.Traits),
        .. design.Trampolines.Select(path => Assemble(KernelLayout.Trampoline, path.Emit, known, design.Traits)),
        .. design.FredEntries.Zip([KernelLayout.FredUserEntry, KernelLayout.FredKernelEntry], (path, section) => Assemble(section, path.Emit, known, design.Traits)),
    ]);

    /// <summary>Writes a 32-bit generation's code.</summary>
    public static KernelImage Build(I386Design design) => Settle(known =>
    [
        Assemble(I386Layout.Text, k => I386Code.EmitText(k, design), known, design.Traits),
        Assemble(I386Layout.EntryText, k => I386Code.EmitEntryText(k, design), known, design.Traits),
    ]);

    /// <summary>Assembles with the symbols of the time before, until they no longer move.</summary>
    private static KernelImage Settle(Func<IReadOnlyDictionary<string, ulong>, IReadOnlyList<AssembledSection>> assemble)
    {
        IReadOnlyDictionary<string, ulong> known = new Dictionary<string, ulong>();
        for (int pass = 0; ; pass++)
        {
            var image = new KernelImage(assemble(known));
            if (pass > 0 && image.Symbols.All(symbol => known.TryGetValue(symbol.Key, out ulong address) && address == symbol.Value))
                return image;
            if (pass == 3)
                throw new InvalidOperationException("The kernel's symbols do not settle: an instruction changes its length with its operand.");
            known = image.Symbols;
        }
    }

    private static AssembledSection Assemble(
        CodeSection section, Action<KernelAssembler> emit, IReadOnlyDictionary<string, ulong> known, KernelTraits traits)
    {
        var k = new KernelAssembler(section, known, traits);
        emit(k);
        return k.Finish();
    }
}
