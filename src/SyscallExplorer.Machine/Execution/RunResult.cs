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

    /// <summary>An instruction that is not supported yet.</summary>
    Unsupported,

    /// <summary>An exception or an interrupt outside long mode, where its delivery is not supported.</summary>
    Undeliverable,

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
public sealed record RunResult(StopReason Reason, long Instructions, long Clock, string Message);

/// <summary>The instruction that a run could not execute.</summary>
/// <param name="Rip">Its address.</param>
/// <param name="Bytes">Its bytes.</param>
/// <param name="Disassembly">Its text.</param>
/// <param name="Code">Its form in Iced's terms.</param>
public sealed record UnsupportedInstruction(ulong Rip, byte[] Bytes, string Disassembly, Code Code);
