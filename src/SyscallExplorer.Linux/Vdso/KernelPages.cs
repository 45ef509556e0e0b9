namespace SyscallExplorer.Linux;

/// <summary>Frames of the kernel's own that programs see: a special mapping. All address spaces show the same frames.</summary>
/// <param name="FirstFrame">Physical address of the first.</param>
/// <param name="Count">How many there are; an access behind them is SIGBUS.</param>
/// <param name="IsImage">Whether it is the code of the vDSO; else it is the data that the code reads.</param>
internal sealed record KernelPages(ulong FirstFrame, int Count, bool IsImage) : AreaBacking
{
    /// <summary>The frame of a page, or null where there is none.</summary>
    public ulong? Find(long page) => page >= 0 && page < Count ? FirstFrame + (ulong)page * KernelLayout.PageSize : null;
}
