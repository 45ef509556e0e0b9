using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>What the exceptions' C functions do, as guest code: demand paging, the exception table, signals, and the end.</summary>
internal static class ExceptionHandlers
{
    /// <summary>DR6 without a reason: DR6_RESERVED.</summary>
    private const uint DebugStatusReserved = 0xFFFF_0FF0;

    /// <summary>Where <c>si_code</c> stands in the word that tells a signal and its code.</summary>
    public const int SignalCodeShift = 8;

    /// <summary>The exceptions that are nothing but a signal. Without a code the kernel says no more than that it sent it.</summary>
    private static readonly (string Symbol, Vector Vector, int Signal, int Code)[] Traps =
    [
        ("exc_divide_error", Vector.DivideError, SignalNumbers.SIGFPE, SignalCodes.IntegerDivide),
        ("exc_int3", Vector.Breakpoint, SignalNumbers.SIGTRAP, 0),
        ("exc_overflow", Vector.Overflow, SignalNumbers.SIGSEGV, 0),
        ("exc_bounds", Vector.BoundRange, SignalNumbers.SIGSEGV, 0),
        ("exc_invalid_op", Vector.InvalidOpcode, SignalNumbers.SIGILL, SignalCodes.IllegalOperand),
        ("exc_device_not_available", Vector.DeviceNotAvailable, SignalNumbers.SIGFPE, 0),
        ("exc_invalid_tss", Vector.InvalidTss, SignalNumbers.SIGSEGV, 0),
        ("exc_segment_not_present", Vector.SegmentNotPresent, SignalNumbers.SIGBUS, 0),
        ("exc_stack_segment", Vector.StackFault, SignalNumbers.SIGBUS, 0),
        ("exc_general_protection", Vector.GeneralProtection, SignalNumbers.SIGSEGV, 0),
        ("exc_alignment_check", Vector.AlignmentCheck, SignalNumbers.SIGBUS, SignalCodes.Misaligned),
    ];

    /// <summary>The exceptions whose code stands in the registers of the FPU.</summary>
    private static readonly (string Symbol, Vector Vector)[] FloatTraps =
        [("exc_coprocessor_error", Vector.FloatingPoint), ("exc_simd_coprocessor_error", Vector.SimdFloatingPoint)];

    /// <summary>The same by the exceptions' names, for 32-bit kernels.</summary>
    public static IEnumerable<(string Name, Vector Vector, int Signal, int Code)> TrapsByName => Traps.Select(trap => (trap.Symbol["exc_".Length..], trap.Vector, trap.Signal, trap.Code));

    /// <inheritdoc cref="TrapsByName"/>
    public static IEnumerable<(string Name, Vector Vector)> FloatTrapsByName => FloatTraps.Select(trap => (trap.Symbol["exc_".Length..], trap.Vector));

    public static void Emit(KernelAssembler k)
    {
        k.Composed();
        k.Phase(PhaseKind.Interrupted);
        foreach ((string symbol, Vector vector, int signal, int code) in Traps)
        {
            if (vector == Vector.DeviceNotAvailable && LazyFpu.IsIn(k.Traits))
            {
                const string trap = LazyFpu.Handler + ".trap";
                LazyFpu.EmitHandler(k, trap);
                k.Local(trap);
            }
            else
            {
                k.Global(symbol);
            }

            k.mov(edx, signal | (code << SignalCodeShift));
            k.mov(ecx, (int)vector);
            k.jmp(k.To("do_trap"));
        }

        EmitFloatTraps(k);
        EmitDebugOfUser(k);
        EmitDoTrap(k);
        EmitPageFault(k);
        VsyscallFault.Emit(k);
        EmitDebug(k);
        EmitDoubleFault(k);
        EmitFixupException(k);
        EmitSyncRegs(k);
        EmitFixupBadIret(k);
    }

    /// <summary>The registers of the FPU are saved, so that their flags can be looked at.</summary>
    private static void EmitFloatTraps(KernelAssembler k)
    {
        foreach ((string symbol, Vector vector) in FloatTraps)
        {
            k.Global(symbol);
            k.push(rdi);
            k.call(k.To("save_fpregs_to_fpstate"));
            k.pop(rdi);
            k.mov(edx, SignalNumbers.SIGFPE);
            k.mov(ecx, (int)vector);
            k.jmp(k.To("do_trap"));
        }
    }

    /// <summary>#DB in user mode: DR6 says why, and is cleared for the next one.</summary>
    private static void EmitDebugOfUser(KernelAssembler k)
    {
        k.Global("noist_exc_debug");
        k.mov(rsi, dr6);
        k.mov(eax, DebugStatusReserved);
        k.mov(dr6, rax);
        k.xor(rsi, rax);
        k.mov(edx, SignalNumbers.SIGTRAP);
        k.mov(ecx, (int)Vector.Debug);
        k.jmp(k.To("do_trap"));
    }

    /// <summary>RDI registers, RSI error code, EDX signal and code, ECX vector.</summary>
    private static void EmitDoTrap(KernelAssembler k)
    {
        k.Global("do_trap");
        k.test(__byte_ptr[rdi + PtRegsOffsets.Cs], 3);
        k.jne(k.To("do_trap.user"));
        k.push(rbx);
        k.push(rcx);
        k.push(rsi);
        k.mov(rbx, rdi);
        k.call(k.To("fixup_exception"));
        k.pop(rsi);
        k.pop(rcx);
        k.test(eax, eax);
        k.jne(k.To("do_trap.fixed"));
        k.mov(rdi, rbx);
        HypercallStub.Inline(k, HypercallNumbers.Die);
        k.Local("do_trap.fixed");
        k.pop(rbx);
        k.ret();
        k.Local("do_trap.user");
        k.sti();
        HypercallStub.Inline(k, HypercallNumbers.ForceSignal);
        k.cli();
        ExitToUser.EndException(k);
    }

    /// <summary>
    /// RDI registers, RSI error code. A fault on an address of the program, from user mode or from a kernel access on its behalf, is first
    /// offered to demand paging.
    /// </summary>
    private static void EmitPageFault(KernelAssembler k)
    {
        k.Global("exc_page_fault");
        k.push(rbp);
        k.push(rbx);
        k.push(r12);
        k.mov(rbp, rdi);
        k.mov(rbx, rsi);
        k.OnlyWithout(KernelFeature.Fred, () => k.mov(r12, cr2));
        k.OnlyWith(KernelFeature.Fred, () => k.mov(r12, __qword_ptr[rdi + FredEvent.DataOffset]));
        k.test(__byte_ptr[rbp + PtRegsOffsets.Cs], 3);
        k.je(k.To("exc_page_fault.kernel"));

        k.sti();
        VsyscallFault.Offer(k, "exc_page_fault.user_exit");
        CallHandleMmFault(k);
        k.test(eax, eax);
        k.jne(k.To("exc_page_fault.signal"));
        k.Local("exc_page_fault.user_exit");
        k.cli();
        if (k.Traits.HasGenericEntry)
            k.call(k.To(ExitToUser.PrepareSymbol(k)));
        k.Local("exc_page_fault.out");
        k.pop(r12);
        k.pop(rbx);
        k.pop(rbp);
        k.ret();

        k.Local("exc_page_fault.signal");
        k.mov(edx, eax);
        k.mov(ecx, (int)Vector.PageFault);
        k.mov(rdi, rbp);
        k.mov(rsi, rbx);
        HypercallStub.Inline(k, HypercallNumbers.ForceSignal);
        k.jmp(k.To("exc_page_fault.user_exit"));

        k.Local("exc_page_fault.kernel");
        UserAccess.LoadLimit(k, rax);
        k.cmp(r12, rax);
        k.jae(k.To("exc_page_fault.fixup"));
        CallHandleMmFault(k);
        k.test(eax, eax);
        k.je(k.To("exc_page_fault.out"));
        k.Local("exc_page_fault.fixup");
        k.mov(rdi, rbp);
        k.call(k.To("fixup_exception"));
        k.test(eax, eax);
        k.jne(k.To("exc_page_fault.out"));
        k.mov(rdi, rbp);
        k.mov(rsi, rbx);
        k.mov(ecx, (int)Vector.PageFault);
        HypercallStub.Inline(k, HypercallNumbers.Die);
        k.jmp(k.To("exc_page_fault.out"));
    }

    private static void CallHandleMmFault(KernelAssembler k)
    {
        k.mov(rdi, rbp);
        k.mov(rsi, rbx);
        k.mov(rdx, r12);
        HypercallStub.Inline(k, HypercallNumbers.HandleMmFault);
    }

    /// <summary>
    /// #DB in the kernel: a single step of the SYSENTER entry before it has fixed TF is dropped, and so is a program's breakpoint that the kernel
    /// has touched on its behalf; anything else is fatal.
    /// </summary>
    private static void EmitDebug(KernelAssembler k)
    {
        const int singleStep = 1 << 14, breakpoints = 15;
        k.Global("exc_debug");
        k.mov(rax, dr6);
        k.xor(edx, edx);
        k.mov(dr6, rdx);
        k.Local("exc_debug.reasons");
        k.test(eax, breakpoints);
        k.jne(k.To("exc_debug.out"));
        k.mov(rcx, __qword_ptr[rdi + PtRegsOffsets.Ip]);
        k.mov(rdx, k.AddressOf(k.Traits.SysenterSymbol));
        k.cmp(rcx, rdx);
        k.jb(k.To("exc_debug.die"));
        k.mov(rdx, k.AddressOf("__end_" + k.Traits.SysenterSymbol));
        k.cmp(rcx, rdx);
        k.jae(k.To("exc_debug.die"));
        k.test(eax, singleStep);
        k.je(k.To("exc_debug.die"));
        k.Local("exc_debug.out");
        k.ret();
        k.Local("exc_debug.die");
        k.mov(rsi, rax);
        k.mov(ecx, (int)Vector.Debug);
        HypercallStub.Inline(k, HypercallNumbers.Die);
        k.ret();
    }

    private static void EmitDoubleFault(KernelAssembler k)
    {
        k.Global("exc_double_fault");
        EspfixReturn.MendDoubleFault(k);
        k.mov(ecx, (int)Vector.DoubleFault);
        HypercallStub.Inline(k, HypercallNumbers.Die);
        k.ret();
    }

    /// <summary>RDI registers. Looks RIP up in the exception table; where it stands there, RIP becomes the fixup and EAX 1.</summary>
    private static void EmitFixupException(KernelAssembler k)
    {
        k.Global("fixup_exception");
        k.OnlyWith(KernelFeature.Fred, () => k.mov(r8, rsi));
        k.mov(rsi, KernelLayout.ExceptionTable);
        k.mov(rcx, __qword_ptr[rdi + PtRegsOffsets.Ip]);
        k.Local("fixup_exception.next");
        k.mov(rax, __qword_ptr[rsi]);
        k.test(rax, rax);
        k.je(k.To("fixup_exception.none"));
        k.cmp(rax, rcx);
        k.je(k.To("fixup_exception.found"));
        k.add(rsi, 16);
        k.jmp(k.To("fixup_exception.next"));
        k.Local("fixup_exception.found");
        k.mov(rax, __qword_ptr[rsi + 8]);
        k.mov(__qword_ptr[rdi + PtRegsOffsets.Ip], rax);
        k.OnlyWith(KernelFeature.Fred, () => FredDispatch.MendBadReturn(k));
        k.mov(eax, 1);
        k.ret();
        k.Local("fixup_exception.none");
        k.xor(eax, eax);
        k.ret();
    }

    /// <summary>RDI is a frame on the entry stack; its copy on the thread stack is the result.</summary>
    private static void EmitSyncRegs(KernelAssembler k)
    {
        k.PhaseOfCaller();
        k.Global("sync_regs");
        k.LoadTopOfStack(rax);
        k.sub(rax, PtRegsOffsets.Size);
        k.cmp(rax, rdi);
        k.je(k.To("sync_regs.out"));
        k.mov(rsi, rdi);
        k.mov(rdi, rax);
        k.mov(ecx, PtRegsOffsets.Size / 8);
        k.rep.movsq();
        k.Local("sync_regs.out");
        k.ret();
    }

    /// <summary>
    /// RDI is the frame of a fault that an IRET to user mode raised. The result is a frame that shows the fault as the program's own: the
    /// general registers of this one over the frame that IRET could not take. The two overlap, hence from the top down.
    /// </summary>
    private static void EmitFixupBadIret(KernelAssembler k)
    {
        k.Phase(PhaseKind.Interrupted);
        k.Global("fixup_bad_iret");
        k.mov(rax, k.PerCpu(PerCpuOffsets.Tss + TaskStateSegment.Rsp0));
        k.sub(rax, PtRegsOffsets.Size);
        k.mov(rsi, __qword_ptr[rdi + PtRegsOffsets.Sp]);
        for (int word = 4; word >= 0; word--)
        {
            k.mov(rcx, __qword_ptr[rsi + word * 8]);
            k.mov(__qword_ptr[rax + PtRegsOffsets.Ip + word * 8], rcx);
        }

        for (int offset = PtRegsOffsets.OrigAx; offset >= 0; offset -= 8)
        {
            k.mov(rcx, __qword_ptr[rdi + offset]);
            k.mov(__qword_ptr[rax + offset], rcx);
        }

        k.ret();
    }
}
