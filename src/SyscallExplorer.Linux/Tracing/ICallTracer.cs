namespace SyscallExplorer.Linux;

/// <summary>Looks at the system calls of a task from outside the machine, as a tracer does by ptrace from inside.</summary>
public interface ICallTracer
{
    /// <summary>A call is about to be done.</summary>
    void Enter(StoppedCall call);

    /// <summary>A call was done, or left out.</summary>
    void Exit(StoppedCall call);
}
