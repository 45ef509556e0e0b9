namespace SyscallExplorer.Linux;

/// <summary>What sigaction sets for a signal.</summary>
/// <param name="Handler">An address, SIG_DFL or SIG_IGN.</param>
/// <param name="Flags">SA_ flags.</param>
/// <param name="Restorer">Where the handler returns to.</param>
/// <param name="Mask">Signals blocked while it runs, signal 1 in bit 0.</param>
internal sealed record SignalAction(ulong Handler, ulong Flags, ulong Restorer, ulong Mask)
{
    public const ulong Default = 0;
    public const ulong Ignore = 1;

    public static SignalAction Initial { get; } = new(Default, 0, 0, 0);
}

/// <summary>The signals of a thread or of a process: which are blocked, which wait, and the stack for their handlers.</summary>
/// <param name="Blocked">Signal 1 in bit 0.</param>
/// <param name="Pending">Signals that were sent while blocked.</param>
/// <param name="StackAddress">sigaltstack's address.</param>
/// <param name="StackSize">Its size.</param>
/// <param name="StackFlags">Its flags; SS_DISABLE when there is none.</param>
internal sealed record SignalState(ulong Blocked, ulong Pending, ulong StackAddress, ulong StackSize, int StackFlags)
{
    /// <summary>SS_DISABLE.</summary>
    public const int NoStack = 2;

    public static SignalState Initial { get; } = new(0, 0, 0, 0, NoStack);

    public static ulong Bit(int signal) => 1ul << (signal - 1);
}
