namespace SyscallExplorer.Linux;

/// <summary>What of signal frames differs between kernels.</summary>
/// <param name="ChecksEveryAlternateStack">
/// Whether a frame must fit the alternate stack when the program just comes onto it, and in 32-bit programs; else only 64-bit programs that are
/// on it already are protected, and others write below it. Linux 5.14, and 6.1 for 32-bit programs.
/// </param>
/// <param name="RefusesReservedMxcsr">Whether sigreturn ends a program whose frame sets reserved bits of MXCSR; else they are dropped. Linux 5.14.</param>
internal sealed record SignalFrameRules(bool ChecksEveryAlternateStack, bool RefusesReservedMxcsr)
{
    /// <summary>The code selector of 32-bit handlers.</summary>
    public ushort UserCs32 { get; init; } = Selectors.User32Cs;

    /// <summary>The stack selector of 32-bit handlers.</summary>
    public ushort UserDs { get; init; } = Selectors.UserDs;

    /// <summary>The same habits in a kernel of an architecture.</summary>
    public SignalFrameRules On(KernelArchitecture architecture) => this with { UserCs32 = architecture.User32Cs, UserDs = architecture.UserDs };

    public static SignalFrameRules Linux_5_13 { get; } = new(ChecksEveryAlternateStack: false, RefusesReservedMxcsr: false);

    public static SignalFrameRules Linux_6_1 { get; } = new(ChecksEveryAlternateStack: true, RefusesReservedMxcsr: true);
}
