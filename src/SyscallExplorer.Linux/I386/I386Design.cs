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

    /// <summary>Who looks at a call before it is done, and in which order.</summary>
    public EntryWorkOrder EntryWork { get; init; } = EntryWorkOrder.Linux_2_6_39;

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
            Architecture = KernelArchitecture.I386,
            HandlersTakeRegisters = false,
            HasEntryStack = false,
            HasSyscallWork = false,
            HasGenericEntry = false,
            SysenterMendedInC = false,
            GuardsSpeculation = false,
            HasIretFlag = true,
            LoadsFpuLate = false,
            ThreadInfoStack = (int)I386Layout.ThreadSize,
            UserReturn = I386SystemCall26.Resume.Symbol,
        },
        I386SystemCall26.Sysenter, I386SystemCall26.Int80, [I386SystemCall26.Resume, I386SystemCall26.Work, I386SystemCall26.Fixups]);

    /// <summary>C for all but the frame; SYSEXIT where it would restore what IRET would.</summary>
    public static I386Design Linux_4_4 { get; } = new(
        Linux_2_6_39.Traits with { Version = new(4, 4), HasIretFlag = false, UserReturn = I386Entry44.All },
        I386Entry44.Sysenter_4_4, I386Entry44.Int80_4_4, [I386Entry44.Fixups])
    {
        EntryWork = EntryWorkOrder.Linux_4_4,
    };

    /// <summary>Page-table isolation and the entry stack; <c>int $0x80</c> turns interrupts off.</summary>
    public static I386Design Linux_4_20 { get; } = new(
        Linux_4_4.Traits with { Version = new(4, 20), HasEntryStack = true, GuardsSpeculation = true },
        I386Entry44.Sysenter_4_20, I386Entry44.Int80_4_20, [I386Entry44.Fixups])
    {
        Int80KeepsInterrupts = false,
        EntryWork = EntryWorkOrder.Linux_4_20,
    };

    /// <summary>Generic entry code; handlers take the registers.</summary>
    public static I386Design Linux_5_10 { get; } = Linux_4_20 with
    {
        Traits = Linux_4_20.Traits with
        {
            Version = new(5, 10),
            HasGenericEntry = true,
            LoadsFpuLate = true,
            HandlersTakeRegisters = true,
            SysenterMendedInC = true,
        },
        Sysenter = I386Entry44.Sysenter_5_10,
        EntryWork = EntryWorkOrder.Linux_5_10,
    };
}
