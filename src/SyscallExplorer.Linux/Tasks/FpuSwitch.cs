using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// The registers of FPU, SSE and AVX: saved when their task leaves or when somebody wants to read them, and loaded again only on the way to
/// user mode. TIF_NEED_FPU_LOAD says that they lie in memory.
/// </summary>
internal static class FpuSwitch
{
    public static void Emit(KernelAssembler k)
    {
        k.Global("save_fpregs_to_fpstate");
        k.mov(rdi, k.PerCpu(PerCpuOffsets.CurrentTask));
        SaveUnlessSaved(k, rdi);
        k.ret();

        k.Global("switch_fpu_return");
        k.mov(rdi, k.PerCpu(PerCpuOffsets.CurrentTask));
        if (LazyFpu.IsIn(k.Traits))
            LazyFpu.Return(k);
        Load(k, rdi);
        k.and(__dword_ptr[rdi + TaskLayout.ThreadFlags], ~ThreadFlags.NeedFpuLoad);
        k.ret();
    }

    /// <summary>Saves what the processor holds for a task, which is RDI; EAX and EDX are overwritten.</summary>
    public static void SaveUnlessSaved(KernelAssembler k, AssemblerRegister64 task)
    {
        string done = k.Unique("fpu_saved");
        string legacy = k.Unique("fpu_fxsave");
        string mark = k.Unique("fpu_mark");
        k.test(__dword_ptr[task + TaskLayout.ThreadFlags], ThreadFlags.NeedFpuLoad | (LazyFpu.IsIn(k.Traits) ? ThreadFlags.FpuIsAway : 0));
        k.jne(k.To(done));
        k.OnlyWithout(KernelFeature.Xsave, () => k.jmp(k.To(legacy)));
        k.mov(eax, -1);
        k.mov(edx, -1);
        k.xsave64(__[task + TaskLayout.Fpu]);
        k.jmp(k.To(mark));
        k.Local(legacy);
        k.fxsave64(__[task + TaskLayout.Fpu]);
        k.Local(mark);
        k.or(__dword_ptr[task + TaskLayout.ThreadFlags], ThreadFlags.NeedFpuLoad);
        k.Local(done);
    }

    /// <summary>Loads the registers of the task that comes; EAX and EDX are overwritten.</summary>
    public static void LoadNow(KernelAssembler k, AssemblerRegister64 task)
    {
        Load(k, task);
        k.and(__dword_ptr[task + TaskLayout.ThreadFlags], ~ThreadFlags.NeedFpuLoad);
    }

    /// <summary>What was saved of the current task, which is RDI, is a copy: the processor's registers go on being its own.</summary>
    public static void KeepLoaded(KernelAssembler k) => k.and(__dword_ptr[rdi + TaskLayout.ThreadFlags], ~ThreadFlags.NeedFpuLoad);

    /// <summary>Loads the registers of a task; EAX and EDX are overwritten.</summary>
    public static void Load(KernelAssembler k, AssemblerRegister64 task)
    {
        string done = k.Unique("fpu_loaded");
        string legacy = k.Unique("fpu_fxrstor");
        k.OnlyWithout(KernelFeature.Xsave, () => k.jmp(k.To(legacy)));
        k.mov(eax, -1);
        k.mov(edx, -1);
        k.xrstor64(__[task + TaskLayout.Fpu]);
        k.jmp(k.To(done));
        k.Local(legacy);
        k.fxrstor64(__[task + TaskLayout.Fpu]);
        k.Local(done);
    }
}
