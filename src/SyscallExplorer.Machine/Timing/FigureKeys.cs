using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>
/// The names under which figures are looked up: for an instruction a short chain of keys, the most specific first. The grammar is
/// described in <c>docs/timing-data.md</c>.
/// </summary>
internal static class FigureKeys
{
    /// <summary>Keys that every file must have, so that every instruction has a figure.</summary>
    public static readonly string[] Required = ["other", "other privileged", "other string", "lock"];

    /// <summary>Events that a file need have no figure for.</summary>
    public static readonly TimingEvent[] OptionalEvents = [TimingEvent.FredDelivery, TimingEvent.CpuidFeatureLeaf];

    /// <summary>The event's key.</summary>
    public static string Of(TimingEvent e)
    {
        var name = e.ToString();
        return $"event:{char.ToLowerInvariant(name[0])}{name[1..]}";
    }

    /// <summary>The instruction's keys, the most specific first. The last is always <c>other</c>.</summary>
    public static IEnumerable<string> Of(Instruction instruction)
    {
        yield return $"code:{instruction.Code}";
        if (StringClass(instruction) is { } stringClass)
        {
            yield return instruction.HasRepPrefix || instruction.HasRepnePrefix ? $"rep {stringClass}" : stringClass;
            yield return "other string";
            yield return "other";
            yield break;
        }

        var mnemonic = FigureVocabulary.NameOf(instruction.Mnemonic);
        var shape = OperandShape.Of(instruction, sized: false);
        var sizedShape = OperandShape.Of(instruction, sized: true);
        if (instruction.HasLockPrefix)
        {
            yield return $"lock {mnemonic} {sizedShape}";
            yield return $"lock {mnemonic} {shape}";
            yield return "lock";
        }

        if (shape.Length != 0)
        {
            if (IsSameRegisterTwice(instruction))
                yield return $"{mnemonic} {shape} same";
            yield return $"{mnemonic} {sizedShape}";
            yield return $"{mnemonic} {shape}";
        }

        yield return mnemonic;
        if (ConditionClass(instruction) is { } conditionClass)
        {
            yield return $"{conditionClass} {shape}";
            yield return conditionClass;
        }

        if (instruction.IsPrivileged)
            yield return "other privileged";
        if (shape.Length != 0)
            yield return $"other {shape}";
        yield return "other";
    }

    // MOVSD is a string instruction and an SSE move under one mnemonic, so a string instruction is named by its family.
    private static string? StringClass(in Instruction instruction)
    {
        if (!instruction.IsStringInstruction)
            return null;
        var name = FigureVocabulary.NameOf(instruction.Mnemonic);
        return FigureVocabulary.StringClasses.FirstOrDefault(family => name.StartsWith(family, StringComparison.Ordinal));
    }

    private static string? ConditionClass(in Instruction instruction)
    {
        if (instruction.ConditionCode == ConditionCode.None)
            return null;
        if (instruction.IsJccShortOrNear)
            return "jcc";
        var name = FigureVocabulary.NameOf(instruction.Mnemonic);
        return name.StartsWith("set", StringComparison.Ordinal) ? "setcc" : name.StartsWith("cmov", StringComparison.Ordinal) ? "cmovcc" : null;
    }

    private static bool IsSameRegisterTwice(in Instruction instruction) =>
        instruction.OpCount == 2
        && instruction.Op0Kind == OpKind.Register
        && instruction.Op1Kind == OpKind.Register
        && instruction.Op0Register == instruction.Op1Register;
}
