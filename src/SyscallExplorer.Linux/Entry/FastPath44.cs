using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// SYSCALL of 64-bit programs in Linux 4.4: a fast path in assembly that saves only what C overwrites, and a slow one with the whole frame for all that
/// tracers, signals and the scheduler need.
/// </summary>
internal static class FastPath44
{
    private const string Slow = "int_ret_from_sys_call";
    private const string SlowInterruptsOff = "int_ret_from_sys_call_irqs_off";
    private const int ExtraRegisters = 6 * 8;
    private const int X32Bit = 0x4000_0000;
    private const int AuditArchX64 = unchecked((int)0xC000_003E);
    private static readonly (AssemblerRegister64 Register, int Offset)[] s_clobbered =
    [
        (r10, PtRegsOffsets.R10), (r9, PtRegsOffsets.R9), (r8, PtRegsOffsets.R8), (rdx, PtRegsOffsets.Dx), (rsi, PtRegsOffsets.Si), (rdi, PtRegsOffsets.Di),
    ];

    private static readonly (AssemblerRegister64 Register, int Offset)[] s_extra =
    [
        (r15, PtRegsOffsets.R15), (r14, PtRegsOffsets.R14), (r13, PtRegsOffsets.R13), (r12, PtRegsOffsets.R12), (rbp, PtRegsOffsets.Bp), (rbx, PtRegsOffsets.Bx),
    ];

    public static EntryPathCode Linux_4_4 { get; } = new("entry_SYSCALL_64",
    [
        new("switch stack", SwitchStack),
        new("push frame", PushFrame),
        new("test work", TestWork),
        new("dispatch", Dispatch),
        new("return fast", ReturnFast),
        new("trace", Trace),
        new("return slowly", ReturnSlowly),
        new("choose return", ChooseReturn),
        new("return by SYSRET", ReturnBySysret),
        new("return by IRET", ReturnByIretAfterAll),
    ]);

    /// <summary>Where exceptions and new programs leave: all registers, then IRET in place.</summary>
    public static EntryPathCode ToUser { get; } = new("retint_user_swapgs",
    [
        new("swap GS", k =>
        {
            k.Phase(PhaseKind.RestoreRegisters);
            k.swapgs();
        }),
        new("restore registers", RestoreAll),
    ]);

    public static EntryPathCode ToKernel { get; } = new(ReturnByIret.ToKernel.Symbol, [new("restore registers", RestoreAllForIret)]);

    /// <summary>Saves the registers that C keeps, below those that are saved.</summary>
    public static void SaveExtra(KernelAssembler k, int above = 0) => Move(k, s_extra, above, save: true);

    /// <summary>Loads them again.</summary>
    public static void RestoreExtra(KernelAssembler k) => Move(k, s_extra, 0, save: false);

    /// <summary>A child leaves by the slow way, whatever way its parent took; a child of a 64-bit program then leaves by SYSRET as a rule.</summary>
    public static void ReturnOfChild(KernelAssembler k)
    {
        RestoreExtra(k);
        k.jmp(k.To(Slow));
    }

    private static void Move(KernelAssembler k, (AssemblerRegister64 Register, int Offset)[] registers, int above, bool save)
    {
        foreach ((AssemblerRegister64 register, int offset) in registers)
        {
            if (save)
                k.mov(__qword_ptr[rsp + offset + above], register);
            else
                k.mov(register, __qword_ptr[rsp + offset + above]);
        }
    }

    private static void SwitchStack(KernelAssembler k)
    {
        k.Phase(PhaseKind.StackSwitch);
        k.swapgs();
        k.mov(k.PerCpu(PerCpuOffsets.RspScratch), rsp);
        k.mov(rsp, k.TopOfStack());
    }

    private static void PushFrame(KernelAssembler k)
    {
        k.Phase(PhaseKind.SaveRegisters);
        k.push(Selectors.UserDs);
        k.push(k.PerCpu(PerCpuOffsets.RspScratch));
        k.sti();
        k.push(r11);
        k.push(Selectors.UserCs);
        k.push(rcx);
        k.push(rax);
        k.push(rdi);
        k.push(rsi);
        k.push(rdx);
        k.push(rcx);
        k.push(-Errno.ENOSYS);
        k.push(r8);
        k.push(r9);
        k.push(r10);
        k.push(r11);
        k.sub(rsp, ExtraRegisters);
    }

    /// <summary>The flags lie at a fixed distance from the frame, at the bottom of the stack.</summary>
    private static void TestFlags(KernelAssembler k, int mask) =>
        k.test(__dword_ptr[rsp + (PtRegsOffsets.Size - k.Traits.ThreadInfoStack + TaskLayout.ThreadFlags)], mask);

    private static void TestWork(KernelAssembler k)
    {
        k.Phase(PhaseKind.EntryWork);
        TestFlags(k, TracerFlags.OnEntry44);
        k.jne(k.To("tracesys"));
    }

    private static void Dispatch(KernelAssembler k)
    {
        k.Phase(PhaseKind.Dispatch);
        k.Global("entry_SYSCALL_64_fastpath");
        k.Observable(KernelPoint.CallEnters);
        string beyond = k.Unique("beyond_table");
        CallTable(k, beyond);
        k.mov(__qword_ptr[rsp + PtRegsOffsets.Ax], rax);
        k.Local(beyond);
    }

    /// <summary>RAX is the number; with x32 its marking bit goes, and the upper half with it.</summary>
    private static void CallTable(KernelAssembler k, string beyond)
    {
        k.and(eax, ~X32Bit);
        k.cmp(eax, k.Traits.NrSyscalls - 1);
        k.ja(k.To(beyond));
        k.mov(rcx, r10);
        k.call(__qword_ptr[rax * 8 + unchecked((long)KernelLayout.SysCallTable)]);
    }

    private static void ReturnFast(KernelAssembler k)
    {
        k.Phase(PhaseKind.ExitWork);
        k.cli();
        TestFlags(k, TracerFlags.AllWork44);
        k.jne(k.To(SlowInterruptsOff));
        k.Observable(KernelPoint.CallLeaves);
        k.Phase(PhaseKind.RestoreRegisters);
        Move(k, s_clobbered, 0, save: false);
        k.mov(rax, __qword_ptr[rsp + PtRegsOffsets.Ax]);
        k.mov(rcx, __qword_ptr[rsp + PtRegsOffsets.Ip]);
        k.mov(r11, __qword_ptr[rsp + PtRegsOffsets.Flags]);
        k.mov(rsp, __qword_ptr[rsp + PtRegsOffsets.Sp]);
        k.swapgs();
        k.sysretq();
    }

    private static void Trace(KernelAssembler k)
    {
        k.Phase(PhaseKind.EntryWork);
        k.Global("tracesys");
        k.mov(rdi, rsp);
        k.mov(esi, AuditArchX64);
        k.CallFar("syscall_trace_enter_phase1");
        k.test(rax, rax);
        k.jne(k.To("tracesys_phase2"));
        Move(k, s_clobbered, 0, save: false);
        k.mov(r11, __qword_ptr[rsp + PtRegsOffsets.R11]);
        k.mov(rcx, __qword_ptr[rsp + PtRegsOffsets.Cx]);
        k.mov(rax, __qword_ptr[rsp + PtRegsOffsets.OrigAx]);
        k.jmp(k.To("entry_SYSCALL_64_fastpath"));

        // A tracer may have changed any register.
        k.Global("tracesys_phase2");
        SaveExtra(k);
        k.mov(rdi, rsp);
        k.mov(esi, AuditArchX64);
        k.mov(rdx, rax);
        k.CallFar("syscall_trace_enter_phase2");
        Move(k, s_clobbered, 0, save: false);
        RestoreExtra(k);
        k.Phase(PhaseKind.Dispatch);
        k.Observable(KernelPoint.CallEnters);
        CallTable(k, Slow);
        k.mov(__qword_ptr[rsp + PtRegsOffsets.Ax], rax);
    }

    private static void ReturnSlowly(KernelAssembler k)
    {
        k.Phase(PhaseKind.ExitWork);
        k.Global(Slow);
        SaveExtra(k);
        k.mov(rdi, rsp);
        k.CallFar(ExitToUser.SyscallExitSymbol(k));
        RestoreExtra(k);
        k.jmp(k.To("choose_return"));
        k.Global(SlowInterruptsOff);
        k.sti();
        k.jmp(k.To(Slow));
    }

    /// <summary>The registers of C are the program's again; the others still lie in the frame.</summary>
    private static void ChooseReturn(KernelAssembler k)
    {
        k.Phase(PhaseKind.RestoreRegisters);
        k.Local("choose_return");
        Syscall64Entry.CheckFrame(k, "opportunistic_sysret_failed");
    }

    private static void ReturnBySysret(KernelAssembler k)
    {
        k.Global("syscall_return_via_sysret");
        Move(k, s_clobbered, 0, save: false);
        k.mov(rax, __qword_ptr[rsp + PtRegsOffsets.Ax]);
        k.mov(rsp, __qword_ptr[rsp + PtRegsOffsets.Sp]);
        k.swapgs();
        k.sysretq();
    }

    private static void ReturnByIretAfterAll(KernelAssembler k)
    {
        k.Global("opportunistic_sysret_failed");
        k.swapgs();
        k.jmp(k.To("restore_c_regs_and_iret"));
    }

    private static void RestoreAll(KernelAssembler k)
    {
        RestoreExtra(k);
        k.Global("restore_c_regs_and_iret");
        RestoreClobberedAndReturn(k);
    }

    private static void RestoreAllForIret(KernelAssembler k)
    {
        k.Phase(PhaseKind.RestoreRegisters);
        RestoreExtra(k);
        k.jmp(k.To("restore_c_regs_and_iret"));
    }

    private static void RestoreClobberedAndReturn(KernelAssembler k)
    {
        k.mov(r11, __qword_ptr[rsp + PtRegsOffsets.R11]);
        Move(k, s_clobbered, 0, save: false);
        k.mov(rax, __qword_ptr[rsp + PtRegsOffsets.Ax]);
        k.mov(rcx, __qword_ptr[rsp + PtRegsOffsets.Cx]);
        k.add(rsp, PtRegsOffsets.Ip);
        EspfixReturn.Emit(k);
    }
}
