using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// The three ways of 32-bit programs into Linux 2.6.39 on x86-64, each with its own frame and its own way out: SYSENTER leaves by SYSEXIT, SYSCALL by
/// SYSRET, <c>int $0x80</c> by IRET.
/// </summary>
internal static class Compat2639
{
    private const string BadArgument = "ia32_badarg";
    private const string BadNumber = "ia32_badsys";
    private static readonly (AssemblerRegister64 Register, int Offset)[] s_saved =
        [(rdi, PtRegsOffsets.Di), (rsi, PtRegsOffsets.Si), (rdx, PtRegsOffsets.Dx), (rcx, PtRegsOffsets.Cx), (rax, PtRegsOffsets.Ax)];

    private static readonly (AssemblerRegister32 Register, int Offset)[] s_arguments =
        [(edi, PtRegsOffsets.Di), (esi, PtRegsOffsets.Si), (edx, PtRegsOffsets.Dx), (ecx, PtRegsOffsets.Cx)];

    public static EntryPathCode Sysenter { get; } = new("ia32_sysenter_target",
    [
        new("switch stack", SwitchToTop),
        new("push frame", PushFrameOfSysenter),
        new("load sixth argument", LoadSixthOfSysenter),
        new("test work", k => TestWork(k, "sysenter_tracesys")),
        new("dispatch", k => Dispatch(k, "sysenter_do_call", loadsSixth: true)),
        new("return by SYSEXIT", ReturnBySysexit),
        new("trace", k => Trace(k, "sysenter_tracesys", "sysenter_do_call")),
        new("end", k => k.Global("__end_ia32_sysenter_target")),
    ]);

    public static EntryPathCode Syscall { get; } = new("ia32_cstar_target",
    [
        new("switch stack", SwitchForSyscall),
        new("save frame", SaveFrameOfSyscall),
        new("load sixth argument", LoadSixthOfSyscall),
        new("test work", k => TestWork(k, "cstar_tracesys")),
        new("dispatch", k => Dispatch(k, "cstar_do_call", loadsSixth: false)),
        new("return by SYSRET", ReturnBySysretl),
        new("trace", TraceSyscall),
    ]);

    public static EntryPathCode Int80 { get; } = new("ia32_syscall",
    [
        new("swap GS", SwapGs),
        new("save registers", k =>
        {
            k.push(rax);
            k.cld();
            Save(k, reserved: 9 * 8);
        }),
        new("test work", k => TestWork(k, "ia32_tracesys")),
        new("dispatch", k => Dispatch(k, "ia32_do_call", loadsSixth: true)),
        new("return by IRET", ReturnByIretOnly),
        new("trace", k => Trace(k, "ia32_tracesys", "ia32_do_call")),
        new("errors", Errors),
    ]);

    private static void SwitchToTop(KernelAssembler k)
    {
        k.Phase(PhaseKind.StackSwitch);
        k.swapgs();
        k.mov(rsp, k.TopOfStack());
        k.add(rsp, k.Traits.StackGap);
        k.sti();
    }

    /// <summary>Interrupts are on already, so that the flags that are pushed have IF as the program had it.</summary>
    private static void PushFrameOfSysenter(KernelAssembler k)
    {
        k.Phase(PhaseKind.SaveRegisters);
        k.mov(ebp, ebp);
        k.push(Selectors.UserDs);
        k.push(rbp);
        k.pushfq();
        k.mov(r10, k.PerCpu(PerCpuOffsets.CurrentTask));
        k.mov(r10, __qword_ptr[r10 + TaskLayout.Mm]);
        k.mov(r10, __qword_ptr[r10 + TaskLayout.MmLandingPad]);
        k.push(Selectors.User32Cs);
        k.mov(eax, eax);
        k.push(r10);
        k.push(rax);
        k.cld();
        Save(k, reserved: 9 * 8);
    }

    private static void Save(KernelAssembler k, int reserved)
    {
        k.sub(rsp, reserved);
        foreach ((AssemblerRegister64 register, int offset) in s_saved)
            k.mov(PartialFrame.Slot(offset), register);
    }

    private static void LoadSixthOfSysenter(KernelAssembler k)
    {
        k.MayFault(BadArgument);
        k.mov(ebp, __dword_ptr[rbp]);
    }

    private static void SwitchForSyscall(KernelAssembler k)
    {
        k.Phase(PhaseKind.StackSwitch);
        k.swapgs();
        k.mov(r8d, esp);
        k.mov(rsp, k.TopOfStack());
        k.sti();
    }

    /// <summary>ECX holds the return address; the second argument came in EBP.</summary>
    private static void SaveFrameOfSyscall(KernelAssembler k)
    {
        k.Phase(PhaseKind.SaveRegisters);
        Save(k, reserved: 10 * 8);
        k.mov(eax, eax);
        k.mov(PartialFrame.Slot(PtRegsOffsets.OrigAx), rax);
        k.mov(PartialFrame.Slot(PtRegsOffsets.Ip), rcx);
        k.mov(PartialFrame.Slot(PtRegsOffsets.Cx), rbp);
        k.mov(ecx, ebp);
        k.mov(PartialFrame.Slot(PtRegsOffsets.Cs), Selectors.User32Cs);
        k.mov(PartialFrame.Slot(PtRegsOffsets.Ss), Selectors.UserDs);
        k.mov(PartialFrame.Slot(PtRegsOffsets.Flags), r11);
        k.mov(PartialFrame.Slot(PtRegsOffsets.Sp), r8);
    }

    private static void LoadSixthOfSyscall(KernelAssembler k)
    {
        k.MayFault(BadArgument);
        k.mov(r9d, __dword_ptr[r8]);
    }

    private static void SwapGs(KernelAssembler k)
    {
        k.Phase(PhaseKind.StackSwitch);
        k.swapgs();
        k.sti();
        k.mov(eax, eax);
        k.Phase(PhaseKind.SaveRegisters);
    }

    private static void TestWork(KernelAssembler k, string trace)
    {
        k.Phase(PhaseKind.EntryWork);
        PartialFrame.ThreadInfo(k, r10);
        k.or(__dword_ptr[r10 + TaskLayout.ThreadStatus], ThreadStatus.Compat);
        k.test(__dword_ptr[r10 + TaskLayout.ThreadFlags], WorkMasks2639.OnEntry);
        k.jne(k.To(trace));
    }

    /// <summary>The arguments of a 32-bit call become those of a function.</summary>
    private static void Dispatch(KernelAssembler k, string symbol, bool loadsSixth)
    {
        k.Phase(PhaseKind.Dispatch);
        k.cmp(eax, k.Traits.Ia32NrSyscalls - 1);
        k.ja(k.To(BadNumber));
        k.Global(symbol);
        k.Observable(KernelPoint.CallEnters);
        k.mov(r8d, edi);
        if (loadsSixth)
            k.mov(r9d, ebp);
        k.xchg(esi, ecx);
        k.mov(edi, ebx);
        k.mov(edx, edx);
        k.call(__qword_ptr[rax * 8 + unchecked((long)KernelLayout.Ia32SysCallTable)]);
    }

    private static void TestExit(KernelAssembler k)
    {
        k.Phase(PhaseKind.ExitWork);
        k.mov(PartialFrame.Slot(PtRegsOffsets.Ax), rax);
        PartialFrame.ThreadInfo(k, r10);
        k.cli();
        k.test(__dword_ptr[r10 + TaskLayout.ThreadFlags], WorkMasks2639.AllWork);
        k.jne(k.To("ia32_ret_from_sys_call"));
        k.Observable(KernelPoint.CallLeaves);
        k.Phase(PhaseKind.RestoreRegisters);
        k.and(__dword_ptr[r10 + TaskLayout.ThreadStatus], ~ThreadStatus.Compat);
    }

    /// <summary>IF is cleared in the flags that are popped, since POPF would let interrupts in before GS is the program's; STI keeps them out for one instruction.</summary>
    private static void ReturnBySysexit(KernelAssembler k)
    {
        TestExit(k);
        k.and(__dword_ptr[rsp + PtRegsOffsets.Flags - PartialFrame.Start], ~(int)Rflags.IF);
        k.mov(edx, __dword_ptr[rsp + PtRegsOffsets.Ip - PartialFrame.Start]);
        k.mov(rsi, PartialFrame.Slot(PtRegsOffsets.Si));
        k.mov(rdi, PartialFrame.Slot(PtRegsOffsets.Di));
        k.add(rsp, PtRegsOffsets.Flags - PartialFrame.Start);
        k.popfq();
        k.pop(rcx);
        ClearUpper(k, [r8d, r9d, r10d, r11d]);
        k.swapgs();
        k.sti();
        k.sysexit();
    }

    private static void ReturnBySysretl(KernelAssembler k)
    {
        TestExit(k);
        k.mov(rdx, PartialFrame.Slot(PtRegsOffsets.Dx));
        k.mov(rsi, PartialFrame.Slot(PtRegsOffsets.Si));
        k.mov(rdi, PartialFrame.Slot(PtRegsOffsets.Di));
        k.mov(ecx, __dword_ptr[rsp + PtRegsOffsets.Ip - PartialFrame.Start]);
        k.mov(r11d, __dword_ptr[rsp + PtRegsOffsets.Flags - PartialFrame.Start]);
        ClearUpper(k, [r10d, r9d, r8d]);
        k.mov(rsp, PartialFrame.Slot(PtRegsOffsets.Sp));
        k.swapgs();
        k.sysret();
    }

    private static void ClearUpper(KernelAssembler k, ReadOnlySpan<AssemblerRegister32> registers)
    {
        foreach (AssemblerRegister32 register in registers)
            k.xor(register, register);
    }

    private static void ReturnByIretOnly(KernelAssembler k)
    {
        k.Phase(PhaseKind.ExitWork);
        k.Global("ia32_sysret");
        k.mov(PartialFrame.Slot(PtRegsOffsets.Ax), rax);
        k.Global("ia32_ret_from_sys_call");
        k.xor(eax, eax);
        PartialFrame.ClearUpper(k, rax, -PartialFrame.Start);
        k.jmp(k.To(FastPath2639.SlowReturn));
    }

    private static void Trace(KernelAssembler k, string symbol, string doCall)
    {
        k.Phase(PhaseKind.EntryWork);
        k.Global(symbol);
        EnterTrace(k);
        k.jmp(k.To(doCall));
    }

    /// <summary>The frame has EBP as the second argument, which C expects as the sixth: it lies on the program's stack.</summary>
    private static void TraceSyscall(KernelAssembler k)
    {
        k.Phase(PhaseKind.EntryWork);
        k.Global("cstar_tracesys");
        k.xchg(r9d, ebp);
        EnterTrace(k, keepsR9: true);
        k.xchg(ebp, r9d);
        k.jmp(k.To("cstar_do_call"));
    }

    private static void EnterTrace(KernelAssembler k, bool keepsR9 = false)
    {
        PartialFrame.SaveRest(k);
        k.xor(ecx, ecx);
        PartialFrame.ClearUpper(k, rcx, 0);
        if (keepsR9)
            k.mov(__qword_ptr[rsp + PtRegsOffsets.R9], r9);
        k.mov(__qword_ptr[rsp + PtRegsOffsets.Ax], -Errno.ENOSYS);
        k.mov(rdi, rsp);
        k.CallFar("syscall_trace_enter");
        PartialFrame.RestoreRest(k);
        foreach ((AssemblerRegister32 register, int offset) in s_arguments)
            k.mov(register, __dword_ptr[rsp + offset - PartialFrame.Start]);
        if (keepsR9)
            k.mov(r9d, __dword_ptr[rsp + PtRegsOffsets.R9 - PartialFrame.Start]);
        k.cmp(eax, k.Traits.Ia32NrSyscalls - 1);
        k.ja(k.To(FastPath2639.SlowReturn));
    }

    private static void Errors(KernelAssembler k)
    {
        k.Phase(PhaseKind.Dispatch);
        k.Global(BadNumber);
        k.mov(PartialFrame.Slot(PtRegsOffsets.OrigAx), 0);
        k.mov(rax, -Errno.ENOSYS);
        k.jmp(k.To("ia32_sysret"));
        k.Global(BadArgument);
        k.mov(rax, -Errno.EFAULT);
        k.jmp(k.To("ia32_sysret"));
    }
}
