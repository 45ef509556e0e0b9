namespace SyscallExplorer.Linux;

/// <summary>Who the one task is: a shell's child.</summary>
public static class TaskIdentity
{
    /// <summary>What getpid and gettid answer.</summary>
    public const int Pid = 1000;

    /// <summary>What getppid answers.</summary>
    public const int ParentPid = 999;

    /// <summary>Who takes in the children of processes that have ended.</summary>
    public const int Init = 1;

    /// <summary>What getuid answers.</summary>
    public const int Uid = 1000;

    /// <summary>What getgid answers.</summary>
    public const int Gid = 1000;
}
