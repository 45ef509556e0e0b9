using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// System calls of Linux 2.6.39 on i386, from the first instruction to the last in assembly. The saved registers are the handlers' arguments where they lie.
/// The slot of AX keeps the number unless something goes wrong.
/// </summary>
internal static class I386SystemCall26
{
    private const int IretFlag = 1 << 5;
    private const int SingleStep = 1 << 4;

    /// <summary>_TIF_WORK_SYSCALL_ENTRY.</summary>
    private const int EntryWork = 0x1000_01D1;

    /// <summary>_TIF_WORK_SYSCALL_EXIT.</summary>
    private const int ExitWork = 0x1000_0091;

    /// <summary>_TIF_ALLWORK_MASK.</summary>
    private const int AllWork = 0x1000_FEFF;

    /// <summary>_TIF_WORK_MASK.</summary>
    private const int ReturnWork = 0xFE2E;

    private const int Audit = 1 << 7;

    /// <summary>TIF_IRET: what changed the registers wants IRET to restore them.</summary>
    public const int Iret = IretFlag;

    public static EntryPathCode Int80 { get; } = new("system_call",
    [
        new("save registers", SaveRegisters),
        new("test work", k => TestWork(k, "syscall_trace_entry")),
        new("check number", k => CheckNumber(k, "syscall_call")),
        new("call handler", CallHandler),
        new("test exit work", TestExitWork),
        new("restore", RestoreAll),
    ]);

    public static EntryPathCode Sysenter { get; } = new("ia32_sysenter_target",
    [
        new("switch stack", SwitchStack),
        new("push frame", PushFrame),
        new("save registers", SaveSysenterRegisters),
        new("sixth argument", SixthArgument),
        new("test work", k => TestWork(k, "sysenter_audit")),
        new("check number", k => CheckNumber(k, "sysenter_do_call")),
        new("call handler", CallSysenterHandler),
        new("restore", SysenterExit),
    ]);

    /// <summary>The way back of all that is not a call, and of calls with something to do.</summary>
    public static EntryPathCode Resume { get; } = new("resume_userspace", [new("test work", ResumeUserspace)]);

    public static EntryPathCode Work { get; } = new("work_pending",
    [
        new("work loop", WorkPending),
        new("trace", TraceEntry),
        new("exit work", SyscallExitWork),
        new("faults", Failures),
    ]);

    public static EntryPathCode Fixups { get; } = new("iret_exc", [new("bad IRET", BadIret), new("bad selectors", BadSelectors)]);

    private static void SaveRegisters(KernelAssembler k)
    {
        k.Phase(PhaseKind.SaveRegisters);
        k.push(eax);
        I386Frame.Save(k);
    }

    private static void TestWork(KernelAssembler k, string otherwise)
    {
        k.Phase(PhaseKind.EntryWork);
        k.GetThreadInfo();
        k.test(__dword_ptr[ebp + TaskLayout.ThreadFlags], EntryWork);
        k.jne(k.To(otherwise));
    }

    private static void CheckNumber(KernelAssembler k, string label)
    {
        k.Phase(PhaseKind.Dispatch);
        if (label == "sysenter_do_call")
            k.Local(label);
        k.Observable(KernelPoint.CallEnters);
        k.cmp(eax, k.Traits.Ia32NrSyscalls);
        k.jae(k.To("syscall_badsys"));
    }

    private static void CallHandler(KernelAssembler k)
    {
        k.Local("syscall_call");
        k.call(__dword_ptr[eax * 4 + (long)I386Layout.SysCallTable]);
        k.Phase(PhaseKind.ExitWork);
        k.mov(__dword_ptr[esp + I386Registers.Ax], eax);
    }

    private static void TestExitWork(KernelAssembler k)
    {
        k.Global("syscall_exit");
        k.Observable(KernelPoint.CallLeaves);
        k.cli();
        k.mov(ecx, __dword_ptr[ebp + TaskLayout.ThreadFlags]);
        k.test(ecx, AllWork);
        k.jne(k.To("syscall_exit_work"));
    }

    private static void RestoreAll(KernelAssembler k)
    {
        k.Phase(PhaseKind.RestoreRegisters);
        k.Global("restore_all");
        I386EspFix.Test(k);
        k.Local("restore_nocheck");
        I386Frame.Restore(k);
        k.Global("irq_return");
        k.MayFault("iret_exc");
        k.iretd();
        I386EspFix.Emit(k);
    }

    /// <summary>ESP points behind the TSS's last member; where the task's stack begins stands at a fixed distance.</summary>
    private static void SwitchStack(KernelAssembler k)
    {
        k.Phase(PhaseKind.StackSwitch);
        k.mov(esp, __dword_ptr[esp + (TaskStateSegment.Rsp0 - I386Layout.TssSize)]);
        k.Global("sysenter_past_esp");
    }

    private static void PushFrame(KernelAssembler k)
    {
        const int pushed = 4 * 4;
        k.Phase(PhaseKind.SaveRegisters);
        k.push(I386Selectors.UserDs);
        k.push(ebp);
        k.pushfd();
        k.or(__dword_ptr[esp], (int)Rflags.IF);
        k.push(I386Selectors.UserCs);
        k.push(__dword_ptr[esp + (TaskLayout.SysenterReturn - (int)I386Layout.ThreadSize + (int)I386Layout.StackPadding + pushed)]);
        k.push(eax);
    }

    private static void SaveSysenterRegisters(KernelAssembler k)
    {
        I386Frame.Save(k);
        k.sti();
    }

    /// <summary>The sixth argument lies on the program's stack, which may not be readable.</summary>
    private static void SixthArgument(KernelAssembler k)
    {
        k.Phase(PhaseKind.EntryWork);
        k.cmp(ebp, (uint)(I386Layout.PageOffset - 3));
        k.jae(k.To("syscall_fault"));
        k.MayFault("syscall_fault");
        k.mov(ebp, __dword_ptr[ebp]);
        k.mov(__dword_ptr[esp + I386Registers.Bp], ebp);
    }

    private static void CallSysenterHandler(KernelAssembler k)
    {
        k.call(__dword_ptr[eax * 4 + (long)I386Layout.SysCallTable]);
        k.Phase(PhaseKind.ExitWork);
        k.mov(__dword_ptr[esp + I386Registers.Ax], eax);
        k.Observable(KernelPoint.CallLeaves);
        k.cli();
        k.mov(ecx, __dword_ptr[ebp + TaskLayout.ThreadFlags]);
        k.test(ecx, AllWork);
        k.jne(k.To("sysexit_audit"));
    }

    /// <summary>EBX, ESI and EDI are those of the program, since C keeps them; the stub in the program restores EBP.</summary>
    private static void SysenterExit(KernelAssembler k)
    {
        k.Phase(PhaseKind.RestoreRegisters);
        k.Global("sysenter_exit");
        k.mov(edx, __dword_ptr[esp + I386Registers.Ip]);
        k.mov(ecx, __dword_ptr[esp + I386Registers.Sp]);
        k.xor(ebp, ebp);
        foreach ((string name, Iced.Intel.AssemblerRegisterSegment segment, int slot) in
            (ReadOnlySpan<(string, Iced.Intel.AssemblerRegisterSegment, int)>)[("fs", fs, I386Registers.Fs), ("gs", gs, I386Registers.Gs)])
        {
            k.Local($"sysexit_{name}");
            k.MayFault($"sysexit_bad_{name}");
            k.mov(segment, __dword_ptr[esp + slot]);
        }

        k.sti();
        k.sysexit();

        k.Local("sysenter_audit");
        k.Phase(PhaseKind.EntryWork);

        // Audit alone is served here; with anything else the way is the slow one.
        k.test(__dword_ptr[ebp + TaskLayout.ThreadFlags], EntryWork & ~Audit);
        k.jne(k.To("syscall_trace_entry"));
        k.jmp(k.To("sysenter_do_call"));
        k.Local("sysexit_audit");
        k.test(ecx, AllWork & ~Audit);
        k.jne(k.To("syscall_exit_work"));
        k.jmp(k.To("sysenter_exit"));
        foreach ((string name, int slot) in (ReadOnlySpan<(string, int)>)[("fs", I386Registers.Fs), ("gs", I386Registers.Gs)])
        {
            k.Local($"sysexit_bad_{name}");
            k.mov(__dword_ptr[esp + slot], 0);
            k.jmp(k.To($"sysexit_{name}"));
        }
    }

    private static void ResumeUserspace(KernelAssembler k)
    {
        k.PhaseOfCaller();
        k.GetThreadInfo();
        k.Local("resume_userspace_known");
        k.cli();
        k.mov(ecx, __dword_ptr[ebp + TaskLayout.ThreadFlags]);
        k.and(ecx, ReturnWork);
        k.jne(k.To("work_pending"));
        k.jmp(k.To("restore_all"));
    }

    /// <summary>ECX is the flags. Rescheduling first, then everything that C does.</summary>
    private static void WorkPending(KernelAssembler k)
    {
        k.Phase(PhaseKind.ExitWork);
        k.test(cl, ThreadFlags.NeedResched);
        k.je(k.To("work_notifysig"));
        k.Local("work_resched");
        k.CallFar("schedule");
        k.cli();
        k.mov(ecx, __dword_ptr[ebp + TaskLayout.ThreadFlags]);
        k.and(ecx, ReturnWork);
        k.je(k.To("restore_all"));
        k.test(cl, ThreadFlags.NeedResched);
        k.jne(k.To("work_resched"));
        k.Local("work_notifysig");
        k.mov(eax, esp);
        k.CallFar("do_notify_resume");
        k.jmp(k.To("resume_userspace_known"));
    }

    /// <summary>The way round by the tracers, who may change the number: the registers that they left are the arguments.</summary>
    private static void TraceEntry(KernelAssembler k)
    {
        k.Phase(PhaseKind.EntryWork);
        k.Global("syscall_trace_entry");
        k.mov(__dword_ptr[esp + I386Registers.Ax], -Errno.ENOSYS);
        k.mov(eax, esp);
        k.CallFar("syscall_trace_enter");
        k.Observable(KernelPoint.CallEnters);
        k.cmp(eax, k.Traits.Ia32NrSyscalls);
        k.jb(k.To("syscall_call"));
        k.jmp(k.To("syscall_exit"));
    }

    private static void SyscallExitWork(KernelAssembler k)
    {
        k.Phase(PhaseKind.ExitWork);
        k.Global("syscall_exit_work");
        k.test(ecx, ExitWork);
        k.je(k.To("work_pending"));
        k.sti();
        k.mov(eax, esp);
        k.CallFar("syscall_trace_leave");
        k.jmp(k.To("resume_userspace_known"));
    }

    private static void Failures(KernelAssembler k)
    {
        k.Global("syscall_fault");
        k.mov(__dword_ptr[esp + I386Registers.Ax], -Errno.EFAULT);
        k.jmp(k.To("resume_userspace"));
        k.Global("syscall_badsys");
        k.Observable(KernelPoint.CallLeaves);
        k.mov(__dword_ptr[esp + I386Registers.Ax], -Errno.ENOSYS);
        k.jmp(k.To("resume_userspace"));
    }

    /// <summary>An IRET that faulted is told as an exception of the program, with an error code of 0: its frame is what IRET could not take.</summary>
    private static void BadIret(KernelAssembler k)
    {
        k.Phase(PhaseKind.Interrupted);
        k.push(0);
        k.push((int)k.AddressOf("do_iret_error"));
        k.jmp(k.To("error_code"));
    }

    private static void BadSelectors(KernelAssembler k) => I386Frame.EmitFixups(k);

    /// <summary>Before the tracers: a program that single-steps finds its flag again, which the debug exception took.</summary>
    public static void EmitSingleStep(KernelAssembler k)
    {
        string none = k.Unique("no_step");
        k.test(__dword_ptr[ecx + TaskLayout.ThreadFlags], SingleStep);
        k.je(k.To(none));
        k.or(__dword_ptr[eax + I386Registers.Flags], (int)Rflags.TF);
        k.and(__dword_ptr[ecx + TaskLayout.ThreadFlags], ~SingleStep);
        k.Local(none);
        k.test(__dword_ptr[ecx + TaskLayout.ThreadFlags], TracerFlags.OnEntry44);
    }

    /// <summary>TIF_SINGLESTEP of the current task.</summary>
    public static void MarkSingleStep(KernelAssembler k)
    {
        k.mov(ecx, k.PerCpuFs(PerCpuOffsets.CurrentTask));
        k.or(__dword_ptr[ecx + TaskLayout.ThreadFlags], SingleStep);
    }
}
