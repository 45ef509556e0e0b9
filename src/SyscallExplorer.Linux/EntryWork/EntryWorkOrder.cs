using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>A kind of work that a system call's entry may have to do before the call.</summary>
internal enum EntryWorkKind
{
    /// <summary>prctl's system-call user dispatch: the call may become SIGSYS.</summary>
    UserDispatch,

    /// <summary>The tracer's stop at the entry, and emulation, which never does the call.</summary>
    Trace,

    /// <summary>seccomp.</summary>
    Seccomp,

    /// <summary>The number is read again from the registers, since somebody may have changed it.</summary>
    ReadNumber,

    /// <summary>The work bits are read again, since somebody may have changed them.</summary>
    ReadWork,

    /// <summary>The tracepoint sys_enter.</summary>
    Tracepoint,

    /// <summary>Audit takes note of number and arguments.</summary>
    Audit,
}

/// <summary>What becomes of the rest of the work once a step has decided that the call is not done.</summary>
internal enum SkipEffect
{
    /// <summary>Nothing more is done.</summary>
    Returns,

    /// <summary>The other steps are done with the number that the registers have; only the call is left out.</summary>
    Remembers,

    /// <summary>The number in the registers becomes -1, and the other steps see that.</summary>
    ErasesNumber,
}

/// <summary>A step of the work on entry.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Work">The bits of which one has to be set; 0 does it always.</param>
/// <param name="OnSkip">What follows when it decides that the call is not done.</param>
internal sealed record EntryWorkStep(EntryWorkKind Kind, int Work = 0, SkipEffect OnSkip = SkipEffect.Returns);

/// <summary>The work on entry of a kernel generation, in its order.</summary>
/// <param name="Steps">The steps.</param>
internal sealed record EntryWorkOrder(ImmutableArray<EntryWorkStep> Steps)
{
    private static readonly EntryWorkStep s_trace = new(EntryWorkKind.Trace, SyscallWork.Trace | SyscallWork.Emu);
    private static readonly EntryWorkStep s_seccomp = new(EntryWorkKind.Seccomp, SyscallWork.Seccomp);
    private static readonly EntryWorkStep s_tracepoint = new(EntryWorkKind.Tracepoint, SyscallWork.Tracepoint);
    private static readonly EntryWorkStep s_audit = new(EntryWorkKind.Audit, SyscallWork.Audit);
    private static readonly EntryWorkStep s_readNumber = new(EntryWorkKind.ReadNumber);

    /// <summary>seccomp has only its strict mode, which skips nothing. A tracer's refusal does not keep the other steps from seeing the call.</summary>
    public static EntryWorkOrder Linux_2_6_39 { get; } = new([s_seccomp, s_trace with { OnSkip = SkipEffect.Remembers }, s_tracepoint, s_audit, s_readNumber]);

    /// <summary>seccomp goes first, so that a tracer can still give a call another number that no filter sees.</summary>
    public static EntryWorkOrder Linux_4_4 { get; } = new(
        [s_seccomp with { OnSkip = SkipEffect.ErasesNumber }, s_trace with { OnSkip = SkipEffect.Remembers }, s_readNumber, s_tracepoint, s_audit, s_readNumber]);

    /// <summary>The tracer goes first: filters see what it has made of the call.</summary>
    public static EntryWorkOrder Linux_4_20 { get; } = new([s_trace, s_readNumber, s_seccomp, s_readNumber, s_tracepoint, s_audit, s_readNumber]);

    /// <summary>The generic entry code, before user dispatch: what a tracepoint's probe makes of the number no longer counts.</summary>
    public static EntryWorkOrder Linux_5_10 { get; } = new([s_trace, s_readNumber, s_seccomp, s_readNumber, s_tracepoint, s_audit]);

    /// <summary>The generic entry code: user dispatch goes before everything.</summary>
    public static EntryWorkOrder Linux_5_13 { get; } = new(
        [new(EntryWorkKind.UserDispatch, SyscallWork.UserDispatch), s_trace, s_readNumber, s_seccomp, s_readNumber, s_tracepoint, s_audit]);

    /// <summary>As in 5.13; the work bits count anew after the tracer, and a probe of the tracepoint may change the number.</summary>
    public static EntryWorkOrder Linux_6_12 { get; } = new(
        [new(EntryWorkKind.UserDispatch, SyscallWork.UserDispatch), s_trace, new(EntryWorkKind.ReadWork), s_readNumber, s_seccomp, s_readNumber, s_tracepoint,
            s_readNumber, s_audit]);
}
