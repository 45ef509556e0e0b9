using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// What C does before user mode: exit work of the call, the work loop with interrupts off, then the architecture's last steps. From Linux 5.9 on
/// the generic entry code does it; before, the architecture's own, with the same order and other names.
/// </summary>
internal static class ExitToUser
{
    private const int RegsPoked = 4;

    /// <summary>Called at the end of a system call.</summary>
    public static string SyscallExitSymbol(KernelAssembler k) => k.Traits.HasGenericEntry ? "syscall_exit_to_user_mode" : "syscall_return_slowpath";

    /// <summary>Called where there is no call to end, with interrupts off.</summary>
    public static string PrepareSymbol(KernelAssembler k) => k.Traits.HasGenericEntry ? "irqentry_exit_to_user_mode" : "prepare_exit_to_usermode";

    /// <summary>The end of an exception from user mode: with the generic entry code its function sees to the way out, before, the assembly does.</summary>
    public static void EndException(KernelAssembler k)
    {
        if (k.Traits.HasGenericEntry)
            k.jmp(k.To(PrepareSymbol(k)));
        else
            k.ret();
    }

    public static void Emit(KernelAssembler k)
    {
        k.Composed();
        k.Phase(PhaseKind.ExitWork);
        if (k.Traits.HasPartialFrame)
        {
            EmitNotifyResume(k);
            return;
        }

        EmitSyscallExit(k);
        EmitPrepare(k);
        EmitLast(k);
    }

    private static void EmitSyscallExit(KernelAssembler k)
    {
        k.Global(SyscallExitSymbol(k));
        k.Observable(KernelPoint.CallLeaves);
        k.mov(rax, k.PerCpu(PerCpuOffsets.CurrentTask));
        k.TestSyscallWork(rax, onEntry: false);
        k.jne(k.To("syscall_exit_work"));
        k.Local("syscall_exit_to_user_mode.cli");
        k.cli();

        // An exception's exit comes in here, with interrupts off already.
        k.Global(PrepareSymbol(k));
        k.call(k.To("exit_to_user_mode_prepare"));
        k.jmp(k.To("exit_to_user_mode"));

        k.Global("syscall_exit_work");
        HypercallStub.Waiting(k, HypercallNumbers.ExitWork, () => TaskRegisters(k));
        k.jmp(k.To("syscall_exit_to_user_mode.cli"));
    }

    private static void EmitPrepare(KernelAssembler k)
    {
        k.Global("exit_to_user_mode_prepare");
        k.Local("exit_to_user_mode_prepare.again");
        k.mov(rdx, k.PerCpu(PerCpuOffsets.CurrentTask));
        k.mov(rax, __qword_ptr[rdx + TaskLayout.ThreadFlags]);
        k.test(eax, ThreadFlags.ExitLoop);
        k.jne(k.To("exit_to_user_mode_loop"));
        k.test(eax, ThreadFlags.NeedFpuLoad);
        k.jne(k.To("exit_to_user_mode_prepare.fpu"));
        k.Local("exit_to_user_mode_prepare.loaded");
        k.OnlyWith(KernelFeature.Fred, () => FredDispatch.UpdateStackPointer(k));
        k.and(__dword_ptr[rdx + TaskLayout.ThreadStatus], ~(ThreadStatus.Compat | RegsPoked));
        KstackOffset.Choose(k);
        k.ret();

        k.Local("exit_to_user_mode_prepare.fpu");
        k.call(k.To("switch_fpu_return"));
        k.mov(rdx, k.PerCpu(PerCpuOffsets.CurrentTask));
        k.jmp(k.To("exit_to_user_mode_prepare.loaded"));
        EmitLoop(k);
    }

    /// <summary>Rescheduling, probes and patches, signals, then what was registered for the way back, with interrupts on; until nothing is left.</summary>
    private static void EmitLoop(KernelAssembler k)
    {
        k.Global("exit_to_user_mode_loop");
        k.sti();
        k.test(eax, ThreadFlags.NeedResched);
        k.je(k.To("exit_to_user_mode_loop.scheduled"));
        k.call(k.To("schedule"));
        k.Local("exit_to_user_mode_loop.scheduled");
        SkipUnless(k, ThreadFlags.Uprobe | ThreadFlags.PatchPending, "probed", () => HypercallStub.Inline(k, HypercallNumbers.ExitLoop));
        SkipUnless(k, ThreadFlags.SigPending | ThreadFlags.NotifySignal, "signalled", () =>
        {
            k.call(k.To("save_fpregs_to_fpstate"));
            HypercallStub.Waiting(k, HypercallNumbers.DoSignal, () => TaskRegisters(k));
        });
        SkipUnless(k, ThreadFlags.NotifyResume, "notified", () =>
        {
            TaskRegisters(k);
            HypercallStub.Inline(k, HypercallNumbers.ResumeUserModeWork);
        });
        k.cli();
        k.jmp(k.To("exit_to_user_mode_prepare.again"));
    }

    /// <summary>What the assembly of Linux 2.6.39 calls: the tracers' end of a call, and signals with what was registered for the way back.</summary>
    private static void EmitNotifyResume(KernelAssembler k)
    {
        k.Global("syscall_trace_leave");
        HypercallStub.Waiting(k, HypercallNumbers.ExitWork, () => TaskRegisters(k));
        k.ret();

        k.Global("do_notify_resume");
        SkipUnless(k, ThreadFlags.SigPending, "signalled", () =>
        {
            k.call(k.To("save_fpregs_to_fpstate"));
            HypercallStub.Waiting(k, HypercallNumbers.DoSignal, () => TaskRegisters(k));
        });
        SkipUnless(k, ThreadFlags.NotifyResume, "notified", () =>
        {
            TaskRegisters(k);
            HypercallStub.Inline(k, HypercallNumbers.ResumeUserModeWork);
        });
        SkipUnless(k, ThreadFlags.NeedFpuLoad, "fpu", () => k.call(k.To("switch_fpu_return")));
        k.ret();
    }

    private static void SkipUnless(KernelAssembler k, int flags, string name, Action body)
    {
        string skip = "exit_to_user_mode_loop." + name;
        k.mov(rdx, k.PerCpu(PerCpuOffsets.CurrentTask));
        k.test(__dword_ptr[rdx + TaskLayout.ThreadFlags], flags);
        k.je(k.To(skip));
        body();
        k.Local(skip);
    }

    /// <summary>RDI becomes the registers that the task came with, which lie at the top of its stack.</summary>
    public static void TaskRegisters(KernelAssembler k)
    {
        k.LoadTopOfStack(rdi);
        k.sub(rdi, PtRegsOffsets.Size);
    }

    /// <summary>VERW with a valid selector overwrites the buffers that MDS reads.</summary>
    private static void EmitLast(KernelAssembler k)
    {
        k.Global("exit_to_user_mode");
        if (!k.Traits.ClearsBuffersLast)
            k.OnlyWith(KernelFeature.MdsClear, "MDS", () => k.verw(__word_ptr[KernelLayout.VerwSelector]));
        k.ret();
    }
}
