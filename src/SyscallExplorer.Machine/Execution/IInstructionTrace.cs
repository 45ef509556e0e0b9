using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>
/// Sees every instruction of a run. It is a struct type parameter of the loop, so that a run without a trace is a different compiled
/// loop and pays nothing.
/// </summary>
public interface IInstructionTrace
{
    /// <summary>Called before an instruction, with the processor's registers as it will find them.</summary>
    /// <returns>False to stop the run before the instruction.</returns>
    bool Before(Processor processor, in Instruction instruction);

    /// <summary>Called after an instruction, its costs and the delivery of an exception it raised included.</summary>
    /// <param name="processor">Its registers after the instruction.</param>
    /// <param name="step">What happened.</param>
    void After(Processor processor, in InstructionStep step);
}

/// <summary>One instruction that was executed.</summary>
/// <param name="Rip">Where it stood.</param>
/// <param name="Instruction">What it was; its IP is not set.</param>
/// <param name="Cost">Cycles, in 1/256, that the clock advanced: its own figure and all events.</param>
/// <param name="Figure">Index of its own figure in the microarchitecture; -1 where none was due: at an interrupt, and at an iteration of a string instruction that is not its last.</param>
/// <param name="Raised">The vector of an exception or interrupt that was delivered at its end, or -1.</param>
public readonly record struct InstructionStep(ulong Rip, Instruction Instruction, long Cost, int Figure, int Raised);

/// <summary>No trace.</summary>
public readonly struct NoTrace : IInstructionTrace
{
    /// <inheritdoc/>
    public bool Before(Processor processor, in Instruction instruction) => true;

    /// <inheritdoc/>
    public void After(Processor processor, in InstructionStep step)
    {
    }
}
