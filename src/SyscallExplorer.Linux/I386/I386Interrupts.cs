using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// The interrupts of a PC/AT, which 32-bit kernels use where there is no local APIC: the interval timer at line 0 of the interrupt controllers. Intel, 8259A and 8254 data sheets;
/// arch/x86/kernel/i8259.c, i8253.c and time.c tell the order of steps.
/// </summary>
internal static class I386Interrupts
{
    /// <summary>IRQ0_VECTOR.</summary>
    public const byte TimerVector = 0x30;

    /// <summary>The stubs, of which the kit has the first.</summary>
    public const string Stubs = "irq_entries_start";

    /// <summary><c>pit_read</c>: EDX:EAX becomes the interval timer's ticks since boot.</summary>
    public const string ReadTimer = "pit_read";

    /// <summary>LATCH: a period of 1/250 second, to the nearest tick.</summary>
    public const int TicksPerPeriod = (int)((AtInterrupts.TimerHertz + TicksPerSecond / 2) / TicksPerSecond);

    /// <summary>What stands in the first controller's mask while the timer may interrupt.</summary>
    public const byte MaskOfOthers = 0xFE;

    private const int TicksPerSecond = 250;
    private const byte MaskOfAll = 0xFF, SpecificEnd = 0x60, LatchCounter = 0;

    /// <summary>Vectors are pushed as bytes: less 80h in the stub, which the common part makes good.</summary>
    private const int StubBias = 0x80;

    /// <summary>Words behind the timekeeper: jiffies, and those that <see cref="ReadTimer"/> saw last.</summary>
    private const ulong Jiffies = I386Layout.Timekeeper + 0x80, LastJiffies = Jiffies + 4;

    /// <summary>The last count that <see cref="ReadTimer"/> saw; it begins with a whole period.</summary>
    public const ulong LastCount = Jiffies + 8;

    public static void EmitEntry(KernelAssembler k)
    {
        k.Documented();
        k.Phase(PhaseKind.Interrupted);
        k.Global(Stubs);
        I386Exceptions.ClearAccessControl(k);
        k.push(~TimerVector + StubBias);
        k.jmp(k.To("common_interrupt"));

        k.Global("common_interrupt");
        k.add(__dword_ptr[esp], -StubBias);
        I386Exceptions.CallInterruptHandler(k, "do_IRQ");
    }

    public static void EmitText(KernelAssembler k)
    {
        k.Composed();
        k.Phase(PhaseKind.Interrupted);
        EmitTimer(k);
        k.Phase(PhaseKind.Handler);
        EmitReadTimer(k);
    }

    /// <summary>EAX registers. <c>mask_and_ack_8259A</c>, the tick, <c>enable_8259A_irq</c>; the first access of the mask's port is a read that gives the chip time.</summary>
    private static void EmitTimer(KernelAssembler k)
    {
        k.Global("do_IRQ");
        k.push(edi);
        k.mov(edi, eax);
        k.@in(al, AtInterrupts.MasterPort + 1);
        k.mov(al, MaskOfAll);
        k.@out(AtInterrupts.MasterPort + 1, al);
        k.mov(al, SpecificEnd);
        k.@out((byte)AtInterrupts.MasterPort, al);
        k.inc(__dword_ptr[Jiffies]);
        I386ExceptionHandlers.PassTime(k);
        k.mov(al, MaskOfOthers);
        k.@out(AtInterrupts.MasterPort + 1, al);
        I386ExceptionHandlers.EndOfUserInterrupt(k, "do_IRQ");
        k.pop(edi);
        k.ret();
    }

    /// <summary>A period may have ended that has not been counted yet, while interrupts are off: the count is back at its beginning then, and time stands for that long.</summary>
    private static void EmitReadTimer(KernelAssembler k)
    {
        k.Global(ReadTimer);
        k.push(ebx);
        k.push(ecx);
        k.pushfd();
        k.cli();
        k.mov(al, LatchCounter);
        k.@out((byte)AtInterrupts.TimerControlPort, al);
        k.@in(al, (byte)AtInterrupts.TimerPort);
        k.movzx(ecx, al);
        k.@in(al, (byte)AtInterrupts.TimerPort);
        k.mov(ch, al);
        k.mov(ebx, __dword_ptr[Jiffies]);
        k.cmp(ebx, __dword_ptr[LastJiffies]);
        k.jne(k.To(ReadTimer + ".seen"));
        k.cmp(ecx, __dword_ptr[LastCount]);
        k.jbe(k.To(ReadTimer + ".seen"));
        k.mov(ecx, __dword_ptr[LastCount]);
        k.Local(ReadTimer + ".seen");
        k.mov(__dword_ptr[LastJiffies], ebx);
        k.mov(__dword_ptr[LastCount], ecx);
        k.mov(eax, TicksPerPeriod);
        k.mul(ebx);
        k.neg(ecx);
        k.add(ecx, TicksPerPeriod);
        k.add(eax, ecx);
        k.adc(edx, 0);
        k.popfd();
        k.pop(ecx);
        k.pop(ebx);
        k.ret();
    }
}
