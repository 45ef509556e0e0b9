namespace SyscallExplorer.Linux;

/// <summary>What a thread registered with the kernel: addresses in its own memory.</summary>
/// <param name="ClearChildTid">set_tid_address.</param>
/// <param name="RobustList">set_robust_list.</param>
/// <param name="Rseq">The restartable-sequence area, or 0.</param>
/// <param name="RseqLength">Its length.</param>
/// <param name="RseqSignature">The word that must stand before each abort handler.</param>
internal sealed record ThreadState(ulong ClearChildTid, ulong RobustList, ulong Rseq, uint RseqLength, uint RseqSignature)
{
    public static ThreadState Initial { get; } = new(0, 0, 0, 0, 0);

    /// <summary>The list of a 32-bit call, whose words have 32 bits.</summary>
    public ulong CompatRobustList { get; init; }

    /// <summary>What has happened since the area was looked at last.</summary>
    public RseqEvents RseqEvents { get; init; }
}
