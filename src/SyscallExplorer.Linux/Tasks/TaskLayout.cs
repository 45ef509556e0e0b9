namespace SyscallExplorer.Linux;

/// <summary>
/// Offsets of what guest code reads of a task. The order of members is the kit's own: between kernel builds it changes with the
/// configuration, and no instruction depends on it.
/// </summary>
internal static class TaskLayout
{
    public const int ThreadFlags = 0x00;
    public const int SyscallWork = 0x08;
    public const int ThreadStatus = 0x10;
    public const int RealParent = 0x18;
    public const int ThreadPid = 0x20;
    public const int Signal = 0x28;
    public const int Cred = 0x30;
    public const int Files = 0x38;
    public const int Mm = 0x40;

    /// <summary><c>thread.sp</c>: the stack pointer of a task that does not run.</summary>
    public const int ThreadSp = 0x48;
    public const int StackCanary = 0x50;

    /// <summary>Address behind the task's kernel stack.</summary>
    public const int TopOfStack = 0x58;

    /// <summary>Bases and selectors of a task that does not run.</summary>
    public const int FsBase = 0x60;
    public const int GsBase = 0x68;
    public const int FsIndex = 0x70;
    public const int GsIndex = 0x72;
    public const int Es = 0x74;
    public const int Ds = 0x76;

    /// <summary>Three descriptors, which stand in the GDT while the task runs.</summary>
    public const int TlsArray = 0x78;

    /// <summary><c>thread_info.sysenter_return</c> of 32-bit kernels: where SYSENTER is returned from.</summary>
    public const int SysenterReturn = 0x90;

    /// <summary><c>thread.usersp</c>: the program's stack pointer of a task that does not run, before Linux 3.x.</summary>
    public const int UserSp = 0x98;

    /// <summary><c>lowest_stack</c>: down to where the task's stack may have been used since it was last erased. 0 stands for all of it.</summary>
    public const int LowestStack = 0xA0;

    /// <summary><c>fpu_counter</c>: how many turns in a row the task has used the FPU, a byte.</summary>
    public const int FpuTurns = 0xA8;

    /// <summary><c>rcu_read_lock_nesting</c> and <c>rcu_read_unlock_special</c>.</summary>
    public const int ReadLocks = 0xB0;
    public const int ReadUnlockSpecial = 0xB4;

    /// <summary><c>struct pid</c>: its level, then a number for each level of namespaces.</summary>
    public const int PidBlock = 0x140;
    public const int PidLevel = 0x04;
    public const int PidNumbers = 0x10;

    /// <summary><c>nsproxy</c>: the namespaces of a task, of which that of pids is read before Linux 3.8, and that of time from Linux 5.6 on.</summary>
    public const int NamespaceProxy = 0x1F8;
    public const int ProxyPidNamespace = 0x20;
    public const int ProxyTimeNamespace = 0x30;

    /// <summary><c>task_io_accounting</c>: bytes read and written, and how often either was asked for.</summary>
    public const int ReadBytes = 0x200;
    public const int WrittenBytes = 0x208;
    public const int ReadCalls = 0x210;
    public const int WriteCalls = 0x218;

    /// <summary>The registers of FPU, SSE and AVX of a task that does not run, as XSAVE or FXSAVE leaves them.</summary>
    public const int Fpu = 0x800;

    /// <summary><c>signal_struct</c>, in a frame of its own, of which only the thread group's pid is read.</summary>
    public const int SignalTgidPid = 0x08;
    public const int TgidBlock = 0x40;

    /// <summary><c>struct cred</c>: the real and effective identities.</summary>
    public const int CredUid = 0x04;
    public const int CredGid = 0x08;
    public const int CredEuid = 0x14;
    public const int CredEgid = 0x18;

    /// <summary><c>mm_struct</c>, in a frame of its own: base of the mapped stub page of 32-bit programs and its landing pad.</summary>
    public const int MmVdso = 0x00;
    public const int MmLandingPad = 0x08;

    /// <summary>The descriptor of its LDT, two words as in the GDT, or zero.</summary>
    public const int MmLdt = 0x10;

    /// <summary>The array of <c>fdtable</c>, in a frame of its own: a dword for each descriptor, the low half of the address of its <c>struct file</c>.</summary>
    public const int MaxDescriptors = 1024;
}

/// <summary>What tells one of the kernel's records of open files from the others: a kind, and what it may be used for.</summary>
internal static class FileKind
{
    public const int Closed = 0;
    public const int Null = 1;
    public const int Zero = 2;

    /// <summary>A file whose operations the host does.</summary>
    public const int Hosted = 3;

    /// <summary>FMODE_READ: added where the descriptor was opened for reading.</summary>
    public const int MayRead = 0x100;

    /// <summary>FMODE_WRITE: added where the descriptor was opened for writing.</summary>
    public const int MayWrite = 0x200;
}

/// <summary>Bits of <c>thread_info.flags</c> in Linux 5.13.</summary>
public static class ThreadFlags
{
    /// <summary>TIF_NOTIFY_RESUME.</summary>
    public const int NotifyResume = 1 << 1;

    /// <summary>TIF_SIGPENDING.</summary>
    public const int SigPending = 1 << 2;

    /// <summary>TIF_NEED_RESCHED.</summary>
    public const int NeedResched = 1 << 3;

    /// <summary>TIF_UPROBE.</summary>
    public const int Uprobe = 1 << 12;

    /// <summary>TIF_PATCH_PENDING.</summary>
    public const int PatchPending = 1 << 13;

    /// <summary>TIF_NOTIFY_SIGNAL.</summary>
    public const int NotifySignal = 1 << 17;

    /// <summary>TIF_NEED_FPU_LOAD: the registers of FPU, SSE and AVX lie in memory and not in the processor.</summary>
    public const int NeedFpuLoad = 1 << 14;

    /// <summary>The kit's own, before Linux 4.6: the registers lie in memory, and CR0.TS is set while the task runs. It is no work on the way to user mode.</summary>
    public const int FpuIsAway = 1 << 26;

    /// <summary>Those that the exit loop serves.</summary>
    public const int ExitLoop = NotifyResume | SigPending | NeedResched | Uprobe | PatchPending | NotifySignal;
}

/// <summary>Bits of <c>thread_info.syscall_work</c> from Linux 5.11 on.</summary>
public static class SyscallWork
{
    /// <summary>A seccomp filter.</summary>
    public const int Seccomp = 1 << 0;

    /// <summary>Tracepoints.</summary>
    public const int Tracepoint = 1 << 1;

    /// <summary>ptrace.</summary>
    public const int Trace = 1 << 2;

    /// <summary>System-call emulation.</summary>
    public const int Emu = 1 << 3;

    /// <summary>Audit.</summary>
    public const int Audit = 1 << 4;

    /// <summary>System-call user dispatch.</summary>
    public const int UserDispatch = 1 << 5;

    /// <summary>A trap at the exit, for single-stepping.</summary>
    public const int ExitTrap = 1 << 6;

    /// <summary>Those that are work on entry.</summary>
    public const int OnEntry = Seccomp | Tracepoint | Trace | Emu | Audit | UserDispatch;

    /// <summary>Those that are work on exit.</summary>
    public const int OnExit = Tracepoint | Trace | Audit | UserDispatch | ExitTrap;
}

/// <summary>Bits of <c>thread_info.status</c>.</summary>
internal static class ThreadStatus
{
    public const int Compat = 2;
}
