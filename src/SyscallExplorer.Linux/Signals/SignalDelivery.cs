namespace SyscallExplorer.Linux;

/// <summary>The data segment registers that only frames of 32-bit programs keep.</summary>
internal readonly record struct UserSegments(ushort Ds, ushort Es, ushort Fs, ushort Gs);

/// <summary>The last exception of a thread, which frames tell whether or not it caused their signal.</summary>
/// <param name="ErrorCode">Its error code.</param>
/// <param name="Vector">Its vector.</param>
/// <param name="Address">CR2 of the last page fault that became a signal.</param>
internal readonly record struct LastException(ulong ErrorCode, ulong Vector, ulong Address);

/// <summary>Where the vDSO has the code that a 32-bit handler without a restorer returns to; 0 where there is none.</summary>
internal readonly record struct SignalTrampolines(ulong Sigreturn, ulong RtSigreturn);

/// <summary>A signal that is to be handled, and all that its frame is made of.</summary>
/// <param name="Registers">The program's registers, after what <see cref="RestartRules"/> does to them.</param>
/// <param name="Action">Its handler.</param>
/// <param name="Info">The signal.</param>
/// <param name="Fpu">The floating-point and vector registers.</param>
/// <param name="Rules">The kernel's habits.</param>
internal sealed record SignalDelivery(PtRegs Registers, SignalAction Action, SignalInfo Info, FpuImage Fpu, SignalFrameRules Rules)
{
    /// <summary>The mask that the handler's end brings back.</summary>
    public ulong Mask { get; init; }

    public AlternateStack Stack { get; init; } = AlternateStack.None;

    public LastException Exception { get; init; }

    /// <summary>Of 32-bit programs.</summary>
    public UserSegments Segments { get; init; }

    /// <summary>Of 32-bit programs.</summary>
    public SignalTrampolines Trampolines { get; init; }

    /// <summary>Whether the interrupted SS is a stack segment that a 64-bit handler can keep.</summary>
    public bool KeepsStackSegment { get; init; } = true;

    public bool HasFlag(ulong flag) => (Action.Flags & flag) != 0;
}

/// <summary>A frame: what goes where, and where the program finds itself then.</summary>
/// <param name="Address">The handler's stack pointer.</param>
/// <param name="Writes">What to write, in any order.</param>
/// <param name="Registers">The registers that the handler starts with.</param>
/// <param name="LoadsUserData">Whether DS and ES become the user's data segment.</param>
internal sealed record SignalFrame(ulong Address, IReadOnlyList<MemoryWrite> Writes, PtRegs Registers, bool LoadsUserData);
