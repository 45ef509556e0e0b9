namespace SyscallExplorer.Machine;

/// <summary>How the cycles of an instruction come about.</summary>
public enum TimingDepth
{
    /// <summary>Each instruction and each event has a figure, and the clock is their sum. Long runs use it.</summary>
    Table,

    /// <summary>
    /// Ordinary instructions go through a model of the core with its ports, caches and predictors, and cost their retirement minus their
    /// predecessor's; microcoded and system instructions have a figure, and have the core for themselves.
    /// </summary>
    Pipeline,
}
