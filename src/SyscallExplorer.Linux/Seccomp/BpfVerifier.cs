using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>
/// What a filter of system calls must be like: the rules of classic BPF, and fewer instructions than a packet filter may have. A program that
/// passes ends after at most as many steps as it has instructions. Documentation/userspace-api/seccomp_filter.rst.
/// </summary>
internal static class BpfVerifier
{
    /// <summary>BPF_MAXINSNS.</summary>
    public const int MostInstructions = 4096;

    /// <summary>BPF_MEMWORDS: words of scratch memory.</summary>
    public const int MemoryWords = 16;

    private const int WordBits = 32;

    private static readonly HashSet<int> s_allowed =
    [
        BpfCodes.LoadWord, BpfCodes.LoadLength, BpfCodes.LoadIndexLength, BpfCodes.Load, BpfCodes.LoadIndex, BpfCodes.LoadMemory, BpfCodes.LoadIndexMemory,
        BpfCodes.Store, BpfCodes.StoreIndex, BpfCodes.ReturnConstant, BpfCodes.ReturnAccumulator, BpfCodes.ToIndex, BpfCodes.ToAccumulator,
        BpfCodes.Arithmetic | BpfCodes.Negate, BpfCodes.Jump | BpfCodes.Always,
        .. from operation in (int[])[BpfCodes.Add, BpfCodes.Subtract, BpfCodes.Multiply, BpfCodes.Divide, BpfCodes.Or, BpfCodes.And, BpfCodes.Xor,
            BpfCodes.ShiftLeft, BpfCodes.ShiftRight]
        from source in (int[])[BpfCodes.FromConstant, BpfCodes.FromIndex]
        select BpfCodes.Arithmetic | operation | source,
        .. from operation in (int[])[BpfCodes.IfEqual, BpfCodes.IfGreater, BpfCodes.IfGreaterOrEqual, BpfCodes.IfSet]
        from source in (int[])[BpfCodes.FromConstant, BpfCodes.FromIndex]
        select BpfCodes.Jump | operation | source,
    ];

    /// <summary>Whether a program is a filter.</summary>
    public static bool Accepts(ImmutableArray<BpfInstruction> program)
    {
        if (program.Length is 0 or > MostInstructions || program[^1].Class != BpfCodes.Return)
            return false;
        for (int at = 0; at < program.Length; at++)
        {
            if (!s_allowed.Contains(program[at].Code) || !HasGoodOperand(program[at]) || !StaysInside(program, at))
                return false;
        }

        return ReadsOnlyWhatWasStored(program);
    }

    private static bool HasGoodOperand(BpfInstruction instruction) => instruction.Code switch
    {
        BpfCodes.LoadWord => instruction.Constant < SeccompData.Size && instruction.Constant % sizeof(uint) == 0,
        BpfCodes.LoadMemory or BpfCodes.LoadIndexMemory or BpfCodes.Store or BpfCodes.StoreIndex => instruction.Constant < MemoryWords,
        BpfCodes.Arithmetic | BpfCodes.Divide => instruction.Constant != 0,
        BpfCodes.Arithmetic | BpfCodes.ShiftLeft or BpfCodes.Arithmetic | BpfCodes.ShiftRight => instruction.Constant < WordBits,
        _ => true,
    };

    /// <summary>Jumps go forward, and not behind the end.</summary>
    private static bool StaysInside(ImmutableArray<BpfInstruction> program, int at)
    {
        BpfInstruction jump = program[at];
        uint behind = (uint)(program.Length - at - 1);
        if (jump.Class != BpfCodes.Jump)
            return true;
        return jump.Code == (BpfCodes.Jump | BpfCodes.Always) ? jump.Constant < behind : jump.IfTrue < behind && jump.IfFalse < behind;
    }

    /// <summary>A word of scratch memory is stored to on every way to where it is loaded.</summary>
    private static bool ReadsOnlyWhatWasStored(ImmutableArray<BpfInstruction> program)
    {
        // What has surely been stored to at each instruction, by all jumps that lead there; nothing leads there yet.
        int[] arriving = new int[program.Length];
        Array.Fill(arriving, -1);
        int stored = 0;
        for (int at = 0; at < program.Length; at++)
        {
            BpfInstruction instruction = program[at];
            stored &= arriving[at];
            switch (instruction.Code)
            {
                case BpfCodes.Store or BpfCodes.StoreIndex:
                    stored |= 1 << (int)instruction.Constant;
                    break;
                case BpfCodes.LoadMemory or BpfCodes.LoadIndexMemory when (stored & (1 << (int)instruction.Constant)) == 0:
                    return false;
                case BpfCodes.Jump | BpfCodes.Always:
                    arriving[at + 1 + (int)instruction.Constant] &= stored;
                    stored = -1;
                    break;
                default:
                    if (instruction.Class != BpfCodes.Jump)
                        break;
                    arriving[at + 1 + instruction.IfTrue] &= stored;
                    arriving[at + 1 + instruction.IfFalse] &= stored;
                    stored = -1;
                    break;
            }
        }

        return true;
    }
}
