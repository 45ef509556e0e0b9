using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// <c>do_syscall_64</c> and its 32-bit sisters from Linux 4.19 on, as compiled C would do it: entry work, bounds, masked index, call
/// through the table or by comparisons, exit work.
/// </summary>
internal static class SyscallDispatch
{
    private const int X32Bit = 0x4000_0000;

    public static void Emit(KernelAssembler k)
    {
        k.Composed();
        if (k.Traits.HandlersTakeRegisters)
            EmitDoSyscall64(k);
        EmitTraceEnter(k);
        if (k.Traits.HasPartialFrame)
            return;
        if (k.Traits.SysenterMendedInC)
            EmitDoSysenter32(k);
        EmitDoFastSyscall32(k);
        EmitDoInt80(k);
        SyscallSwitch.Emit(k);
    }

    /// <summary>RDI is the number, RSI the registers; from Linux 5.14 on the other way round.</summary>
    private static void EmitDoSyscall64(KernelAssembler k)
    {
        k.Phase(PhaseKind.EntryWork);
        k.Global("do_syscall_64");
        k.push(rbp);
        k.push(rbx);
        if (k.Traits.RegistersFirst)
        {
            k.mov(rbp, rdi);
            k.movsxd(rbx, esi);
        }
        else
        {
            k.mov(rbp, rsi);
            k.mov(rbx, rdi);
        }

        KstackOffset.Enter(k);
        k.sti();
        ServeCall(k, "do_syscall_64", use32BitNumber: false);
        KstackOffset.Leave(k);
        if (k.Traits.SysretDecidedInC)
            DecideSysret(k);
        k.pop(rbx);
        k.pop(rbp);
        k.ret();

        LetTracersLook(k, "do_syscall_64", use32BitNumber: false);
    }

    /// <summary>AL becomes whether SYSRET would restore what IRET would.</summary>
    private static void DecideSysret(KernelAssembler k)
    {
        const string no = "do_syscall_64.iret";
        k.Phase(PhaseKind.RestoreRegisters);
        k.xor(eax, eax);
        k.OnlyWith(KernelFeature.XenPv, () => k.jmp(k.To(no)));
        k.mov(rcx, __qword_ptr[rbp + PtRegsOffsets.Ip]);
        k.cmp(__qword_ptr[rbp + PtRegsOffsets.Cx], rcx);
        k.jne(k.To(no));
        k.mov(rdx, __qword_ptr[rbp + PtRegsOffsets.Flags]);
        k.cmp(__qword_ptr[rbp + PtRegsOffsets.R11], rdx);
        k.jne(k.To(no));
        k.cmp(__qword_ptr[rbp + PtRegsOffsets.Cs], Selectors.UserCs);
        k.jne(k.To(no));
        k.cmp(__qword_ptr[rbp + PtRegsOffsets.Ss], Selectors.UserDs);
        k.jne(k.To(no));

        // SYSRET of an address beyond user space would fault in ring 0 on Intel, or reach the vsyscall page.
        UserAccess.LoadLimit(k, rsi);
        k.cmp(rcx, rsi);
        k.jae(k.To(no));
        k.test(edx, (int)(Rflags.RF | Rflags.TF));
        k.sete(al);
        k.Local(no);
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
        k.Phase(PhaseKind.EntryWork);
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

        ServeCall(k, "do_fast_syscall_32", use32BitNumber: true);
        KstackOffset.Leave(k);

        k.Phase(PhaseKind.RestoreRegisters);
        k.xor(eax, eax);
        if (k.Traits.SysretDecidedInC)
            k.OnlyWith(KernelFeature.XenPv, () => k.jmp(k.To("do_fast_syscall_32.out")));
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
        k.call(k.To(ExitToUser.PrepareSymbol(k)));
        KstackOffset.Leave(k);
        k.xor(eax, eax);
        k.jmp(k.To("do_fast_syscall_32.out"));
    }

    private static void EmitDoInt80(KernelAssembler k)
    {
        k.Phase(PhaseKind.EntryWork);
        k.Global(k.Traits.EmulatesInt80 ? Int80Emulation.Symbol : "do_int80_syscall_32");
        k.push(rbp);
        k.push(rbx);
        k.mov(rbp, rdi);
        if (k.Traits.EmulatesInt80)
            Int80Emulation.Open(k);
        k.mov(rax, k.PerCpu(PerCpuOffsets.CurrentTask));
        k.or(__dword_ptr[rax + TaskLayout.ThreadStatus], ThreadStatus.Compat);
        k.mov(ebx, __dword_ptr[rbp + PtRegsOffsets.OrigAx]);
        KstackOffset.Enter(k);
        k.sti();
        ServeCall(k, "do_int80_syscall_32", use32BitNumber: true);
        KstackOffset.Leave(k);
        k.pop(rbx);
        k.pop(rbp);
        k.ret();

        LetTracersLook(k, "do_int80_syscall_32", use32BitNumber: true);
    }

    /// <summary>What all three have in common: entry work, the call, exit work. RBX is the number, RBP the registers.</summary>
    private static void ServeCall(KernelAssembler k, string name, bool use32BitNumber)
    {
        k.mov(rax, k.PerCpu(PerCpuOffsets.CurrentTask));
        k.TestSyscallWork(rax, onEntry: true);
        k.jne(k.To(name + ".trace"));
        k.Local(name + ".dispatch");
        k.Observable(KernelPoint.CallEnters);
        Dispatch(k, use32BitNumber);
        k.Phase(PhaseKind.ExitWork);
        k.mov(rdi, rbp);
        k.call(k.To(ExitToUser.SyscallExitSymbol(k)));
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
    private static void Dispatch(KernelAssembler k, bool use32BitNumber)
    {
        string done = k.Unique("dispatched"), beyond = k.Unique("beyond_table");
        KernelTraits traits = k.Traits;
        k.Phase(PhaseKind.Dispatch);
        if (use32BitNumber)
        {
            Serve(k, KernelLayout.Ia32SysCallTable, SyscallAbi.Ia32, isWide: false, beyond, done);
        }
        else
        {
            // The mask is sign-extended: bits above the lower half stay, and make the number invalid.
            if (traits.Numbers == NumberRule.MaskedWide)
                k.and(rbx, ~X32Bit);
            Serve(k, KernelLayout.SysCallTable, SyscallAbi.Wide, isWide: traits.Numbers != NumberRule.Signed, beyond, done);
        }

        k.Local(beyond);
        if (!use32BitNumber && traits.HasX32Table)
        {
            string hole = k.Unique("no_x32");
            if (traits.Numbers == NumberRule.Signed)
                k.lea(ebx, __[rbx - X32Bit]);
            else
                k.sub(rbx, X32Bit);
            Serve(k, KernelLayout.X32SysCallTable, SyscallAbi.X32, isWide: traits.Numbers != NumberRule.Signed, hole, done);
            k.Local(hole);
            if (traits.Numbers == NumberRule.Signed)
                k.add(ebx, X32Bit);
        }

        if (traits.Numbers == NumberRule.Signed)
        {
            // -1 says that a tracer wants the call skipped and has put its result there.
            k.cmp(ebx, -1);
            k.je(k.To(done));
            k.mov(rdi, rbp);
            k.call(k.To(HandlerCode.NiSyscall));
            k.mov(__qword_ptr[rbp + PtRegsOffsets.Ax], rax);
        }

        k.Local(done);
    }

    /// <summary>Calls the handler of a number within a table's size, and goes on at the end.</summary>
    private static void Serve(KernelAssembler k, ulong table, SyscallAbi abi, bool isWide, string beyond, string done)
    {
        int size = k.Traits.SizeOf(abi);
        if (isWide)
            k.cmp(rbx, size);
        else
            k.cmp(ebx, size);
        k.jae(k.To(beyond));

        // array_index_nospec: a wrongly predicted bound check must not read beyond the table.
        if (!isWide)
            k.mov(ebx, ebx);
        if (k.Traits.GuardsSpeculation)
        {
            k.Mitigation("index mask", () =>
            {
                k.cmp(rbx, size);
                k.sbb(rax, rax);
                k.and(rbx, rax);
            });
        }

        if (k.Traits.HandlersTakeRegisters)
            k.mov(rdi, rbp);
        else
            HandlerCode.LoadArguments32(k, rbp);
        if (k.Traits.DispatchesBySwitch)
        {
            k.mov(esi, ebx);
            k.call(k.To(SyscallSwitch.SymbolOf(abi)));
        }
        else
        {
            CallIndirect(k, table);
        }

        k.mov(__qword_ptr[rbp + PtRegsOffsets.Ax], rax);
        k.jmp(k.To(done));
    }

    /// <summary>Calls the entry of a table at RBX; before retpolines straight from memory.</summary>
    private static void CallIndirect(KernelAssembler k, ulong table)
    {
        if (!k.Knows(KernelFeature.Retpoline))
        {
            k.call(__qword_ptr[rbx * 8 + (long)table]);
            return;
        }

        k.mov(rax, __qword_ptr[rbx * 8 + (long)table]);
        k.call(k.To(IndirectThunk.Symbol));
    }

    /// <summary>RDI is the registers, which tracers and filters look at here. Returns the number, which they may have changed; -1 leaves the call out.</summary>
    private static void EmitTraceEnter(KernelAssembler k)
    {
        k.Phase(PhaseKind.EntryWork);
        if (k.Traits.HasFastPath)
            EmitPhases(k);
        k.Global("syscall_trace_enter");
        k.push(rbx);
        k.mov(rbx, rdi);
        HypercallStub.Waiting(k, HypercallNumbers.EntryWork, () => k.mov(rdi, rbx));
        k.pop(rbx);
        k.ret();
    }

    /// <summary>The two phases of Linux 4.4: the first, without the whole frame, decides whether anybody needs it. RDI registers, ESI architecture.</summary>
    private static void EmitPhases(KernelAssembler k)
    {
        k.Global("syscall_trace_enter_phase1");
        k.mov(rcx, k.PerCpu(PerCpuOffsets.CurrentTask));
        k.xor(eax, eax);
        k.test(__dword_ptr[rcx + TaskLayout.ThreadFlags], TracerFlags.SecondPhase44);
        k.setne(al);
        k.ret();
        k.Global("syscall_trace_enter_phase2");
        k.jmp(k.To("syscall_trace_enter"));
    }
}
