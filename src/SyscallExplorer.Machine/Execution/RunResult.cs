using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>Why a run ended.</summary>
public enum StopReason
{
    /// <summary>The instruction budget is used up.</summary>
    InstructionBudget,

    /// <summary>The cycle budget is used up.</summary>
    CycleBudget,

    /// <summary>HLT with no interrupt to come that could wake the processor.</summary>
    Halted,

    /// <summary>A fault while delivering a double fault: the processor shut down.</summary>
    TripleFault,

    /// <summary>An instruction that is not supported yet, or a mode that the kit does not emulate, such as real mode.</summary>
    Unsupported,

    /// <summary>A hypercall asked for it.</summary>
    Hypercall,

    /// <summary>The trace asked for it.</summary>
    Trace,
}

/// <summary>How far a run may go. Both budgets stop it at an exact instruction boundary.</summary>
/// <param name="MaxInstructions">Instructions at most.</param>
/// <param name="MaxCycles">Cycles at most: the run stops at the first boundary at or after this many.</param>
public readonly record struct RunLimits(long MaxInstructions = long.MaxValue, long MaxCycles = long.MaxValue)
{
    /// <summary>No limit.</summary>
    public RunLimits()
        : this(long.MaxValue, long.MaxValue)
    {
    }

    /// <summary>As many instructions as given, whatever they cost.</summary>
    public static RunLimits Instructions(long count) => new(count);

    /// <summary>As many cycles as given, whatever the instructions.</summary>
    public static RunLimits Cycles(long count) => new(MaxCycles: count);
}

/// <summary>The end of a run.</summary>
/// <param name="Reason">Why it ended.</param>
/// <param name="Instructions">Instructions executed in this run.</param>
/// <param name="Clock">Cycles that passed in this run, in 1/256.</param>
/// <param name="Message">A sentence for a reader.</param>
public sealed record RunResult(StopReason Reason, long Instructions, long Clock, string Message)
{
    private readonly RecentCode? _recent;
    private readonly string _message = Message;

    internal RunResult(StopReason reason, long instructions, long clock, string message, RecentCode? recent)
        : this(reason, instructions, clock, message) => _recent = recent;

    /// <summary>A sentence for a reader; after a budget's end, a triple fault or a halt for ever with the last instructions.</summary>
    public string Message
    {
        get => LastInstructions is [_, ..] last ? $"{_message} The last instructions: {string.Join("; ", last)}." : _message;
        init => _message = value;
    }

    /// <summary>
    /// The last instructions before the end, the oldest first, at most 16: after a budget's end, a triple fault or a halt for ever; else
    /// none. They may have been executed in earlier runs of the processor.
    /// </summary>
    public IReadOnlyList<ExecutedInstruction> LastInstructions => _recent?.Instructions() ?? [];

    /// <summary>Two results are equal when they say the same.</summary>
    public bool Equals(RunResult? other) =>
        other is not null && (Reason, Instructions, Clock, Message) == (other.Reason, other.Instructions, other.Clock, other.Message);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Reason, Instructions, Clock);
}

/// <summary>The instruction that a run could not execute.</summary>
/// <param name="Rip">Its address.</param>
/// <param name="Bytes">Its bytes.</param>
/// <param name="Disassembly">Its text.</param>
/// <param name="Code">Its form in Iced's terms.</param>
/// <param name="Reason">For an instruction that is built, what it would have done that is not emulated, such as entering real mode; else null.</param>
public sealed record UnsupportedInstruction(ulong Rip, byte[] Bytes, string Disassembly, Code Code, string? Reason = null);
