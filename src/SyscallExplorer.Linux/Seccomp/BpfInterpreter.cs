using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>Runs a filter that <see cref="BpfVerifier"/> has accepted on the data of a call.</summary>
internal static class BpfInterpreter
{
    private const int ShiftMask = 31;

    /// <summary>Runs it.</summary>
    /// <param name="program">The filter.</param>
    /// <param name="data">The call.</param>
    /// <param name="steps">How many instructions it took.</param>
    /// <returns>What the filter returns: an action and its data.</returns>
    public static uint Run(ImmutableArray<BpfInstruction> program, SeccompData data, out int steps)
    {
        uint accumulator = 0, index = 0;
        Span<uint> memory = stackalloc uint[BpfVerifier.MemoryWords];
        memory.Clear();
        steps = 0;
        for (int at = 0; ; at++)
        {
            BpfInstruction instruction = program[at];
            uint operand = (instruction.Code & BpfCodes.FromIndex) != 0 ? index : instruction.Constant;
            steps++;
            switch (instruction.Class)
            {
                case BpfCodes.Load:
                    accumulator = Loaded(instruction, data, memory);
                    break;
                case BpfCodes.LoadIndex:
                    index = Loaded(instruction, data, memory);
                    break;
                case BpfCodes.Store:
                    memory[(int)instruction.Constant] = accumulator;
                    break;
                case BpfCodes.StoreIndex:
                    memory[(int)instruction.Constant] = index;
                    break;
                case BpfCodes.Arithmetic:
                    int operation = instruction.Code & BpfCodes.OperationMask;

                    // A division by zero ends the filter with 0, which kills.
                    if (operation == BpfCodes.Divide && operand == 0)
                        return 0;
                    accumulator = Compute(operation, accumulator, operand);
                    break;
                case BpfCodes.Jump:
                    at += instruction.Code == (BpfCodes.Jump | BpfCodes.Always) ? (int)instruction.Constant
                        : Holds(instruction.Code & BpfCodes.OperationMask, accumulator, operand) ? instruction.IfTrue : instruction.IfFalse;
                    break;
                case BpfCodes.Return:
                    return instruction.Code == BpfCodes.ReturnAccumulator ? accumulator : instruction.Constant;
                default:
                    if (instruction.Code == BpfCodes.ToIndex)
                        index = accumulator;
                    else
                        accumulator = index;
                    break;
            }
        }
    }

    private static uint Loaded(BpfInstruction instruction, SeccompData data, ReadOnlySpan<uint> memory) => (instruction.Code & ~BpfCodes.ClassMask) switch
    {
        BpfCodes.Absolute => data.WordAt(instruction.Constant),
        BpfCodes.Length => SeccompData.Size,
        BpfCodes.Memory => memory[(int)instruction.Constant],
        _ => instruction.Constant,
    };

    private static uint Compute(int operation, uint left, uint right) => operation switch
    {
        BpfCodes.Add => left + right,
        BpfCodes.Subtract => left - right,
        BpfCodes.Multiply => left * right,
        BpfCodes.Divide => left / right,
        BpfCodes.And => left & right,
        BpfCodes.Or => left | right,
        BpfCodes.Xor => left ^ right,
        BpfCodes.ShiftLeft => left << (int)(right & ShiftMask),
        BpfCodes.ShiftRight => left >> (int)(right & ShiftMask),
        _ => 0 - left,
    };

    private static bool Holds(int condition, uint left, uint right) => condition switch
    {
        BpfCodes.IfEqual => left == right,
        BpfCodes.IfGreater => left > right,
        BpfCodes.IfGreaterOrEqual => left >= right,
        _ => (left & right) != 0,
    };
}
