using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>Asks the model of a core what a loop of a basic block costs, without executing it: all its loads hit the first-level cache.</summary>
public static class BlockTiming
{
    private const int WarmUp = 100, Measured = 200;

    /// <summary>Cycles of one iteration in the steady state.</summary>
    /// <param name="microarchitecture">The core.</param>
    /// <param name="code">The block's bytes, without the branch that would close the loop.</param>
    /// <param name="bitness">16, 32 or 64.</param>
    /// <param name="storesFeedLoads">
    /// Whether a load waits for an earlier store of the block to the same address expression; <c>llvm-mca</c> assumes unless told otherwise that none does.
    /// </param>
    /// <returns>Core cycles.</returns>
    /// <exception cref="ArgumentException">The block is empty, or holds bytes that are no instruction.</exception>
    public static double CyclesPerIteration(Microarchitecture microarchitecture, ReadOnlySpan<byte> code, int bitness = 64, bool storesFeedLoads = false)
    {
        ArgumentNullException.ThrowIfNull(microarchitecture);
        PipelineGeometry geometry = microarchitecture.Pipeline;
        List<Step> steps = Decode(microarchitecture, code, bitness, storesFeedLoads);
        var core = new OutOfOrderCore(geometry, microarchitecture.Predictor.Taken.Ahead);
        for (int i = 0; i < WarmUp; i++)
            Iterate(core, geometry, steps);
        long cost = 0;
        for (int i = 0; i < Measured; i++)
            cost += Iterate(core, geometry, steps);
        return (double)cost / Figure.UnitsPerCycle / Measured;
    }

    private static long Iterate(OutOfOrderCore core, PipelineGeometry geometry, List<Step> steps)
    {
        long cost = 0;
        foreach (Step step in steps)
        {
            cost += step.Instruction.Timing is null
                ? core.Drain(step.Instruction.Figure.Cost, 0)
                : core.Retire(step.Instruction, new PipelineEffects(geometry.LoadLatency, step.Load, step.Store, 0, 0, 0, false));
        }

        return cost;
    }

    private static List<Step> Decode(Microarchitecture microarchitecture, ReadOnlySpan<byte> code, int bitness, bool storesFeedLoads)
    {
        if (code.IsEmpty)
            throw new ArgumentException("The block is empty. Give the bytes of one instruction at least.", nameof(code));
        var decoder = Decoder.Create(bitness, new ByteArrayCodeReader(code.ToArray()));
        var steps = new List<Step>();
        ulong stack = 0;
        while (decoder.IP < (ulong)code.Length)
        {
            int offset = (int)decoder.IP;
            decoder.Decode(out Instruction instruction);
            if (instruction.IsInvalid)
                throw new ArgumentException($"At offset {offset} of the block stand bytes that are no instruction: {Convert.ToHexString(code[offset..])}.", nameof(code));
            var timed = TimedInstruction.Of(instruction, microarchitecture.FigureOf(instruction), microarchitecture.Pipeline);
            ulong operand = Stand(instruction), below = stack + (ulong)instruction.StackPointerIncrement;
            steps.Add(storesFeedLoads
                ? new Step(timed, timed.Loads ? At(timed, MemoryTouches.OperandRead, operand, stack) : null, timed.Stores ? At(timed, MemoryTouches.OperandWrite, operand, below) : null)
                : new Step(timed, null, null));
            stack += instruction.IsStackInstruction ? (ulong)instruction.StackPointerIncrement : 0;
        }

        return steps;
    }

    private static ulong At(TimedInstruction timed, MemoryTouches kind, ulong operand, ulong stack) => (timed.Touches & kind) != 0 ? operand : stack;

    /// <summary>A number that is the same for equal address expressions, and differs by as much as their displacements do.</summary>
    private static ulong Stand(in Instruction instruction) =>
        ((ulong)instruction.MemoryBase << 48) + ((ulong)instruction.MemoryIndex << 56) + instruction.MemoryDisplacement64;

    private readonly record struct Step(TimedInstruction Instruction, ulong? Load, ulong? Store);
}
