using System.Collections.Frozen;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>The words of which figure keys are made, and the check that a key is one that some instruction can reach.</summary>
internal static class FigureVocabulary
{
    /// <summary>Families of string instructions; each stands for all widths.</summary>
    public static readonly string[] StringClasses = ["movs", "stos", "lods", "scas", "cmps", "ins", "outs"];

    /// <summary>Instructions whose count may be in CL.</summary>
    public static readonly FrozenSet<Mnemonic> ShiftsByCl = new[]
    {
        Mnemonic.Shl, Mnemonic.Sal, Mnemonic.Shr, Mnemonic.Sar, Mnemonic.Rol, Mnemonic.Ror, Mnemonic.Rcl, Mnemonic.Rcr, Mnemonic.Shld, Mnemonic.Shrd,
    }.ToFrozenSet();

    private static readonly string[] _conditionClasses = ["jcc", "setcc", "cmovcc"];

    private static readonly string[] _names = Enum.GetNames<Mnemonic>().Select(name => name.ToLowerInvariant()).ToArray();

    private static readonly FrozenSet<string> _mnemonics = _names.ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenSet<string> _tokens = new[]
    {
        "r", "r8", "r16", "r32", "r64", "m", "m8", "m16", "m32", "m64", "m128", "m0", "i", "rel", "far", "mfar", "cl", "s", "x", "y", "z", "mm", "st", "k",
        "reg", "cr0", "cr2", "cr3", "cr4", "cr8", "dr",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>The mnemonic in lower case.</summary>
    public static string NameOf(Mnemonic mnemonic) => _names[(int)mnemonic];

    /// <summary>Says what is wrong with a key, or nothing when it is right.</summary>
    /// <param name="key">The key of an instruction's figure or of an event's.</param>
    /// <returns>A sentence, or <see langword="null"/>.</returns>
    public static string? Fault(string key)
    {
        if (key.StartsWith("event:", StringComparison.Ordinal))
            return EventFault(key);
        if (key.StartsWith("code:", StringComparison.Ordinal))
            return CodeFault(key["code:".Length..]);
        if (key.Contains(':', StringComparison.Ordinal))
            return RefinedFigures.Keys.Contains(key) ? null : UnknownWord("kind of an instruction", key, RefinedFigures.Keys);
        var words = key.Split(' ');
        return words switch
        {
            ["lock"] or ["other"] or ["other", "privileged" or "string"] => null,
            ["other", var shape] => ShapeFault(shape),
            ["rep", var family] => StringClasses.Contains(family) ? null : UnknownWord("family of string instructions", family, StringClasses),
            ["lock", var mnemonic, var shape] => MnemonicFault(mnemonic) ?? ShapeFault(shape) ?? CombinationFault(mnemonic, shape),
            [var mnemonic] => StringClasses.Contains(mnemonic) ? null : MnemonicFault(mnemonic),
            [var mnemonic, var shape] => MnemonicFault(mnemonic) ?? ShapeFault(shape) ?? CombinationFault(mnemonic, shape),
            [var mnemonic, var shape, "same"] => MnemonicFault(mnemonic) ?? ShapeFault(shape) ?? CombinationFault(mnemonic, shape),
            _ => "A key is a mnemonic, a blank and the kinds of its operands, such as 'add r,m'.",
        };
    }

    private static string? EventFault(string key)
    {
        var known = Enum.GetValues<TimingEvent>().Select(FigureKeys.Of).ToArray();
        return known.Contains(key) ? null : UnknownWord("event", key, known) + $" The events are {string.Join(", ", known)}.";
    }

    private static string? CodeFault(string name) =>
        Enum.TryParse<Code>(name, out var code) && code.ToString() == name ? null : UnknownWord("instruction code", name, Enum.GetNames<Code>());

    private static string? MnemonicFault(string name) =>
        _mnemonics.Contains(name) || _conditionClasses.Contains(name) ? null : UnknownWord("mnemonic", name, _names.Concat(_conditionClasses));

    private static string? ShapeFault(string shape)
    {
        var wrong = shape.Split(',').FirstOrDefault(token => !_tokens.Contains(token));
        return wrong is null ? null : $"'{wrong}' is no kind of operand. The kinds are {string.Join(", ", _tokens.Order(StringComparer.Ordinal))}.";
    }

    private static string? CombinationFault(string mnemonic, string shape)
    {
        var known = KnownShapes.Of(mnemonic);
        var unsized = string.Join(',', shape.Split(',').Select(token => token[0] is 'r' or 'm' && token[1..].All(char.IsAsciiDigit) ? token[..1] : token));
        return known.Contains(unsized)
            ? null
            : $"No form of {mnemonic} has the operands {shape}. Its operands are {string.Join("; ", known.Order(StringComparer.Ordinal).DefaultIfEmpty("none"))}.";
    }

    private static string UnknownWord(string kind, string word, IEnumerable<string> known) =>
        $"No {kind} is named '{word}'.{Suggestion.Question(word, known)}";
}
