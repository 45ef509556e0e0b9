using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// <c>do_syscall_64</c> and its 32-bit sisters of Linux 5.13, as compiled C would do it: entry work, bounds, masked index, call
/// through the table, exit work.
/// </summary>
internal static class SyscallDispatch
{
    /// <summary>Entries of either table in Linux 5.13; the highest number is one less.</summary>
    public const int NrSyscalls = 447;

    public static void Emit(KernelAssembler k)
    {
        k.Composed();
        EmitDoSyscall64(k);
        EmitDoSysenter32(k);
        EmitDoFastSyscall32(k);
        EmitDoInt80(k);
        EmitTraceEnter(k);
    }

    /// <summary>RDI is the number, RSI the registers. The number is compared with all its 64 bits.</summary>
    private static void EmitDoSyscall64(KernelAssembler k)
    {
        k.Phase(PhaseKind.EntryWork);
        k.Global("do_syscall_64");
        k.push(rbp);
        k.push(rbx);
        k.mov(rbp, rsi);
        k.mov(rbx, rdi);
        KstackOffset.Enter(k);
        k.sti();
        ServeCall(k, "do_syscall_64", KernelLayout.SysCallTable, use32BitNumber: false);
        KstackOffset.Leave(k);
        k.pop(rbx);
        k.pop(rbp);
        k.ret();

        LetTracersLook(k, "do_syscall_64", use32BitNumber: false);
    }

    /// <summary>SYSENTER left the stack pointer in EBP and cleared IF.</summary>
    private static void EmitDoSysenter32(KernelAssembler k)
    {
        k.Phase(PhaseKind.EntryWork);
        k.Global("do_SYSENTER_32");
        k.mov(rax, __qword_ptr[rdi + PtRegsOffsets.Bp]);
        k.mov(__qword_ptr[rdi + PtRegsOffsets.Sp], rax);
        k.or(__dword_ptr[rdi + PtRegsOffsets.Flags], (int)Rflags.IF);
    }

    /// <summary>Both fast 32-bit entries: the sixth argument lies on the program's stack, which may not be readable.</summary>
    private static void EmitDoFastSyscall32(KernelAssembler k)
    {
        const string failed = "do_fast_syscall_32.efault";
        k.Global("do_fast_syscall_32");
        k.push(rbp);
        k.push(rbx);
        k.mov(rbp, rdi);
        k.mov(rax, k.PerCpu(PerCpuOffsets.CurrentTask));
        k.mov(rcx, __qword_ptr[rax + TaskLayout.Mm]);
        k.mov(rcx, __qword_ptr[rcx + TaskLayout.MmLandingPad]);
        k.mov(__qword_ptr[rbp + PtRegsOffsets.Ip], rcx);
        k.or(__dword_ptr[rax + TaskLayout.ThreadStatus], ThreadStatus.Compat);
        k.mov(ebx, __dword_ptr[rbp + PtRegsOffsets.OrigAx]);
        KstackOffset.Enter(k);
        k.sti();

        k.mov(ecx, __dword_ptr[rbp + PtRegsOffsets.Sp]);
        UserAccess.Open(k);
        k.MayFault(failed);
        k.mov(ecx, __dword_ptr[rcx]);
        UserAccess.Close(k);
        k.mov(__dword_ptr[rbp + PtRegsOffsets.Bp], ecx);

        ServeCall(k, "do_fast_syscall_32", KernelLayout.Ia32SysCallTable, use32BitNumber: true);
        KstackOffset.Leave(k);

        k.Phase(PhaseKind.RestoreRegisters);
        k.xor(eax, eax);
        k.mov(rcx, k.PerCpu(PerCpuOffsets.CurrentTask));
        k.mov(rcx, __qword_ptr[rcx + TaskLayout.Mm]);
        k.mov(rcx, __qword_ptr[rcx + TaskLayout.MmLandingPad]);
        k.cmp(__qword_ptr[rbp + PtRegsOffsets.Cs], Selectors.User32Cs);
        k.jne(k.To("do_fast_syscall_32.out"));
        k.cmp(__qword_ptr[rbp + PtRegsOffsets.Ss], Selectors.UserDs);
        k.jne(k.To("do_fast_syscall_32.out"));
        k.cmp(__qword_ptr[rbp + PtRegsOffsets.Ip], rcx);
        k.jne(k.To("do_fast_syscall_32.out"));
        k.test(__dword_ptr[rbp + PtRegsOffsets.Flags], (int)(Rflags.RF | Rflags.TF));
        k.sete(al);
        k.Local("do_fast_syscall_32.out");
        k.pop(rbx);
        k.pop(rbp);
        k.ret();

        LetTracersLook(k, "do_fast_syscall_32", use32BitNumber: true);

        k.Local(failed);
        UserAccess.Close(k);
        k.mov(__qword_ptr[rbp + PtRegsOffsets.Ax], -Errno.EFAULT);
        k.cli();
        k.call(k.To("irqentry_exit_to_user_mode"));
        KstackOffset.Leave(k);
        k.xor(eax, eax);
        k.jmp(k.To("do_fast_syscall_32.out"));
    }

    private static void EmitDoInt80(KernelAssembler k)
    {
        k.Phase(PhaseKind.EntryWork);
        k.Global("do_int80_syscall_32");
        k.push(rbp);
        k.push(rbx);
        k.mov(rbp, rdi);
        k.mov(rax, k.PerCpu(PerCpuOffsets.CurrentTask));
        k.or(__dword_ptr[rax + TaskLayout.ThreadStatus], ThreadStatus.Compat);
        k.mov(ebx, __dword_ptr[rbp + PtRegsOffsets.OrigAx]);
        KstackOffset.Enter(k);
        k.sti();
        ServeCall(k, "do_int80_syscall_32", KernelLayout.Ia32SysCallTable, use32BitNumber: true);
        KstackOffset.Leave(k);
        k.pop(rbx);
        k.pop(rbp);
        k.ret();

        LetTracersLook(k, "do_int80_syscall_32", use32BitNumber: true);
    }

    /// <summary>What all three have in common: entry work, the call, exit work. RBX is the number, RBP the registers.</summary>
    private static void ServeCall(KernelAssembler k, string name, ulong table, bool use32BitNumber)
    {
        k.mov(rax, k.PerCpu(PerCpuOffsets.CurrentTask));
        k.test(__dword_ptr[rax + TaskLayout.SyscallWork], SyscallWork.OnEntry);
        k.jne(k.To(name + ".trace"));
        k.Local(name + ".dispatch");
        k.Observable(KernelPoint.CallEnters);
        CallThroughTable(k, table, use32BitNumber);
        k.Phase(PhaseKind.ExitWork);
        k.mov(rdi, rbp);
        k.call(k.To("syscall_exit_to_user_mode"));
    }

    /// <summary>The way round by the tracers, who may change the number.</summary>
    private static void LetTracersLook(KernelAssembler k, string name, bool use32BitNumber)
    {
        k.Phase(PhaseKind.EntryWork);
        k.Local(name + ".trace");
        k.mov(rdi, rbp);
        k.call(k.To("syscall_trace_enter"));
        if (use32BitNumber)
            k.mov(ebx, eax);
        else
            k.mov(rbx, rax);
        k.jmp(k.To(name + ".dispatch"));
    }

    /// <summary>RBX is the number, RBP the registers. Out of range the result stays the -ENOSYS that the entry pushed.</summary>
    private static void CallThroughTable(KernelAssembler k, ulong table, bool use32BitNumber)
    {
        string bad = k.Unique("bad_number");
        k.Phase(PhaseKind.Dispatch);
        if (use32BitNumber)
            k.cmp(ebx, NrSyscalls);
        else
            k.cmp(rbx, NrSyscalls);
        k.jae(k.To(bad));

        // array_index_nospec: a wrongly predicted bound check must not read beyond the table.
        k.Mitigation("index mask", () =>
        {
            k.cmp(rbx, NrSyscalls);
            k.sbb(rax, rax);
            k.and(rbx, rax);
        });
        k.mov(rax, __qword_ptr[rbx * 8 + (long)table]);
        k.mov(rdi, rbp);
        k.call(k.To(IndirectThunk.Symbol));
        k.mov(__qword_ptr[rbp + PtRegsOffsets.Ax], rax);
        k.Local(bad);
    }

    /// <summary>RDI is the registers, which tracers and filters look at here. Returns the number, which they may have changed; -1 leaves the call out.</summary>
    private static void EmitTraceEnter(KernelAssembler k)
    {
        k.Phase(PhaseKind.EntryWork);
        k.Global("syscall_trace_enter");
        k.push(rbx);
        k.mov(rbx, rdi);
        HypercallStub.Waiting(k, HypercallNumbers.EntryWork, () => k.mov(rdi, rbx));
        k.pop(rbx);
        k.ret();
    }
}
