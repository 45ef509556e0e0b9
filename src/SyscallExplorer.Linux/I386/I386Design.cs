using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>A 32-bit generation's code: its entry paths, which are lists of steps, and the C that stands behind them.</summary>
/// <param name="Traits">What the code's pieces read of the generation.</param>
/// <param name="Sysenter">Where SYSENTER enters.</param>
/// <param name="Int80">Where <c>int $0x80</c> enters.</param>
/// <param name="Returns">The ways back, and what belongs to none of the entries alone.</param>
internal sealed record I386Design(KernelTraits Traits, EntryPathCode Sysenter, EntryPathCode Int80, ImmutableArray<EntryPathCode> Returns)
{
    /// <summary>Before Linux 4.6 <c>int $0x80</c> has a trap gate, which leaves interrupts as they are.</summary>
    public bool Int80KeepsInterrupts { get; init; } = true;

    /// <summary>All paths of the entry code, the entries first.</summary>
    public IEnumerable<EntryPathCode> Paths => [Sysenter, Int80, .. Returns];
}

/// <summary>The 32-bit generations' designs.</summary>
internal static class I386Designs
{
    /// <summary>Everything in assembly, arguments on the stack, the number left in the slot of the result.</summary>
    public static I386Design Linux_2_6_39 { get; } = new(
        new KernelTraits
        {
            Version = new(2, 6, 39),
            Tables = new(2, 6, 39),
            Architecture = KernelArchitecture.I386,
            Ia32NrSyscalls = 345,
            HandlersTakeRegisters = false,
            HasEntryStack = false,
            HasSyscallWork = false,
            HasGenericEntry = false,
            HasKstackOffset = false,
            SysenterMendedInC = false,
            GuardsSpeculation = false,
            HasIretFlag = true,
            ThreadInfoStack = (int)I386Layout.ThreadSize,
            UserReturn = I386SystemCall26.Resume.Symbol,
        },
        I386SystemCall26.Sysenter, I386SystemCall26.Int80, [I386SystemCall26.Resume, I386SystemCall26.Work, I386SystemCall26.Fixups]);
}
