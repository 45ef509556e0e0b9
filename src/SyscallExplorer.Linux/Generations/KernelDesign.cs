using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>A generation's code: its entry paths, which are lists of steps, and the C that stands behind them.</summary>
/// <param name="Traits">What the code's pieces read of the generation.</param>
/// <param name="Syscall64">Where SYSCALL of 64-bit programs enters.</param>
/// <param name="SyscallCompat">Where SYSCALL of 32-bit programs enters.</param>
/// <param name="SysenterCompat">Where SYSENTER enters.</param>
/// <param name="Int80">Where <c>int $0x80</c> enters.</param>
/// <param name="Returns">The ways back.</param>
internal sealed record KernelDesign(
    KernelTraits Traits, EntryPathCode Syscall64, EntryPathCode SyscallCompat, EntryPathCode SysenterCompat, EntryPathCode Int80,
    ImmutableArray<EntryPathCode> Returns)
{
    /// <summary>Code that the entry paths begin in before their own, such as a trampoline; usually none.</summary>
    public ImmutableArray<EntryPathCode> Trampolines { get; init; } = [];

    /// <summary>The entries of FRED, for events of ring 3 and of ring 0; none before Linux 6.9.</summary>
    public ImmutableArray<EntryPathCode> FredEntries { get; init; } = [];

    /// <summary>What looks at a call before it is done, in which order.</summary>
    public EntryWorkOrder EntryWork { get; init; } = EntryWorkOrder.Linux_5_13;

    /// <summary>The symbol that LSTAR holds: a trampoline is needed only where the user's page tables hold nothing else.</summary>
    public string LstarSymbol(IReadOnlySet<KernelFeature> features) =>
        Trampolines is [{ } first, ..] && features.Contains(KernelFeature.Pti) ? first.Symbol : Syscall64.Symbol;

    /// <summary>All paths of the entry code, the entries first.</summary>
    public IEnumerable<EntryPathCode> Paths => [Syscall64, SyscallCompat, SysenterCompat, Int80, .. Returns];

    /// <summary>Puts another way back in the place of one.</summary>
    public KernelDesign Returning(EntryPathCode path) =>
        this with { Returns = Returns.SetItem(Returns.IndexOf(Returns.First(known => known.Symbol == path.Symbol)), path) };
}
