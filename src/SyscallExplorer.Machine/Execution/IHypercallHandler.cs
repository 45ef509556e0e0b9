namespace SyscallExplorer.Machine;

/// <summary>What a hypercall's host part tells the processor.</summary>
public enum HypercallResult
{
    /// <summary>Go on with the next instruction.</summary>
    Continue,

    /// <summary>Stop the run after this instruction: the host has something to say.</summary>
    Stop,

    /// <summary>No such hypercall: VMCALL is #UD.</summary>
    Unknown,
}

/// <summary>
/// The host's end of VMCALL in ring 0. The instruction is followed by a long NOP whose displacement is the hypercall's number, so that
/// it can be read in any disassembly and is true under any alias of the page.
/// </summary>
public interface IHypercallHandler
{
    /// <summary>Does one hypercall.</summary>
    /// <param name="processor">Its registers hold the arguments and take the result.</param>
    /// <param name="number">The displacement of the NOP.</param>
    /// <param name="cycles">What it costs, in 1/256 cycles.</param>
    HypercallResult Invoke(Processor processor, int number, out long cycles);
}
