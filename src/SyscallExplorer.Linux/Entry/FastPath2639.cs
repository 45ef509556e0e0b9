using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>Masks of <c>thread_info.flags</c> in Linux 2.6.39.</summary>
internal static class WorkMasks2639
{
    public const int OnEntry = 0x1000_01D1;
    public const int OnExit = 0x1000_0091;
    public const int AllWork = 0x1000_FEFF;
    public const int Work = 0xFE2E;

    /// <summary>_TIF_DO_NOTIFY_MASK, and the flag by which this kit's kernels say that the FPU's registers lie in memory.</summary>
    public const int Notify = 0x0C06 | ThreadFlags.NeedFpuLoad;
}

/// <summary>
/// SYSCALL of 64-bit programs in Linux 2.6.39: partial frame, fast way out without any check, and the way out by IRET for all that changes registers.
/// </summary>
internal static class FastPath2639
{
    public const string SlowReturn = "int_ret_from_sys_call";
    private const int NeedResched = 3;
    private static readonly (AssemblerRegister64 Register, int Offset)[] s_saved =
    [
        (rdi, PtRegsOffsets.Di), (rsi, PtRegsOffsets.Si), (rdx, PtRegsOffsets.Dx), (rax, PtRegsOffsets.Ax), (r8, PtRegsOffsets.R8), (r9, PtRegsOffsets.R9),
        (r10, PtRegsOffsets.R10), (r11, PtRegsOffsets.R11),
    ];

    public static EntryPathCode Linux_2_6_39 { get; } = new("system_call",
    [
        new("switch stack", SwitchStack),
        new("save registers", SaveArguments),
        new("test work", TestWork),
        new("dispatch", Dispatch),
        new("return fast", ReturnFast),
        new("reschedule", Reschedule),
        new("signal", Signal),
        new("bad number", BadNumber),
        new("trace", Trace),
        new("return slowly", ReturnSlowly),
        new("careful", Careful),
        new("return by IRET", ReturnBySwapGs),
    ]);

    /// <summary>Where new programs leave, with the whole frame on the stack.</summary>
    public static EntryPathCode ToUser { get; } = new("retint_restore_all",
    [
        new("restore registers", k =>
        {
            k.Phase(PhaseKind.RestoreRegisters);
            PartialFrame.RestoreRest(k);
            k.jmp(k.To("retint_swapgs"));
        }),
    ]);

    public static EntryPathCode ToKernel { get; } = new(ReturnByIret.ToKernel.Symbol,
    [
        new("restore registers", k =>
        {
            k.Phase(PhaseKind.RestoreRegisters);
            PartialFrame.RestoreRest(k);
            k.jmp(k.To("retint_restore_args"));
        }),
    ]);

    /// <summary>The end of an exception from user mode: the whole frame is on the stack, interrupts are off.</summary>
    public static void EndException(KernelAssembler k)
    {
        PartialFrame.RestoreRest(k);
        k.Local("retint_with_reschedule");
        PartialFrame.ThreadInfo(k, rcx);
        k.mov(edx, __dword_ptr[rcx + TaskLayout.ThreadFlags]);
        k.and(edx, WorkMasks2639.Work);
        k.jne(k.To("retint_careful"));
        k.jmp(k.To("retint_swapgs"));
        k.Local("retint_careful");
        GiveUpUnless(k, "retint_signal", () => k.CallFar("schedule"));
        k.cli();
        k.jmp(k.To("retint_with_reschedule"));
        k.Local("retint_signal");
        k.sti();
        PartialFrame.SaveRest(k);
        k.mov(__qword_ptr[rsp + PtRegsOffsets.OrigAx], -1);
        k.mov(rdi, rsp);
        k.CallFar("do_notify_resume");
        PartialFrame.RestoreRest(k);
        k.cli();
        k.jmp(k.To("retint_with_reschedule"));
    }

    private static void SwitchStack(KernelAssembler k)
    {
        k.Phase(PhaseKind.StackSwitch);
        k.swapgs();
        k.mov(k.PerCpu(PerCpuOffsets.RspScratch), rsp);
        k.mov(rsp, k.TopOfStack());
        k.sti();
    }

    /// <summary>The RCX slot stays as it was: it is known to be what RIP is.</summary>
    private static void SaveArguments(KernelAssembler k)
    {
        const int reserved = PtRegsOffsets.Ip - PartialFrame.Start;
        k.Phase(PhaseKind.SaveRegisters);
        k.sub(rsp, reserved);
        foreach ((AssemblerRegister64 register, int offset) in s_saved)
            k.mov(PartialFrame.Slot(offset), register);
        k.mov(PartialFrame.Slot(PtRegsOffsets.OrigAx), rax);
        k.mov(PartialFrame.Slot(PtRegsOffsets.Ip), rcx);
    }

    private static void TestWork(KernelAssembler k)
    {
        k.Phase(PhaseKind.EntryWork);
        PartialFrame.ThreadInfo(k, rcx);
        k.test(__dword_ptr[rcx + TaskLayout.ThreadFlags], WorkMasks2639.OnEntry);
        k.jne(k.To("tracesys"));
    }

    private static void Dispatch(KernelAssembler k)
    {
        k.Phase(PhaseKind.Dispatch);
        k.Global("system_call_fastpath");
        k.Observable(KernelPoint.CallEnters);
        k.cmp(rax, k.Traits.NrSyscalls - 1);
        k.ja(k.To("badsys"));
        CallTable(k);
    }

    private static void CallTable(KernelAssembler k)
    {
        k.mov(rcx, r10);
        k.call(__qword_ptr[rax * 8 + unchecked((long)KernelLayout.SysCallTable)]);
        k.mov(PartialFrame.Slot(PtRegsOffsets.Ax), rax);
    }

    private static void ReturnFast(KernelAssembler k)
    {
        k.Phase(PhaseKind.ExitWork);
        k.Global("ret_from_sys_call");
        k.mov(edi, WorkMasks2639.AllWork);
        k.Local("sysret_check");
        k.cli();
        PartialFrame.ThreadInfo(k, rcx);
        k.mov(edx, __dword_ptr[rcx + TaskLayout.ThreadFlags]);
        k.and(edx, edi);
        k.jne(k.To("sysret_careful"));
        k.Observable(KernelPoint.CallLeaves);
        k.Phase(PhaseKind.RestoreRegisters);
        k.mov(rcx, PartialFrame.Slot(PtRegsOffsets.Ip));
        foreach ((AssemblerRegister64 register, int offset) in Enumerable.Reverse(s_saved))
            k.mov(register, PartialFrame.Slot(offset));
        k.mov(rsp, k.PerCpu(PerCpuOffsets.RspScratch));
        k.swapgs();
        k.sysretq();
    }

    /// <summary>EDX is the flags: somebody else's turn comes first, everything else elsewhere.</summary>
    private static void GiveUpUnless(KernelAssembler k, string otherwise, Action schedule)
    {
        k.bt(edx, NeedResched);
        k.jae(k.To(otherwise));
        k.sti();
        schedule();
    }

    /// <summary>RDI, the mask of the work that is left, stays.</summary>
    private static void ScheduleWithMask(KernelAssembler k)
    {
        k.push(rdi);
        k.CallFar("schedule");
        k.pop(rdi);
    }

    private static void Reschedule(KernelAssembler k)
    {
        k.Phase(PhaseKind.ExitWork);
        k.Global("sysret_careful");
        GiveUpUnless(k, "sysret_signal", () => ScheduleWithMask(k));
        k.jmp(k.To("sysret_check"));
    }

    private static void Signal(KernelAssembler k)
    {
        k.Global("sysret_signal");
        k.sti();
        PartialFrame.FixTop(k, r11, -PartialFrame.Start);
        k.jmp(k.To("int_check_syscall_exit_work"));
    }

    private static void BadNumber(KernelAssembler k)
    {
        k.Phase(PhaseKind.Dispatch);
        k.Global("badsys");
        k.mov(PartialFrame.Slot(PtRegsOffsets.Ax), -Errno.ENOSYS);
        k.jmp(k.To("ret_from_sys_call"));
    }

    private static void Trace(KernelAssembler k)
    {
        k.Phase(PhaseKind.EntryWork);
        k.Global("tracesys");
        PartialFrame.SaveRest(k);
        k.mov(__qword_ptr[rsp + PtRegsOffsets.Ax], -Errno.ENOSYS);
        PartialFrame.FixTop(k, rdi, 0);
        k.mov(rdi, rsp);
        k.CallFar("syscall_trace_enter");

        // Tracers may have changed the arguments; RAX is the number that they leave.
        PartialFrame.RestoreRest(k);
        foreach ((AssemblerRegister64 register, int offset) in s_saved.Where(saved => saved.Register != rax))
            k.mov(register, PartialFrame.Slot(offset));
        k.Phase(PhaseKind.Dispatch);
        k.Observable(KernelPoint.CallEnters);
        k.cmp(rax, k.Traits.NrSyscalls - 1);
        k.ja(k.To(SlowReturn));
        CallTable(k);
    }

    private static void ReturnSlowly(KernelAssembler k)
    {
        k.Phase(PhaseKind.ExitWork);
        k.Global(SlowReturn);
        k.Observable(KernelPoint.CallLeaves);
        k.cli();
        k.mov(edi, WorkMasks2639.AllWork);
        k.Local("int_with_check");
        PartialFrame.ThreadInfo(k, rcx);
        k.mov(edx, __dword_ptr[rcx + TaskLayout.ThreadFlags]);
        k.and(edx, edi);
        k.jne(k.To("int_careful"));
        k.and(__dword_ptr[rcx + TaskLayout.ThreadStatus], ~ThreadStatus.Compat);
        k.jmp(k.To("retint_swapgs"));
    }

    /// <summary>What tracers want is done once; then rescheduling, signals and the rest until nothing is left.</summary>
    private static void Careful(KernelAssembler k)
    {
        k.Global("int_careful");
        GiveUpUnless(k, "int_very_careful", () => ScheduleWithMask(k));
        k.cli();
        k.jmp(k.To("int_with_check"));

        k.Local("int_very_careful");
        k.sti();
        k.Global("int_check_syscall_exit_work");
        PartialFrame.SaveRest(k);
        k.test(edx, WorkMasks2639.OnExit);
        k.je(k.To("int_signal"));
        k.push(rdi);
        k.lea(rdi, __[rsp + 8]);
        k.CallFar("syscall_trace_leave");
        k.pop(rdi);
        k.and(edi, ~WorkMasks2639.OnExit);
        k.jmp(k.To("int_restore_rest"));

        k.Local("int_signal");
        k.test(edx, WorkMasks2639.Notify);
        k.je(k.To("int_signal_done"));
        k.mov(rdi, rsp);
        k.CallFar("do_notify_resume");
        k.Local("int_signal_done");
        k.mov(edi, WorkMasks2639.Work);
        k.Local("int_restore_rest");
        PartialFrame.RestoreRest(k);
        k.cli();
        k.jmp(k.To("int_with_check"));
    }

    private static void ReturnBySwapGs(KernelAssembler k)
    {
        k.Phase(PhaseKind.RestoreRegisters);
        k.Global("retint_swapgs");
        k.swapgs();
        k.Global("retint_restore_args");
        foreach ((AssemblerRegister64 register, int offset) in s_saved.Append((rcx, PtRegsOffsets.Cx)))
            k.mov(register, PartialFrame.Slot(offset));
        k.add(rsp, PtRegsOffsets.Ip - PartialFrame.Start);
        k.Global(ReturnByIret.IretSymbol);
        k.iretq();
    }
}
