using System.Collections.Frozen;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>The operand shapes that each mnemonic can have, from Iced's table of instructions: a figure for any other could never be used.</summary>
internal static class KnownShapes
{
    private static readonly Lazy<FrozenDictionary<string, FrozenSet<string>>> _shapes = new(Build);

    /// <summary>The unsized shapes of a mnemonic or of a class of conditions.</summary>
    public static FrozenSet<string> Of(string name) => _shapes.Value.GetValueOrDefault(name, FrozenSet<string>.Empty);

    private static FrozenDictionary<string, FrozenSet<string>> Build()
    {
        var shapes = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        foreach (var code in Enum.GetValues<Code>())
        {
            var opCode = code.ToOpCode();
            if (!opCode.IsInstruction)
                continue;
            foreach (var shape in ShapesOf(opCode))
            {
                foreach (var name in NamesOf(code))
                {
                    if (!shapes.TryGetValue(name, out var known))
                        shapes.Add(name, known = new HashSet<string>(StringComparer.Ordinal));
                    known.Add(shape);
                }
            }
        }

        return shapes.ToFrozenDictionary(pair => pair.Key, pair => pair.Value.ToFrozenSet(StringComparer.Ordinal), StringComparer.Ordinal);
    }

    private static IEnumerable<string> NamesOf(Code code)
    {
        var mnemonic = FigureVocabulary.NameOf(code.Mnemonic());
        yield return mnemonic;
        if (code.ConditionCode() == ConditionCode.None)
            yield break;
        if (code.IsJccShortOrNear())
            yield return "jcc";
        else if (mnemonic.StartsWith("set", StringComparison.Ordinal))
            yield return "setcc";
        else if (mnemonic.StartsWith("cmov", StringComparison.Ordinal))
            yield return "cmovcc";
    }

    private static IEnumerable<string> ShapesOf(OpCodeInfo opCode)
    {
        IEnumerable<string> shapes = [""];
        for (var i = 0; i < opCode.OpCount; i++)
        {
            var tokens = Tokens(opCode.GetOpKind(i).ToString(), opCode.Code.IsCallFarIndirect() || opCode.Code.IsJmpFarIndirect());
            shapes = shapes.SelectMany(shape => tokens.Select(token => shape.Length == 0 ? token : $"{shape},{token}")).ToArray();
        }

        return shapes;
    }

    // Iced's names of operand kinds say the register file and whether memory may stand in its place: r32_or_mem, xmm_vvvv, imm8sex64.
    private static string[] Tokens(string kind, bool isFar) => kind switch
    {
        _ when kind.Contains("_or_mem", StringComparison.Ordinal) => [Register(kind), "m"],
        _ when kind.StartsWith("farbr", StringComparison.Ordinal) => ["far"],
        _ when kind.StartsWith("br", StringComparison.Ordinal) || kind.StartsWith("xbegin", StringComparison.Ordinal) => ["rel"],
        _ when kind.StartsWith("imm", StringComparison.Ordinal) => ["i"],
        "cl" => ["r", "cl"],
        "cr_reg" => ["cr0", "cr2", "cr3", "cr4", "cr8"],
        _ when kind.StartsWith("mem", StringComparison.Ordinal) || kind is "sibmem" or "seg_rSI" or "es_rDI" or "seg_rDI" or "seg_rBX_al" => [isFar ? "mfar" : "m"],
        _ => [Register(kind)],
    };

    private static string Register(string kind) => kind switch
    {
        "al" or "ax" or "eax" or "rax" or "dx" => "r",
        "seg_reg" or "es" or "cs" or "ss" or "ds" or "fs" or "gs" => "s",
        "dr_reg" => "dr",
        "st0" or "sti_opcode" => "st",
        _ when kind.StartsWith("mm", StringComparison.Ordinal) => "mm",
        _ => kind[0] switch
        {
            'r' => "r",
            'x' => "x",
            'y' => "y",
            'z' => "z",
            'k' => "k",
            _ => "reg",
        },
    };
}
