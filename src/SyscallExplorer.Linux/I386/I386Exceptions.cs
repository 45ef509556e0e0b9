using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// Exception entry and exit of 32-bit kernels before the entry stack: a stub pushes its function where GS will be saved, and all go on in one place.
/// </summary>
internal static class I386Exceptions
{
    /// <summary>The stub of an exception, as this generation calls it.</summary>
    public static string StubOf(KernelTraits traits, ExceptionEntry entry) => traits.HasGenericEntry ? entry.AsmSymbol : entry.Name;

    /// <summary>The C function of an exception.</summary>
    public static string FunctionOf(KernelTraits traits, ExceptionEntry entry) => FunctionOf(traits, entry.Name);

    /// <inheritdoc cref="FunctionOf(KernelTraits, ExceptionEntry)"/>
    public static string FunctionOf(KernelTraits traits, string name) => (traits.HasGenericEntry ? "exc_" : "do_") + name;

    /// <summary>The stub of the local timer's interrupt.</summary>
    public const string Timer = "apic_timer_interrupt";

    public static void Emit(KernelAssembler k)
    {
        k.Documented();
        k.Phase(PhaseKind.Interrupted);
        foreach (ExceptionEntry entry in ExceptionEntries.Table)
        {
            if (entry.Vector == Vector.DoubleFault || (entry.Vector == Vector.Debug && !k.Traits.HasEntryStack))
                continue;
            k.Global(StubOf(k.Traits, entry));
            ClearAccessControl(k);
            if (!entry.HasErrorCode)
                k.push(0);
            k.push((int)k.AddressOf(FunctionOf(k.Traits, entry)));
            k.jmp(k.To("error_code"));
        }

        EmitErrorCode(k);
        if (!k.Traits.HasEntryStack)
            EmitDebug(k);
        EmitTimer(k);
        EmitReturn(k);
    }

    internal static void ClearAccessControl(KernelAssembler k)
    {
        if (FeatureHistory.Has(k.Traits.Version, KernelFeature.Smap))
            Int80CompatEntry.ClearAccessControl(k);
    }

    /// <summary>On the stack: the function, where GS belongs, and the error code, where the number belongs.</summary>
    private static void EmitErrorCode(KernelAssembler k)
    {
        k.Global("error_code");
        k.push(fs);
        k.push(es);
        k.push(ds);
        k.push(eax);
        I386Frame.SaveGeneral(k);
        k.cld();
        if (k.Traits.HasEntryStack)
        {
            // The program's own data segments may be null, and the frame is about to be copied.
            I386Frame.LoadKernelSegments(k, ecx);
            I386KernelStack.Enter(k);
            k.Phase(PhaseKind.Interrupted);
        }
        else
        {
            k.mov(ecx, I386Selectors.PerCpu);
            k.mov(fs, ecx);
        }

        k.mov(ecx, gs);
        k.mov(edi, __dword_ptr[esp + I386Registers.Gs]);
        k.mov(edx, __dword_ptr[esp + I386Registers.OrigAx]);
        k.mov(__dword_ptr[esp + I386Registers.OrigAx], -1);
        k.mov(__dword_ptr[esp + I386Registers.Gs], ecx);
        I386Frame.LoadCanarySegment(k, ecx);
        if (!k.Traits.HasEntryStack)
        {
            k.mov(ecx, I386Selectors.UserDs);
            k.mov(ds, ecx);
            k.mov(es, ecx);
        }

        k.mov(eax, esp);
        k.call(edi);
        k.jmp(k.To("ret_from_exception"));
    }

    /// <summary>
    /// A single step of SYSENTER traps on the TSS's own small stack, before the first instruction has left it: the frame is built anew where that instruction
    /// would have led.
    /// </summary>
    private static void EmitDebug(KernelAssembler k)
    {
        const int pushedByHardware = 3 * 4;
        ExceptionEntry entry = ExceptionEntries.Table.First(candidate => candidate.Vector == Vector.Debug);
        k.Global(StubOf(k.Traits, entry));
        k.cmp(__dword_ptr[esp], (int)k.AddressOf(k.Traits.HasIretFlag ? "ia32_sysenter_target" : "entry_SYSENTER_32"));
        k.jne(k.To("debug_stack_correct"));
        k.mov(esp, __dword_ptr[esp + (TaskStateSegment.Rsp0 - I386Layout.TssSize + pushedByHardware)]);
        k.pushfd();
        k.push(I386Selectors.KernelCs);
        k.push((int)k.AddressOf("sysenter_past_esp"));
        k.Local("debug_stack_correct");
        k.push(-1);
        I386Frame.Save(k);
        k.xor(edx, edx);
        k.mov(eax, esp);
        k.CallFar(FunctionOf(k.Traits, entry));
        k.jmp(k.To("ret_from_exception"));
    }

    /// <summary>Behind the vector that an interrupt's stub has pushed: the registers, the task's stack, the C function, the way back.</summary>
    public static void CallInterruptHandler(KernelAssembler k, string function)
    {
        I386Frame.Save(k);
        if (k.Traits.HasEntryStack)
            I386KernelStack.Enter(k);
        k.Phase(PhaseKind.Interrupted);
        k.mov(eax, esp);
        k.CallFar(function);
        k.jmp(k.To("ret_from_intr"));
    }

    private static void EmitTimer(KernelAssembler k)
    {
        k.Global(Timer);
        ClearAccessControl(k);
        k.push(~TimerInterrupt.Vector);
        CallInterruptHandler(k, "smp_apic_timer_interrupt");
    }

    private static void EmitReturn(KernelAssembler k)
    {
        k.Global("ret_from_exception");
        k.cli();
        k.Global("ret_from_intr");
        if (k.Traits.HasIretFlag)
            k.GetThreadInfo();
        k.mov(eax, __dword_ptr[esp + I386Registers.Flags]);
        k.mov(al, __byte_ptr[esp + I386Registers.Cs]);
        k.and(eax, (int)Rflags.VM | 3);
        k.cmp(eax, 3);
        if (k.Traits.HasIretFlag)
        {
            k.jae(k.To("resume_userspace"));
            k.jmp(k.To("restore_all"));
            return;
        }

        k.jb(k.To(k.Traits.HasEntryStack ? "restore_all_kernel" : "restore_all"));
        if (!k.Traits.HasGenericEntry)
        {
            k.cli();
            k.mov(eax, esp);
            k.CallFar(ExitToUser.PrepareSymbol(k));
        }

        k.jmp(k.To(k.Traits.UserReturn));
    }
}
