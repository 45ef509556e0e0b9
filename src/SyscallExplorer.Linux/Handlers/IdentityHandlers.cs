using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>getpid, getppid, gettid, getuid: who the caller is, read from the task through the pid's namespace level.</summary>
internal static class IdentityHandlers
{
    public static void GetPid(KernelAssembler k)
    {
        k.mov(rax, k.PerCpu(PerCpuOffsets.CurrentTask));
        k.mov(rax, __qword_ptr[rax + TaskLayout.Signal]);
        k.mov(rax, __qword_ptr[rax + TaskLayout.SignalTgidPid]);
        NumberOfPid(k);
    }

    public static void GetTid(KernelAssembler k)
    {
        k.mov(rax, k.PerCpu(PerCpuOffsets.CurrentTask));
        k.mov(rax, __qword_ptr[rax + TaskLayout.ThreadPid]);
        NumberOfPid(k);
    }

    public static void GetPpid(KernelAssembler k)
    {
        k.mov(rax, k.PerCpu(PerCpuOffsets.CurrentTask));
        k.mov(rax, __qword_ptr[rax + TaskLayout.RealParent]);
        k.mov(rax, __qword_ptr[rax + TaskLayout.Signal]);
        k.mov(rax, __qword_ptr[rax + TaskLayout.SignalTgidPid]);
        NumberOfPid(k);
    }

    public static void GetUid(KernelAssembler k) => LoadCredential(k, TaskLayout.CredUid);

    public static void GetGid(KernelAssembler k) => LoadCredential(k, TaskLayout.CredGid);

    public static void GetEuid(KernelAssembler k) => LoadCredential(k, TaskLayout.CredEuid);

    public static void GetEgid(KernelAssembler k) => LoadCredential(k, TaskLayout.CredEgid);

    public static void GetUid16(KernelAssembler k) => LoadShortCredential(k, TaskLayout.CredUid);

    public static void GetGid16(KernelAssembler k) => LoadShortCredential(k, TaskLayout.CredGid);

    public static void GetEuid16(KernelAssembler k) => LoadShortCredential(k, TaskLayout.CredEuid);

    public static void GetEgid16(KernelAssembler k) => LoadShortCredential(k, TaskLayout.CredEgid);

    private static void LoadCredential(KernelAssembler k, int field)
    {
        k.mov(rax, k.PerCpu(PerCpuOffsets.CurrentTask));
        k.mov(rax, __qword_ptr[rax + TaskLayout.Cred]);
        k.mov(eax, __dword_ptr[rax + field]);
        k.ret();
    }

    /// <summary>An identity that has no 16-bit form is shown as 65534.</summary>
    private static void LoadShortCredential(KernelAssembler k, int field)
    {
        const int overflow = 65534;
        k.mov(rax, k.PerCpu(PerCpuOffsets.CurrentTask));
        k.mov(rax, __qword_ptr[rax + TaskLayout.Cred]);
        k.mov(eax, __dword_ptr[rax + field]);
        k.mov(ecx, overflow);
        k.cmp(eax, ushort.MaxValue);
        k.cmova(eax, ecx);
        k.ret();
    }

    /// <summary>RAX is a <c>struct pid</c>; the number at its own namespace level is the result.</summary>
    private static void NumberOfPid(KernelAssembler k)
    {
        k.mov(edx, __dword_ptr[rax + TaskLayout.PidLevel]);
        k.shl(rdx, 4);
        k.mov(eax, __dword_ptr[rax + rdx + TaskLayout.PidNumbers]);
        k.ret();
    }
}
