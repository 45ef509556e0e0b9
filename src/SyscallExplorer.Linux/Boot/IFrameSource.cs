namespace SyscallExplorer.Linux;

/// <summary>Who hands out frames for page tables.</summary>
internal interface IFrameSource
{
    /// <summary>Takes one frame, which is zero.</summary>
    /// <returns>The physical address, or null when there is none.</returns>
    ulong? TryTake();
}
