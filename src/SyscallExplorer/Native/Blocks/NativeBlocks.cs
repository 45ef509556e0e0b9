using System.Text.Json.Serialization;

namespace SyscallExplorer;

/// <summary>What one execution of a block of code costs natively, or why that is not known.</summary>
/// <param name="Index">The block's place in the list that was measured.</param>
/// <param name="Ticks">Ticks of the time-stamp counter for one execution; null when it could not be measured.</param>
/// <param name="TicksPerCycle">Ticks to a cycle of the core, in the same process and the same time.</param>
/// <param name="Batches">Batches that it rests on.</param>
/// <param name="Copies">Copies of the block in the shorter of the two stretches that were compared.</param>
/// <param name="Reason">Why it could not be measured; null when it was.</param>
public sealed record NativeBlockFigure(int Index, double? Ticks, double? TicksPerCycle, int Batches, int Copies, string? Reason)
{
    /// <summary>Cycles of the core for one execution, derived from the ticks; null when it could not be measured.</summary>
    [JsonIgnore]
    public double? Cycles => Ticks / TicksPerCycle;
}

/// <summary>Measures blocks of machine code on the reader's own processor. Linux on x86-64 only.</summary>
public static class NativeBlocks
{
    private const int SecondsToLive = 3;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(SecondsToLive + 2);
    private static readonly TimeSpan s_time = TimeSpan.FromMilliseconds(8);

    /// <summary>
    /// Measures blocks of 64-bit user code, each in a process of its own. A block stands in a row of copies, and a row of twice as many is measured beside it: half
    /// of the difference belongs to the copies alone. Before each row RDI, RSI and RBP point into the middle of 64 KiB of zeros, RSP into a stack, the other registers
    /// hold 1 to 12, and the vector registers 0.
    /// </summary>
    /// <param name="blocks">The code. A block must not enter the kernel, call, return or branch out of itself; a fault becomes its reason.</param>
    /// <param name="options">How many batches, and on which CPU; the time that a figure may take is the kit's own here. Null for the defaults.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <returns>A figure for each block, in order; where nothing can be measured each one says why.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static IReadOnlyList<NativeBlockFigure> Measure(IReadOnlyList<byte[]> blocks, NativeOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(blocks);
        options ??= new NativeOptions();
        options.Check();
        if (NativeSession.WhyNotHere() is { } why)
            return [.. blocks.Select((_, index) => Failed(index, why))];
        return Native.Alone<IReadOnlyList<NativeBlockFigure>>(() =>
        {
            using NativeSession? session = NativeSession.TryStart(options, out string? problem, cancellation);
            return [.. blocks.Select((block, index) => session is null ? Failed(index, problem!) : Measure(session, block, index))];
        });
    }

    private static NativeBlockFigure Measure(NativeSession session, byte[] code, int index)
    {
        if (BlockProgram.TryMake(code, out string? refusal) is not { } block)
            return Failed(index, refusal!);
        ChildRun run = session.Run(block.Build(session.Plan(s_time, SecondsToLive)), s_limit);
        if (run.Output is not { } output)
            return Failed(index, $"The block could not be measured: {run.Failure}.");
        double ticks = (double)(output.Subject.Min() - output.Control.Min()) / (block.Copies * BlockProgram.Passes);
        return ticks > 0
            ? new NativeBlockFigure(index, ticks, Statistics.TicksPerCycle(output), output.Subject.Count, block.Copies, null)
            : Failed(index, "Twice as many copies of the block took no longer: it is too short to be told from the measurement's own noise.");
    }

    private static NativeBlockFigure Failed(int index, string reason) => new(index, null, null, 0, 0, reason);
}
