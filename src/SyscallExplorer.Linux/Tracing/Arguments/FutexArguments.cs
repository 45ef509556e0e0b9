using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>What the operation of a <c>futex</c> makes of its arguments.</summary>
internal static class FutexArguments
{
    private static readonly ArgumentKind s_operation = Scalars.Formula(TaskWords.FutexOperation);

    private static readonly ArgumentKind s_bits = ArgumentKind.In((text, slot) =>
        text.Write(text.UInt(slot) == uint.MaxValue ? "FUTEX_BITSET_MATCH_ANY" : text.UInt(slot) == 0 ? "0" : $"0x{text.UInt(slot):x}")).From(5);

    private static readonly ArgumentKind s_wake = ArgumentKind.In((text, slot) => text.Write(WakeText(text.UInt(slot)))).From(5);

    /// <summary>The arguments by the operation.</summary>
    public static ImmutableArray<ArgumentKind> Choose(CallText text, bool wide)
    {
        const int commands = 127;
        ArgumentKind place = Scalars.Address, other = Scalars.Address.From(4), value = Scalars.UInt, count = Scalars.UInt.From(3);
        ArgumentKind time = TimeArguments.Timespec(wide);
        return (text.Int(1) & commands) switch
        {
            0 => [place, s_operation, value, time],
            1 or 2 => [place, s_operation, value],
            3 => [place, s_operation, value, count, other],
            4 or 12 => [place, s_operation, value, count, other, Scalars.UInt.From(5)],
            5 => [place, s_operation, value, count, other, s_wake],
            6 or 13 => [place, s_operation, time.From(3)],
            7 or 8 => [place, s_operation],
            9 => [place, s_operation, value, time, s_bits],
            10 => [place, s_operation, value, s_bits],
            11 => [place, s_operation, value, time, other],
            _ => [place, s_operation, value, Scalars.Address.From(3), other, Scalars.Hexadecimal32.From(5)],
        };
    }

    /// <summary>How a wake compares and changes the other word.</summary>
    private static string WakeText(uint value)
    {
        const int operationAt = 28, comparisonAt = 24, operandAt = 12;
        const uint shift = 8, mask = 0xfff;
        uint operation = value >> operationAt, comparison = (value >> comparisonAt) & 15;
        string change = (operation & shift) != 0 ? $"FUTEX_OP_OPARG_SHIFT<<{operationAt}|" : "";
        string Part(ValueNames names, uint part, int at, string unknown) =>
            names.Find(part) is { } name ? $"{name}<<{at}" : $"0x{part:x}<<{at} /* {unknown} */";
        static string Number(uint part) => part == 0 ? "0" : $"0x{part:x}";
        return change + Part(TaskWords.FutexOperations, operation & ~shift, operationAt, "FUTEX_OP_???")
            + $"|{Number((value >> operandAt) & mask)}<<{operandAt}|"
            + Part(TaskWords.FutexComparisons, comparison, comparisonAt, "FUTEX_OP_CMP_???") + $"|{Number(value & mask)}";
    }
}
