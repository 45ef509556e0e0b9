using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>What the exceptions' C functions do in a 32-bit kernel. EAX is the registers, EDX the error code.</summary>
internal static class I386ExceptionHandlers
{
    private const uint DebugStatusReserved = 0xFFFF_0FF0;
    private const int SingleStep = 1 << 14;

    /// <summary>ILL_BADSTK: the trap that an IRET which faulted is told as, which no vector of the hardware has.</summary>
    private const int IretError = 32, BadStack = 8;

    public static void Emit(KernelAssembler k)
    {
        k.Composed();
        k.Phase(PhaseKind.Interrupted);
        foreach ((string name, Vector vector, int signal, int code) in ExceptionHandlers.TrapsByName)
            EmitTrap(k, name, (int)vector, signal, code);
        EmitTrap(k, "iret_error", IretError, SignalNumbers.SIGILL, BadStack);
        foreach ((string name, Vector vector) in ExceptionHandlers.FloatTrapsByName)
            EmitTrap(k, name, (int)vector, SignalNumbers.SIGFPE, 0, savesFpu: true);
        EmitDoTrap(k);
        EmitPageFault(k);
        EmitDebug(k);
        EmitDoubleFault(k);
        EmitFixupException(k);
        EmitTimer(k);
    }

    private static void EmitTrap(KernelAssembler k, string name, int vector, int signal, int code, bool savesFpu = false)
    {
        k.Global(I386Exceptions.FunctionOf(k.Traits, name));
        Open(k);
        if (savesFpu)
            k.call(k.To("save_fpregs_to_fpstate"));
        k.mov(edx, signal | (code << ExceptionHandlers.SignalCodeShift));
        k.mov(ecx, vector);
        k.jmp(k.To("do_trap"));
    }

    private static void Open(KernelAssembler k)
    {
        k.push(ebx);
        k.push(esi);
        k.push(edi);
        k.mov(edi, eax);
        k.mov(esi, edx);
    }

    private static void Close(KernelAssembler k)
    {
        k.pop(edi);
        k.pop(esi);
        k.pop(ebx);
        k.ret();
    }

    /// <summary>EDI registers, ESI error code, EDX signal and code, ECX vector; three registers are on the stack.</summary>
    private static void EmitDoTrap(KernelAssembler k)
    {
        k.Global("do_trap");
        k.test(__byte_ptr[edi + I386Registers.Cs], 3);
        k.jne(k.To("do_trap.user"));
        k.mov(ebx, ecx);
        k.mov(eax, edi);
        k.call(k.To("fixup_exception"));
        k.mov(ecx, ebx);
        k.test(eax, eax);
        k.jne(k.To("do_trap.out"));
        HypercallStub.Inline(k, HypercallNumbers.Die);
        k.Local("do_trap.out");
        Close(k);
        k.Local("do_trap.user");
        k.sti();
        HypercallStub.Inline(k, HypercallNumbers.ForceSignal);
        k.cli();
        EndOfUserException(k);
        Close(k);
    }

    /// <summary>With the generic entry code C does the work before user mode, else the assembly behind it.</summary>
    private static void EndOfUserException(KernelAssembler k)
    {
        if (!k.Traits.HasGenericEntry)
            return;
        k.mov(eax, edi);
        k.call(k.To("irqentry_exit_to_user_mode"));
    }

    private static void EmitPageFault(KernelAssembler k)
    {
        k.Global(I386Exceptions.FunctionOf(k.Traits, "page_fault"));
        Open(k);
        k.mov(ebx, cr2);
        k.test(__byte_ptr[edi + I386Registers.Cs], 3);
        k.je(k.To("do_page_fault.kernel"));
        k.sti();
        CallHandleMmFault(k);
        k.test(eax, eax);
        k.je(k.To("do_page_fault.user_exit"));
        k.mov(edx, eax);
        k.mov(ecx, (int)Vector.PageFault);
        HypercallStub.Inline(k, HypercallNumbers.ForceSignal);
        k.Local("do_page_fault.user_exit");
        k.cli();
        EndOfUserException(k);
        Close(k);

        k.Local("do_page_fault.kernel");
        k.cmp(ebx, (uint)I386Layout.PageOffset);
        k.jae(k.To("do_page_fault.fixup"));
        CallHandleMmFault(k);
        k.test(eax, eax);
        k.je(k.To("do_page_fault.out"));
        k.Local("do_page_fault.fixup");
        k.mov(eax, edi);
        k.call(k.To("fixup_exception"));
        k.test(eax, eax);
        k.jne(k.To("do_page_fault.out"));
        k.mov(ecx, (int)Vector.PageFault);
        HypercallStub.Inline(k, HypercallNumbers.Die);
        k.Local("do_page_fault.out");
        Close(k);
    }

    private static void CallHandleMmFault(KernelAssembler k)
    {
        k.mov(edx, ebx);
        HypercallStub.Inline(k, HypercallNumbers.HandleMmFault);
    }

    /// <summary>#DB: DR6 says why, and is cleared for the next one. In the kernel only a single step of SYSENTER is harmless: the flag waits for the call's frame.</summary>
    private static void EmitDebug(KernelAssembler k)
    {
        k.Global(I386Exceptions.FunctionOf(k.Traits, "debug"));
        Open(k);
        k.mov(esi, dr6);
        k.mov(eax, DebugStatusReserved);
        k.mov(dr6, eax);
        k.xor(esi, eax);
        k.test(__byte_ptr[edi + I386Registers.Cs], 3);
        k.mov(edx, SignalNumbers.SIGTRAP);
        k.mov(ecx, (int)Vector.Debug);
        k.jne(k.To("do_trap"));
        k.test(esi, SingleStep);
        k.je(k.To("do_debug.die"));
        if (k.Traits.HasEntryStack)
        {
            // The entry itself mends the flag, and the frame keeps it.
            k.mov(eax, __dword_ptr[edi + I386Registers.Ip]);
            k.cmp(eax, (uint)k.AddressOf("entry_SYSENTER_32"));
            k.jb(k.To("do_debug.die"));
            k.cmp(eax, (uint)k.AddressOf("__end_SYSENTER_singlestep_region"));
            k.jae(k.To("do_debug.die"));
        }
        else
        {
            k.and(__dword_ptr[edi + I386Registers.Flags], ~(int)Rflags.TF);
            I386SystemCall26.MarkSingleStep(k);
        }

        Close(k);
        k.Local("do_debug.die");
        HypercallStub.Inline(k, HypercallNumbers.Die);
        Close(k);
    }

    /// <summary>The task that the double fault's gate leads to: it finds the registers in the TSS of the task that failed. On the stack is the error code.</summary>
    private static void EmitDoubleFault(KernelAssembler k)
    {
        // In the order of pt_regs from the top: where each register lies in a 32-bit TSS. SDM vol. 3A, 7.2.1.
        const int es = 72, cs = 76, ss = 80, ds = 84, fs = 88, gs = 92, ip = 32, flags = 36, ax = 40, cx = 44, dx = 48, bx = 52, sp = 56, bp = 60, si = 64, di = 68;
        k.Global("doublefault_fn");
        k.pop(esi);
        k.mov(eax, (uint)I386Layout.Tss);
        foreach (int offset in (ReadOnlySpan<int>)[ss, sp, flags, cs, ip])
            k.push(__dword_ptr[eax + offset]);
        k.push(-1);
        foreach (int offset in (ReadOnlySpan<int>)[gs, fs, es, ds, ax, bp, di, si, dx, cx, bx])
            k.push(__dword_ptr[eax + offset]);
        k.mov(edi, esp);
        k.mov(ecx, (int)Vector.DoubleFault);
        HypercallStub.Inline(k, HypercallNumbers.Die);
        k.Local("doublefault_fn.halt");
        k.hlt();
        k.jmp(k.To("doublefault_fn.halt"));
    }

    /// <summary>EAX registers. Looks EIP up in the exception table; where it stands there, EIP becomes the fixup and EAX 1.</summary>
    private static void EmitFixupException(KernelAssembler k)
    {
        k.Global("fixup_exception");
        k.mov(edx, (uint)I386Layout.ExceptionTable);
        k.mov(ecx, __dword_ptr[eax + I386Registers.Ip]);
        k.Local("fixup_exception.next");
        k.cmp(__dword_ptr[edx], 0);
        k.je(k.To("fixup_exception.none"));
        k.cmp(__dword_ptr[edx], ecx);
        k.je(k.To("fixup_exception.found"));
        k.add(edx, 8);
        k.jmp(k.To("fixup_exception.next"));
        k.Local("fixup_exception.found");
        k.mov(ecx, __dword_ptr[edx + 4]);
        k.mov(__dword_ptr[eax + I386Registers.Ip], ecx);
        k.mov(eax, 1);
        k.ret();
        k.Local("fixup_exception.none");
        k.xor(eax, eax);
        k.ret();
    }

    /// <summary>EAX registers. The local APIC is told first, so that what becomes due from here on is an interrupt of its own.</summary>
    private static void EmitTimer(KernelAssembler k)
    {
        k.Global("smp_apic_timer_interrupt");
        k.push(edi);
        k.mov(edi, eax);
        k.mov(__dword_ptr[I386Layout.LocalApic + (ulong)ApicRegister.EndOfInterrupt], 0);
        PassTime(k);
        EndOfUserInterrupt(k, "smp_apic_timer_interrupt");
        k.pop(edi);
        k.ret();
    }

    /// <summary>What a tick does. EDI registers.</summary>
    public static void PassTime(KernelAssembler k)
    {
        k.call(k.To(TimekeepingCode.Symbol));
        HypercallStub.Inline(k, HypercallNumbers.TimerInterrupt);
    }

    /// <summary>The work on the way to user mode, where the interrupt's own function does it. EDI registers.</summary>
    public static void EndOfUserInterrupt(KernelAssembler k, string name)
    {
        if (!k.Traits.HasGenericEntry)
            return;
        k.test(__byte_ptr[edi + I386Registers.Cs], 3);
        k.je(k.To(name + ".out"));
        EndOfUserException(k);
        k.Local(name + ".out");
    }
}
