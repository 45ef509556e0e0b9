using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>The local timer's interrupt: ticks, deadlines of those who sleep, timers; then the work on the way back, as after any exception.</summary>
internal static class TimerInterrupt
{
    public const string Symbol = "sysvec_apic_timer_interrupt";

    /// <summary>LOCAL_TIMER_VECTOR.</summary>
    public const byte Vector = 0xEC;

    public static void Emit(KernelAssembler k)
    {
        k.Composed();
        k.Phase(PhaseKind.Interrupted);
        k.Global(Symbol);
        EndInterrupt(k);
        k.push(rbx);
        k.mov(rbx, rdi);
        k.call(k.To(TimekeepingCode.Symbol));
        HypercallStub.Inline(k, HypercallNumbers.TimerInterrupt);
        k.mov(rdi, rbx);
        k.pop(rbx);

        // The kernel itself is not preempted.
        if (k.Traits.HasGenericEntry)
            k.test(__byte_ptr[rdi + PtRegsOffsets.Cs], 3);
        if (k.Traits.HasGenericEntry)
            k.jne(k.To(ExitToUser.PrepareSymbol(k)));
        k.ret();
    }

    /// <summary><c>ack_APIC_irq</c>: the local APIC is told first, so that what becomes due from here on is an interrupt of its own.</summary>
    public static void EndInterrupt(KernelAssembler k)
    {
        k.xor(eax, eax);
        k.OnlyWith(KernelFeature.X2Apic, () =>
        {
            k.mov(ecx, Msr.X2Apic(ApicRegister.EndOfInterrupt));
            k.xor(edx, edx);
            k.wrmsr();
        });
        k.OnlyWithout(KernelFeature.X2Apic, () => k.mov(__dword_ptr[KernelLayout.LocalApic + (ulong)ApicRegister.EndOfInterrupt], eax));
    }
}
