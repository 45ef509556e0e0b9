using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// What C does with an event of FRED: it looks at the type and the vector that the processor has saved beside SS, and calls what the gates of the IDT would
/// have led to.
/// </summary>
internal static class FredDispatch
{
    public const string FromUser = "fred_entry_from_user", FromKernel = "fred_entry_from_kernel";
    private const string Bad = "fred_bad_type", Debug = "fred_exc_debug", Int80 = "fred_int80_emulation", Fault = "fred_intx.fault";
    private const int SyscallVector = 1, SysenterVector = 2, Int80Vector = 0x80;

    /// <summary>How often which exceptions come decides the order of the comparisons.</summary>
    private static readonly (Vector Vector, string Symbol)[] s_exceptions =
    [
        (Vector.PageFault, "exc_page_fault"),
        .. ExceptionEntries.Table.Where(entry => entry.Vector is not (Vector.PageFault or Vector.Breakpoint or Vector.Overflow))
            .Select(entry => (entry.Vector, entry.Vector == Vector.Debug ? Debug : entry.CSymbol)),
    ];

    public static void Emit(KernelAssembler k)
    {
        if (!k.Traits.HasFred)
            return;
        k.Composed();
        EmitEntry(k, PhaseKind.Dispatch, FromUser,
            (FredEventType.Other, "fred_other"), (FredEventType.External, "fred_extint"), (FredEventType.HardwareException, "fred_hwexc"),
            (FredEventType.SoftwareInterrupt, "fred_intx"), (FredEventType.SoftwareException, "fred_swexc"), (FredEventType.PrivilegedException, Debug));
        EmitOther(k);
        EmitSoftwareInterrupt(k);
        EmitInt80(k);
        EmitEntry(k, PhaseKind.Interrupted, FromKernel,
            (FredEventType.External, "fred_extint"), (FredEventType.HardwareException, "fred_hwexc"),
            (FredEventType.SoftwareException, "fred_swexc"), (FredEventType.PrivilegedException, Debug));
        EmitExternalInterrupt(k);
        EmitChoice(k, "fred_hwexc", s_exceptions);
        EmitChoice(k, "fred_swexc", [(Vector.Breakpoint, "exc_int3"), (Vector.Overflow, "exc_overflow")]);
        EmitDebug(k);
        EmitBad(k);
    }

    /// <summary>RDI is the registers. RSI becomes the error code, EDX the vector.</summary>
    private static void EmitEntry(KernelAssembler k, PhaseKind phase, string symbol, params (FredEventType Type, string Target)[] targets)
    {
        const int typeMask = 15;
        k.Phase(phase);
        k.Global(symbol);
        k.mov(rsi, __qword_ptr[rdi + PtRegsOffsets.OrigAx]);
        k.mov(__qword_ptr[rdi + PtRegsOffsets.OrigAx], -1);
        k.movzx(edx, __byte_ptr[rdi + FredEvent.VectorOffset]);
        k.movzx(eax, __byte_ptr[rdi + FredEvent.TypeOffset]);
        k.and(eax, typeMask);
        foreach ((FredEventType type, string target) in targets)
        {
            k.cmp(eax, (int)type);
            k.je(k.To(target));
        }

        k.jmp(k.To(Bad));
    }

    /// <summary>SYSCALL of 64-bit code and SYSENTER of 32-bit code; anything else is as if there were no such instruction.</summary>
    private static void EmitOther(KernelAssembler k)
    {
        const string sysenter = "fred_other.sysenter", none = "fred_other.none";
        k.Global("fred_other");
        k.cmp(edx, SyscallVector);
        k.jne(k.To(sysenter));
        k.test(__byte_ptr[rdi + FredEvent.ModeOffset], FredEvent.LongModeBit);
        k.je(k.To(none));
        BeginCall(k);
        k.mov(rsi, rax);
        k.jmp(k.To("do_syscall_64"));

        k.Local(sysenter);
        k.cmp(edx, SysenterVector);
        k.jne(k.To(none));
        k.test(__byte_ptr[rdi + FredEvent.ModeOffset], FredEvent.LongModeBit);
        k.jne(k.To(none));
        k.OnlyWithout(KernelFeature.Ia32Emulation, () => k.jmp(k.To(none)));
        BeginCall(k);
        k.jmp(k.To("do_fast_syscall_32"));

        k.Local(none);
        k.xor(esi, esi);
        k.jmp(k.To("exc_invalid_op"));
    }

    /// <summary>What the entries by the IDT push: the number, and -ENOSYS as the result for now.</summary>
    private static void BeginCall(KernelAssembler k)
    {
        k.mov(rax, __qword_ptr[rdi + PtRegsOffsets.Ax]);
        k.mov(__qword_ptr[rdi + PtRegsOffsets.OrigAx], rax);
        k.mov(__qword_ptr[rdi + PtRegsOffsets.Ax], -Errno.ENOSYS);
    }

    /// <summary>INT n. Where the IDT has gates of ring 0 only, the program finds the fault that these would have been.</summary>
    private static void EmitSoftwareInterrupt(KernelAssembler k)
    {
        const int lengthShift = 4, indexShift = 3, inIdt = 2;
        k.Global("fred_intx");
        foreach ((int vector, string target) in (ReadOnlySpan<(int, string)>)[(Int80Vector, Int80), ((int)Vector.Breakpoint, "exc_int3"), ((int)Vector.Overflow, "exc_overflow")])
        {
            k.cmp(edx, vector);
            k.je(k.To(target));
        }

        k.Local(Fault);
        k.movzx(eax, __byte_ptr[rdi + FredEvent.LengthOffset]);
        k.shr(eax, lengthShift);
        k.sub(__qword_ptr[rdi + PtRegsOffsets.Ip], rax);
        k.or(__dword_ptr[rdi + PtRegsOffsets.Flags], (int)Rflags.RF);
        k.and(__dword_ptr[rdi + PtRegsOffsets.Ss], ~(int)FredEvent.SoftwareEvent);
        k.lea(esi, __dword_ptr[rdx * (1 << indexShift) + inIdt]);
        k.jmp(k.To("exc_general_protection"));
    }

    /// <summary>No interrupt can look like this one: its type tells. So the local APIC is not asked.</summary>
    private static void EmitInt80(KernelAssembler k)
    {
        k.Phase(PhaseKind.EntryWork);
        k.Global(Int80);
        k.OnlyWithout(KernelFeature.Ia32Emulation, () => k.jmp(k.To(Fault)));
        k.push(rbp);
        k.push(rbx);
        k.mov(rbp, rdi);
        k.jmp(k.To(Int80Emulation.Accepted));
    }

    /// <summary>The timer's interrupt is the only one that the kit's kernel has; another is acknowledged and forgotten.</summary>
    private static void EmitExternalInterrupt(KernelAssembler k)
    {
        k.Phase(PhaseKind.Interrupted);
        k.Global("fred_extint");
        k.cmp(edx, TimerInterrupt.Vector);
        k.je(k.To(TimerInterrupt.Symbol));
        k.Global("common_interrupt");
        TimerInterrupt.EndInterrupt(k);
        k.test(__byte_ptr[rdi + PtRegsOffsets.Cs], 3);
        k.jne(k.To(ExitToUser.PrepareSymbol(k)));
        k.ret();
    }

    private static void EmitChoice(KernelAssembler k, string symbol, IEnumerable<(Vector Vector, string Symbol)> targets)
    {
        k.Global(symbol);
        foreach ((Vector vector, string target) in targets)
        {
            k.cmp(edx, (int)vector);
            k.je(k.To(target));
        }

        k.jmp(k.To(Bad));
    }

    /// <summary>#DB: why it came stands in the frame, in the form that DR6 has once its fixed bits are taken off.</summary>
    private static void EmitDebug(KernelAssembler k)
    {
        k.Global(Debug);
        k.mov(rsi, __qword_ptr[rdi + FredEvent.DataOffset]);
        k.mov(rax, rsi);
        k.test(__byte_ptr[rdi + PtRegsOffsets.Cs], 3);
        k.je(k.To("exc_debug.reasons"));
        k.mov(edx, SignalNumbers.SIGTRAP);
        k.mov(ecx, (int)Vector.Debug);
        k.jmp(k.To("do_trap"));
    }

    private static void EmitBad(KernelAssembler k)
    {
        k.Global(Bad);
        k.mov(ecx, edx);
        HypercallStub.Inline(k, HypercallNumbers.Die);
        k.ret();
    }

    /// <summary>
    /// In <c>fixup_exception</c>: RDI registers, R8 error code, RAX the fixup. ERETU has refused a frame, which lies where the interrupted stack pointer is.
    /// It becomes the frame of the same event as if the program had raised it: event and error code are taken over, selectors and the rest stay.
    /// </summary>
    public static void MendBadReturn(KernelAssembler k)
    {
        const string other = "fixup_exception.no_eretu";
        const int frameCs = PtRegsOffsets.Cs - PtRegsOffsets.OrigAx, frameSs = PtRegsOffsets.Ss - PtRegsOffsets.OrigAx;
        const int frameData = FredEvent.DataOffset - PtRegsOffsets.OrigAx;
        k.mov(rdx, k.AddressOf(FredEntry.FromUser.Symbol));
        k.cmp(rax, rdx);
        k.jne(k.To(other));
        k.mov(rdx, __qword_ptr[rdi + PtRegsOffsets.Sp]);
        k.mov(__qword_ptr[rdx], r8);

        // Only the selectors of the refused words are the program's; that an NMI is to be unblocked goes to the return of this fault.
        k.movzx(ecx, __word_ptr[rdx + frameCs]);
        k.mov(__qword_ptr[rdx + frameCs], rcx);
        k.mov(r8d, __dword_ptr[rdx + frameSs]);
        k.and(r8d, (int)FredEvent.NonMaskable);
        k.mov(rcx, __qword_ptr[rdi + PtRegsOffsets.Ss]);
        k.or(__dword_ptr[rdi + PtRegsOffsets.Ss], r8d);
        k.mov(r8w, __word_ptr[rdx + frameSs]);
        k.mov(__qword_ptr[rdx + frameSs], rcx);
        k.mov(__word_ptr[rdx + frameSs], r8w);
        k.mov(rcx, __qword_ptr[rdi + FredEvent.DataOffset]);
        k.mov(__qword_ptr[rdx + frameData], rcx);
        k.Local(other);
    }

    /// <summary>
    /// <c>fred_update_rsp0</c>, on the way to user mode: RDX is the task, and stays. The register is written only where another task has run since.
    /// </summary>
    public static void UpdateStackPointer(KernelAssembler k)
    {
        string same = k.Unique("fred_rsp0_same");
        k.mov(rax, __qword_ptr[rdx + TaskLayout.TopOfStack]);
        k.add(rax, (int)k.Traits.StackPadding);
        k.cmp(rax, k.PerCpu(PerCpuOffsets.FredRsp0));
        k.je(k.To(same));
        k.mov(k.PerCpu(PerCpuOffsets.FredRsp0), rax);
        k.mov(ecx, Msr.FredRsp0);
        k.mov(rdx, rax);
        k.shr(rdx, 32);
        k.wrmsr();
        k.mov(rdx, k.PerCpu(PerCpuOffsets.CurrentTask));
        k.Local(same);
    }
}
