using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>The guest's part of making and replacing programs: the FPU's registers are put where a child finds them, CR3 follows an execve.</summary>
internal static class CloneHandlers
{
    public static void Fork(KernelAssembler k) => SaveAndAsk(k, "hosted_fork");

    public static void Vfork(KernelAssembler k) => SaveAndAsk(k, "hosted_vfork");

    public static void Clone(KernelAssembler k) => SaveAndAsk(k, "hosted_clone");

    public static void Clone3(KernelAssembler k) => SaveAndAsk(k, "hosted_clone3");

    public static void Execve(KernelAssembler k) => Execute(k, "hosted_execve");

    public static void ExecveAt(KernelAssembler k) => Execute(k, "hosted_execveat");

    /// <summary>Before Linux 5.2 a copy was taken for the child, and the parent's registers stayed where they were: nothing is left to do on its way back.</summary>
    private static void SaveAndAsk(KernelAssembler k, string name)
    {
        k.call(k.To("save_fpregs_to_fpstate"));
        if (!k.Traits.LoadsFpuLate)
            FpuSwitch.KeepLoaded(k);
        HypercallStub.Waiting(k, HandlerTable.HypercallOf(name));
        k.ret();
    }

    /// <summary>RDX is the CR3 of the new address space, or 0 when the old one stays.</summary>
    private static void Execute(KernelAssembler k, string name)
    {
        string same = k.Unique("same_map");
        HypercallStub.Waiting(k, HandlerTable.HypercallOf(name), () => k.xor(edx, edx));
        k.test(rdx, rdx);
        k.je(k.To(same));
        k.mov(cr3, rdx);
        k.mov(rcx, k.PerCpu(PerCpuOffsets.CurrentTask));
        k.mov(rcx, __qword_ptr[rcx + TaskLayout.Mm]);
        k.call(k.To(LocalTableSwitch.Symbol));

        // A tracer hears of the new program when its address space is there.
        HypercallStub.Waiting(k, HypercallNumbers.TraceExecution);
        k.Local(same);
        k.ret();
    }
}
