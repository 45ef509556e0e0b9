using Iced.Intel;

namespace SyscallExplorer.Linux;

/// <summary>What a byte of kernel code belongs to.</summary>
/// <param name="Offset">First byte, from the section's start.</param>
/// <param name="Phase">Its phase; null takes the phase of whoever called.</param>
/// <param name="Origin">How it came to be.</param>
/// <param name="Feature">The phase is a mitigation's, and only where this feature is there.</param>
/// <param name="Otherwise">The phase where it is not.</param>
internal readonly record struct CodeMark(int Offset, Phase? Phase, CodeOrigin Origin, KernelFeature? Feature = null, Phase? Otherwise = null);

/// <summary>Bytes that boot replaces when the processor or the command line asks for it.</summary>
/// <param name="Address">Where they stand.</param>
/// <param name="Original">What is there without the feature.</param>
/// <param name="Replacement">What is there with it.</param>
/// <param name="Feature">Which feature.</param>
public sealed record CodeAlternative(ulong Address, byte[] Original, byte[] Replacement, KernelFeature Feature);

/// <summary>An entry of the exception table: where a kernel access to user memory may fault, and where it goes on then.</summary>
internal readonly record struct FaultFixup(ulong Instruction, ulong Fixup);

/// <summary>
/// Iced's assembler with what kernel code needs: symbols across sections, phases, alternatives and the exception table.
/// </summary>
/// <remarks>A section is emitted twice: the first time symbols of other sections stand at their section's start, the second time where they belong.</remarks>
internal sealed class KernelAssembler : Assembler
{
    private static readonly byte[] s_inlineReturn = [0xC3];
    private static readonly byte[] Nop2 = [0x66, 0x90];
    private static readonly byte[] Nop5 = [0x0F, 0x1F, 0x44, 0x00, 0x00];

    private readonly CodeSection _section;
    private readonly IReadOnlyDictionary<string, ulong> _known;
    private readonly Dictionary<string, Label> _labels = [];
    private readonly HashSet<string> _defined = [];
    private readonly List<(string Name, int Index)> _symbols = [];
    private readonly List<(int Index, CodeMark Mark)> _marks = [];
    private readonly List<Patch> _alternatives = [];
    private readonly List<(int Index, string Fixup)> _fixups = [];
    private readonly List<(int Index, KernelPoint Point)> _points = [];
    private Phase? _phase;
    private CodeOrigin _origin = CodeOrigin.Documented;
    private int _unique;

    public KernelAssembler(CodeSection section, IReadOnlyDictionary<string, ulong> known, KernelTraits? traits = null)
        : base(section.Bitness)
    {
        _section = section;
        _known = known;
        Traits = traits ?? KernelDesigns.Linux_5_13.Traits;
    }

    /// <summary>Whether this is the code that user page tables hold too.</summary>
    public bool IsEntryText => _section == KernelLayout.EntryText || _section == I386Layout.EntryText;

    /// <summary>Of the kernel whose code is written.</summary>
    public KernelTraits Traits { get; }

    /// <summary>A return; with return thunks a jump to the thunk, which boot turns back into a return where no weakness asks for it.</summary>
    public new void ret()
    {
        if (!Traits.HasReturnThunks)
        {
            base.ret();
            return;
        }

        int index = Instructions.Count;
        if (_section == KernelLayout.Text)
            jmp(To(ReturnThunk.Symbol));
        else
            JumpFar(ReturnThunk.Symbol);
        _alternatives.Add(new Patch(index, index, KernelFeature.InlineReturns, s_inlineReturn));
        foreach ((KernelFeature feature, string thunk) in ReturnThunk.SafeThunks.Where(thunk => Knows(thunk.Feature)))
            _alternatives.Add(new Patch(index, index, feature, Target: thunk));
    }

    /// <summary>The return that no thunk replaces.</summary>
    public void PlainReturn() => base.ret();

    /// <summary>Begins a symbol here.</summary>
    public void Global(string name)
    {
        Bind(name);
        _symbols.Add((name, Instructions.Count));
    }

    /// <summary>Begins a local label here.</summary>
    public void Local(string name) => Bind(name);

    /// <summary>The next instruction is one that an observer of the machine can wait for.</summary>
    public void Observable(KernelPoint point) => _points.Add((Instructions.Count, point));

    /// <summary>A label of this section, whether it is bound already or not.</summary>
    public Label To(string name)
    {
        if (!_labels.TryGetValue(name, out Label label))
            _labels[name] = label = CreateLabel(name);
        return label;
    }

    /// <summary>A fresh label name.</summary>
    public string Unique(string stem) => $"{stem}.{_unique++}";

    /// <summary>The address of a symbol in any section.</summary>
    public ulong AddressOf(string name) => _known.TryGetValue(name, out ulong address) ? address : Other.Base;

    private CodeSection Other => _section.Bitness == 64 ? KernelLayout.OtherSection(_section) : I386Layout.OtherSection(_section);

    /// <summary>Calls a symbol of another section.</summary>
    public void CallFar(string name) => call(AddressOf(name));

    /// <summary>Jumps to a symbol of another section.</summary>
    public void JumpFar(string name) => jmp(AddressOf(name));

    /// <summary>What follows belongs to a phase.</summary>
    public void Phase(PhaseKind kind) => Mark(new Phase(kind), _origin);

    /// <summary>What follows is a handler whose work the host does.</summary>
    public void Tabled() => Mark(new Phase(PhaseKind.Handler), CodeOrigin.Tabled);

    /// <summary>What follows is a routine that takes its caller's phase.</summary>
    public void PhaseOfCaller() => Mark(null, _origin);

    /// <summary>What follows stands in the kernel's assembly.</summary>
    public void Documented() => Mark(_phase, CodeOrigin.Documented);

    /// <summary>What follows stands for compiled C.</summary>
    public void Composed() => Mark(_phase, CodeOrigin.Composed);

    /// <summary>Instructions that belong to a mitigation wherever they stand.</summary>
    public void Mitigation(string name, Action body)
    {
        Phase? outer = _phase;
        Mark(Linux.Phase.OfMitigation(name), _origin);
        body();
        Mark(outer, _origin);
    }

    /// <summary>Instructions that belong to a mitigation where boot switched it on, and to the phase around them where it did not.</summary>
    public void Mitigation(string name, KernelFeature feature, Action body)
    {
        Phase? outer = _phase;
        _marks.Add((Instructions.Count, new CodeMark(0, Linux.Phase.OfMitigation(name), _origin, feature, outer)));
        body();
        Mark(outer, _origin);
    }

    /// <summary>A body that a jump skips unless the feature is there: boot then replaces the jump by a NOP.</summary>
    /// <remarks>A kernel of a time before the feature has neither.</remarks>
    public void OnlyWith(KernelFeature feature, Action body)
    {
        if (!Knows(feature))
            return;
        string end = Unique("skip");
        int jump = Instructions.Count;
        jmp(To(end));
        _alternatives.Add(new Patch(jump, jump, feature));
        body();
        Local(end);
    }

    /// <summary>The same, with the body under a mitigation's name.</summary>
    public void OnlyWith(KernelFeature feature, string mitigation, Action body) => OnlyWith(feature, () => Mitigation(mitigation, body));

    /// <summary>A body that is skipped where the feature is there.</summary>
    public void OnlyWithout(KernelFeature feature, Action body)
    {
        if (!Knows(feature))
        {
            body();
            return;
        }

        string end = Unique("skip");
        JumpWith(feature, end);
        body();
        Local(end);
    }

    /// <summary>A NOP that boot replaces by a jump where the feature is there. The target is a symbol of any section, or a label of this one.</summary>
    public void JumpWith(KernelFeature feature, string target)
    {
        if (!Knows(feature))
            return;
        _alternatives.Add(new Patch(Instructions.Count, Instructions.Count, feature, Target: target));
        db(Nop5);
    }

    /// <summary>A NOP that boot replaces by a call, of the last symbol whose feature is there.</summary>
    public void CallWith(params (KernelFeature Feature, string Symbol)[] calls)
    {
        List<(KernelFeature Feature, string Symbol)> known = [.. calls.Where(call => Knows(call.Feature))];
        if (known.Count == 0)
            return;
        _alternatives.AddRange(known.Select(call => new Patch(Instructions.Count, Instructions.Count, call.Feature, Target: call.Symbol, IsCall: true)));
        db(Nop5);
    }

    /// <summary>A call, which boot lets lead elsewhere where the feature is there.</summary>
    public void CallEither(string without, KernelFeature feature, string with)
    {
        int index = Instructions.Count;
        call(To(without));
        if (Knows(feature))
            _alternatives.Add(new Patch(index, index, feature, Target: with, IsCall: true));
    }

    /// <summary>Instructions that boot replaces by a jump where the feature is there.</summary>
    public void JumpInstead(KernelFeature feature, string target, Action without)
    {
        int first = Instructions.Count;
        without();
        if (Knows(feature))
            _alternatives.Add(new Patch(first, Instructions.Count - 1, feature, Target: target));
    }

    /// <summary>Bytes that boot replaces by others of the same length where the feature is there.</summary>
    public void Either(KernelFeature feature, byte[] without, byte[] with)
    {
        if (without.Length != with.Length)
            throw new ArgumentException($"An alternative must keep its length: {without.Length} bytes against {with.Length}.", nameof(with));
        if (!Knows(feature))
        {
            if (!IsNop(without))
                db(without);
            return;
        }

        int index = Instructions.Count;
        db(without);
        _alternatives.Add(new Patch(index, index, feature, with));
    }

    /// <summary>The next instruction may fault on user memory; the kernel then goes on at the fixup.</summary>
    public void MayFault(string fixup) => _fixups.Add((Instructions.Count, fixup));

    /// <summary>Assembles at the section's address.</summary>
    public AssembledSection Finish()
    {
        if (_labels.Keys.Except(_defined).FirstOrDefault() is { } missing)
            throw new InvalidOperationException($"The label '{missing}' is used in section {_section.Name} and never defined.");
        nop();
        var writer = new ByteWriter();
        AssemblerResult result = Assemble(writer, _section.Base, BlockEncoderOptions.ReturnNewInstructionOffsets);
        uint[] offsets = result.Result[0].NewInstructionOffsets;
        byte[] bytes = writer.ToArray();
        if (bytes.Length > _section.Size)
            throw new InvalidOperationException($"Section {_section.Name} holds {_section.Size} bytes; its code takes {bytes.Length}.");

        ulong At(int index) => _section.Base + offsets[index];
        return new AssembledSection(
            _section,
            bytes,
            _symbols.ToDictionary(symbol => symbol.Name, symbol => At(symbol.Index)),
            _marks.Select(entry => entry.Mark with { Offset = (int)offsets[entry.Index] }).ToList(),
            _alternatives.Select(alternative => MakeAlternative(alternative, bytes, offsets, result)).ToList(),
            _fixups.Select(fixup => new FaultFixup(At(fixup.Index), result.GetLabelRIP(_labels[fixup.Fixup]))).ToList(),
            _points.ToDictionary(point => At(point.Index), point => point.Point));
    }

    private CodeAlternative MakeAlternative(Patch patch, byte[] bytes, uint[] offsets, AssemblerResult result)
    {
        int start = (int)offsets[patch.First];
        int length = (int)offsets[patch.Last + 1] - start;
        byte[] original = bytes.AsSpan(start, length).ToArray();
        byte[] replacement = patch switch
        {
            { Target: { } target } => BranchBytes(patch.IsCall, length, _section.Base + (ulong)start, Resolve(target, result)),
            { Replacement: null } => length == 2 ? Nop2 : Nop5,
            _ when ReferenceEquals(patch.Replacement, s_inlineReturn) => [.. s_inlineReturn, .. Enumerable.Repeat((byte)0xCC, length - 1)],
            { Replacement: { } given } => given,
        };
        return new CodeAlternative(_section.Base + (ulong)start, original, replacement, patch.Feature);
    }

    private ulong Resolve(string target, AssemblerResult result) => _defined.Contains(target) ? result.GetLabelRIP(_labels[target]) : AddressOf(target);

    /// <summary>A near jump or call, with NOPs behind it up to a length.</summary>
    private byte[] BranchBytes(bool isCall, int length, ulong from, ulong to)
    {
        const byte call = 0xE8, jump = 0xE9, nop = 0x90;
        if (length < Nop5.Length)
            throw new InvalidOperationException($"A branch takes {Nop5.Length} bytes, and {length} are to be patched at {from:x}h in section {_section.Name}.");
        byte[] bytes = new byte[length];
        bytes.AsSpan().Fill(nop);
        bytes[0] = isCall ? call : jump;
        BitConverter.TryWriteBytes(bytes.AsSpan(1), (int)(to - from - (ulong)Nop5.Length));
        return bytes;
    }

    /// <summary>What boot may put in the place of instructions: bytes, a branch to a target, or NOPs where neither is given.</summary>
    private sealed record Patch(int First, int Last, KernelFeature Feature, byte[]? Replacement = null, string? Target = null, bool IsCall = false);

    /// <summary>Whether the kernel is of a time that had a feature.</summary>
    public bool Knows(KernelFeature feature) => FeatureHistory.Has(Traits.Version, feature);

    private static bool IsNop(byte[] bytes)
    {
        Decoder decoder = Decoder.Create(64, bytes);
        while (decoder.IP < (ulong)bytes.Length)
        {
            if (decoder.Decode().Mnemonic != Mnemonic.Nop)
                return false;
        }

        return true;
    }

    private void Bind(string name)
    {
        Label label = To(name);
        if (!_defined.Add(name))
            throw new InvalidOperationException($"The label '{name}' is defined twice in section {_section.Name}.");
        if (!CurrentLabel.IsEmpty)
            zero_bytes();
        Label(ref label);
        _labels[name] = label;
    }

    private void Mark(Phase? phase, CodeOrigin origin)
    {
        _phase = phase;
        _origin = origin;
        _marks.Add((Instructions.Count, new CodeMark(0, phase, origin)));
    }

    private sealed class ByteWriter : CodeWriter
    {
        private readonly List<byte> _bytes = [];

        public override void WriteByte(byte value) => _bytes.Add(value);

        public byte[] ToArray() => [.. _bytes];
    }
}

/// <summary>A piece of the kernel's code at its address.</summary>
internal sealed record AssembledSection(
    CodeSection Section,
    byte[] Bytes,
    IReadOnlyDictionary<string, ulong> Symbols,
    IReadOnlyList<CodeMark> Marks,
    IReadOnlyList<CodeAlternative> Alternatives,
    IReadOnlyList<FaultFixup> Fixups,
    IReadOnlyDictionary<ulong, KernelPoint> Points);
