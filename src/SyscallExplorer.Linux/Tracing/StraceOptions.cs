namespace SyscallExplorer.Linux;

/// <summary>How calls are written.</summary>
/// <param name="Follow">Each line begins with the task's number, as <c>strace -f -o FILE</c> writes it.</param>
/// <param name="StringLimit">How many bytes of a buffer are shown; paths are shown in full. strace's option <c>-s</c>.</param>
/// <param name="ResultColumn">The column of the equals sign. strace's option <c>-a</c>.</param>
/// <param name="AnnounceWordSize">Tell when a task's word size changes, as strace does on a terminal and not into a file.</param>
public sealed record StraceOptions(bool Follow = true, int StringLimit = 32, int ResultColumn = 40, bool AnnounceWordSize = false)
{
    /// <summary>What <c>strace -f -o FILE</c> does.</summary>
    public static StraceOptions Default { get; } = new();
}
