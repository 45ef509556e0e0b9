using System.Collections.Immutable;
using static SyscallExplorer.Linux.ArgumentKind;

namespace SyscallExplorer.Linux;

/// <summary>What the option of a <c>prctl</c> makes of its other arguments.</summary>
internal static class ProcessControlArguments
{
    private static readonly ArgumentKind s_option = Scalars.Value(ControlWords.Options);
    private static readonly ArgumentKind s_taskName = In((text, slot) => Texts.String(text, text[slot], TaskNameLimit));
    private static readonly ArgumentKind s_outTaskName = Out((text, slot) => Texts.String(text, text[slot], TaskNameLimit));

    private const int TaskNameLimit = 15;

    /// <summary>The arguments by the option.</summary>
    public static ImmutableArray<ArgumentKind> Choose(CallText text)
    {
        ArgumentKind hexadecimal = Scalars.Hexadecimal;
        ImmutableArray<ArgumentKind> further = ControlWords.Options.Find(text.UInt(0)) switch
        {
            "PR_SET_PDEATHSIG" => [In((input, slot) => input.Write(input[slot] <= SignalNumbers.Last ? SignalWords.Name((long)input[slot]) : $"{input[slot]}"))],
            "PR_GET_PDEATHSIG" => [OutStructure(_ => 4, (output, value) => output.Write($"[{SignalWords.Name(value.Int32())}]"))],
            "PR_GET_DUMPABLE" or "PR_GET_KEEPCAPS" or "PR_GET_SECCOMP" or "PR_GET_TIMING" or "PR_GET_SECUREBITS" or "PR_GET_TIMERSLACK" or "PR_GET_FP_MODE"
                or "PR_SVE_GET_VL" or "PR_SME_GET_VL" or "PR_TASK_PERF_EVENTS_DISABLE" or "PR_TASK_PERF_EVENTS_ENABLE" => [],
            "PR_SET_DUMPABLE" => [Scalars.WordValue(ControlWords.Dumpable)],
            "PR_SET_NAME" => [s_taskName],
            "PR_GET_NAME" => [s_outTaskName],
            "PR_SET_KEEPCAPS" or "PR_SET_CHILD_SUBREAPER" or "PR_SET_TIMERSLACK" or "PR_SET_TIMING" or "PR_SET_FPEMU" or "PR_SET_FPEXC" or "PR_SET_ENDIAN" => [Scalars.Size],
            "PR_GET_CHILD_SUBREAPER" or "PR_GET_FPEMU" or "PR_GET_FPEXC" or "PR_GET_UNALIGN" or "PR_GET_ENDIAN" => [VectorArguments.OutUInt],
            "PR_SET_SECCOMP" => [Scalars.WordValue(ControlWords.SeccompModes), .. text[1] == 2 ? [SeccompProgram] : ImmutableArray<ArgumentKind>.Empty],
            "PR_CAPBSET_READ" or "PR_CAPBSET_DROP" => [Scalars.WordValue(ControlWords.Capabilities)],
            "PR_GET_TSC" => [OutStructure(_ => 4, (output, value) => output.Write($"[{ControlWords.TimestampCounter.Format(value.UInt32())}]"))],
            "PR_SET_TSC" => [Scalars.Value(ControlWords.TimestampCounter)],
            "PR_SET_SECUREBITS" => [Scalars.WordFlags(ControlWords.SecureBits)],
            "PR_SET_NO_NEW_PRIVS" or "PR_SET_THP_DISABLE" or "PR_SET_IO_FLUSHER" => [Scalars.Size, hexadecimal, hexadecimal, hexadecimal],
            "PR_GET_TID_ADDRESS" => [VectorArguments.OutAddress],
            "PR_CAP_AMBIENT" => [Scalars.WordValue(ControlWords.AmbientCapabilities), Scalars.WordValue(ControlWords.Capabilities), hexadecimal, hexadecimal],
            "PR_SET_VMA" when text[1] == 0 => [Scalars.WordValue(ControlWords.MemoryAreas), Scalars.Address, Scalars.Size, Texts.Name],
            "PR_SET_VMA" => [Scalars.WordValue(ControlWords.MemoryAreas), hexadecimal, hexadecimal, hexadecimal],
            "PR_SET_PTRACER" => [In((input, slot) => input.Write(input.Long(slot) == -1 ? "PR_SET_PTRACER_ANY" : $"{input.Long(slot)}"))],
            _ => [hexadecimal, hexadecimal, hexadecimal, hexadecimal],
        };
        return [s_option, .. further];
    }

    /// <summary>What the result of a <c>prctl</c> is.</summary>
    public static void WriteResult(CallText text)
    {
        string? note = ControlWords.Options.Find(text.UInt(0)) switch
        {
            "PR_GET_DUMPABLE" => ControlWords.Dumpable.Format(Results.Word(text)),
            "PR_GET_SECCOMP" => ControlWords.SeccompModes.Format(Results.Word(text)),
            "PR_GET_SECUREBITS" => ControlWords.SecureBits.Format(Results.Word(text)),
            _ => null,
        };
        if (ControlWords.Options.Find(text.UInt(0)) is "PR_GET_SECUREBITS")
            text.Hexadecimal(Results.Word(text));
        else
            Results.Decimal(text);
        text.Write(note is null ? "" : $" ({note})");
    }

    /// <summary><c>struct sock_fprog</c>.</summary>
    public static ArgumentKind SeccompProgram { get; } = InStructure(text => 2 * text.WordSize, (text, program) =>
    {
        ushort length = program.UInt16();
        text.Write($"{{len={length}, filter=").Address(program.At(text.WordSize).Word()).Write("}");
    });

    /// <summary><c>struct __user_cap_header_struct</c>.</summary>
    public static ArgumentKind CapabilityHeader { get; } = InStructure(_ => 8, (text, header) =>
        text.Write($"{{version={ControlWords.CapabilityVersions.Format(header.UInt32())}, pid={header.Int32()}}}"));

    /// <summary><c>struct __user_cap_data_struct</c>, once or twice as the version of the header says.</summary>
    public static ArgumentKind Capabilities(bool output)
    {
        const uint secondVersion = 0x20071026, thirdVersion = 0x20080522;
        void Write(CallText text, int slot)
        {
            if (text.Structure(text[0], 4)?.UInt32() is not { } version
                || text.Structure(text[slot], version is secondVersion or thirdVersion ? 24 : 12) is not { } data)
            {
                text.Address(text[slot]);
                return;
            }

            ulong Set(int offset) => data.At(offset).UInt32() | (version is secondVersion or thirdVersion ? (ulong)data.At(offset + 12).UInt32() << 32 : 0);
            text.Write($"{{effective={SetText(Set(0))}, permitted={SetText(Set(4))}, inheritable={SetText(Set(8))}}}");
        }

        return output ? Out(Write) : In(Write);
    }

    private static string SetText(ulong set)
    {
        IEnumerable<string> names = Enumerable.Range(0, 64).Where(bit => (set & (1ul << bit)) != 0).Select(bit => ControlWords.Capabilities.Find((ulong)bit) is { } name
            ? $"1<<{name}" : $"0x{1ul << bit:x}");
        return set == 0 ? "0" : string.Join('|', names);
    }
}
