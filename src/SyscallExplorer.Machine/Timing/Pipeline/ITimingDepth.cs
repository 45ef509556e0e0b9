namespace SyscallExplorer.Machine;

/// <summary>A depth of timing as a type parameter of the loop, so that each is a compiled loop of its own.</summary>
internal interface ITimingDepth
{
    /// <summary>An instruction is about to be executed.</summary>
    static abstract void Before(Processor cpu, Operation op);

    /// <summary>It was executed, or has faulted; what it raised is not delivered yet.</summary>
    /// <param name="cpu">Its registers after the instruction.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="outcome">How it ended.</param>
    static abstract void After(Processor cpu, Operation op, Outcome outcome);

    /// <summary>Whatever was delivered has been: nothing may be left that the clock does not show.</summary>
    static abstract void Settle(Processor cpu);
}

/// <summary>The Table depth: an instruction costs its figure.</summary>
internal readonly struct TableDepth : ITimingDepth
{
    public static void Before(Processor cpu, Operation op)
    {
    }

    public static void After(Processor cpu, Operation op, Outcome outcome)
    {
        // A repeated string instruction charges its iterations itself; its own figure is due once, when it ends.
        if (outcome != Outcome.Repeat)
            cpu.S.Clock += op.Cost;
    }

    public static void Settle(Processor cpu)
    {
    }
}

/// <summary>The Pipeline depth.</summary>
internal readonly struct PipelineDepth : ITimingDepth
{
    public static void Before(Processor cpu, Operation op) => cpu.PipelineBefore(op);

    public static void After(Processor cpu, Operation op, Outcome outcome) => cpu.PipelineAfter(op, outcome);

    public static void Settle(Processor cpu) => cpu.PipelineSettle();
}
