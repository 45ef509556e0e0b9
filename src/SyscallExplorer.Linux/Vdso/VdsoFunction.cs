namespace SyscallExplorer.Linux;

/// <summary>A function of an image: its code at its address, what boot may replace in it, and how to unwind through it.</summary>
internal sealed record VdsoFunction(string Name, ulong Address, byte[] Code, IReadOnlyList<CodeAlternative> Alternatives, UnwindRows Unwinding)
{
    /// <summary>Points within it that have a name of their own, such as the landing pad.</summary>
    public IReadOnlyDictionary<string, ulong> Points { get; init; } = new Dictionary<string, ulong>();

    public ulong End => Address + (ulong)Code.Length;
}

/// <summary>How to find the caller from each instruction of a function: the instructions of its entry in .eh_frame.</summary>
/// <param name="Instructions">Call-frame instructions after those that all functions begin with.</param>
/// <param name="IsSignalFrame">Whether the kernel has called what the frame belongs to: a return address is then the interrupted instruction.</param>
internal sealed record UnwindRows(byte[] Instructions, bool IsSignalFrame = false);
