namespace SyscallExplorer.Machine;

/// <summary>How an instruction ended, as its handler reports it to the loop.</summary>
internal enum Outcome
{
    /// <summary>Completed; the next instruction follows.</summary>
    Next,

    /// <summary>Completed and RIP is already set.</summary>
    Branch,

    /// <summary>Completed, the next instruction follows, but translations, mode or decoded code may have changed.</summary>
    Resync,

    /// <summary>An exception is pending; nothing was committed beyond what the manual defines as partial progress, and RIP still names this instruction.</summary>
    Fault,

    /// <summary>A repeated string instruction made progress and goes on with the same RIP.</summary>
    Repeat,

    /// <summary>Completed; the processor is halted.</summary>
    Halt,

    /// <summary>The instruction is real but not built yet: the run stops with a report.</summary>
    Unsupported,

    /// <summary>A hypercall asked the run to stop after this instruction.</summary>
    Stop,
}
