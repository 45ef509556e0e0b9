namespace SyscallExplorer.Linux;

/// <summary>Why a tracee is stopped.</summary>
internal enum TraceStopKind
{
    /// <summary>At the entry of a system call.</summary>
    CallEntry,

    /// <summary>At the exit of a system call.</summary>
    CallExit,

    /// <summary>A filter's SECCOMP_RET_TRACE.</summary>
    Seccomp,

    /// <summary>Another event.</summary>
    Event,

    /// <summary>The event before its end.</summary>
    Exit,

    /// <summary>A signal is about to be delivered.</summary>
    Signal,

    /// <summary>A handler was entered in a single step.</summary>
    HandlerStep,

    /// <summary>Its process stops, or its tracer interrupted it.</summary>
    Group,
}

/// <summary>A stop in which a tracee waits for its tracer. While it waits it is the progress of the task's wait.</summary>
/// <param name="Kind">Why.</param>
/// <param name="Code">What wait4's status shows above its lowest byte: a signal, and an event.</param>
/// <param name="Info">What PTRACE_GETSIGINFO gives, or null.</param>
internal sealed record TraceStop(TraceStopKind Kind, int Code, SignalInfo? Info)
{
    /// <summary>The tracer has asked for it by wait.</summary>
    public bool IsTold { get; init; }

    /// <summary>The signal that the tracer let the task go on with, 0 for none; null until it goes on.</summary>
    public int? Resume { get; init; }

    /// <summary>What the task was about.</summary>
    public object? Context { get; init; }

    private const int SignalMask = 0x7F;

    public int Event => Code >> 8;

    public int Signal => Code & SignalMask;

    /// <summary>The stop of an event, or of a system call where <paramref name="code"/> has no event.</summary>
    public static TraceStop Of(TraceStopKind kind, int code, int task) =>
        new(kind, code, SignalInfo.FromProcess(code & SignalMask, task, TaskIdentity.Uid, code));

    public static TraceStop OfSignal(SignalInfo info) => new(TraceStopKind.Signal, info.Signal, info);
}
