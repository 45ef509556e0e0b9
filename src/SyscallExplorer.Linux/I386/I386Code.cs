using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>What goes into which section of a 32-bit kernel.</summary>
internal static class I386Code
{
    public static void EmitEntryText(KernelAssembler k, I386Design design)
    {
        foreach (EntryPathCode path in design.Paths)
            path.Emit(k);
        I386Exceptions.Emit(k);
        I386Interrupts.EmitEntry(k);
        I386Scheduler.EmitEntryText(k);
    }

    public static void EmitText(KernelAssembler k, I386Design design)
    {
        I386Work.Emit(k);
        if (!design.Traits.HasIretFlag)
            I386Dispatch.Emit(k, design.Int80KeepsInterrupts);
        I386Clock.Emit(k);
        I386StackErasure.Emit(k);
        I386Timekeeping.Emit(k, VdsoGeneration.Of(k.Traits.Version.ToString()).Data);
        I386Handlers.Emit(k);
        FunctionsBehindCalls.Emit(k);
        I386ExceptionHandlers.Emit(k);
        I386Interrupts.EmitText(k);
        I386Scheduler.EmitText(k);
    }
}

/// <summary>Words and sequences that all 32-bit code uses.</summary>
internal static class I386Operands
{
    /// <summary>A word of the per-CPU area, which FS leads to in the kernel.</summary>
    public static AssemblerMemoryOperand PerCpuFs(this KernelAssembler k, int offset) => __dword_ptr.fs[(ulong)offset];

    /// <summary>A word of the hardware's part of <c>init_tss</c>, which lies at a fixed distance from the per-CPU area.</summary>
    public static AssemblerMemoryOperand Tss32(this KernelAssembler k, int offset) => k.PerCpuFs((int)(I386Layout.Tss - I386Layout.PerCpu) + offset);

    /// <summary>GET_THREAD_INFO: EBP becomes the bottom of the stack.</summary>
    public static void GetThreadInfo(this KernelAssembler k)
    {
        k.mov(ebp, -(int)I386Layout.ThreadSize);
        k.and(ebp, esp);
    }
}

/// <summary>Saving and restoring <c>pt_regs</c>.</summary>
internal static class I386Frame
{
    /// <summary>
    /// SAVE_ALL, with the number or error code pushed already: GS too, since the kernel is built with the stack protector, whose canary GS leads to.
    /// </summary>
    /// <param name="k">Where to.</param>
    /// <param name="initialResult">What stands in the AX slot; null for EAX itself.</param>
    public static void Save(KernelAssembler k, int? initialResult = null)
    {
        k.cld();
        k.push(gs);
        k.push(fs);
        k.push(es);
        k.push(ds);
        if (initialResult is { } result)
            k.push(result);
        else
            k.push(eax);
        SaveGeneral(k);
        LoadKernelSegments(k, edx);
        LoadCanarySegment(k, edx);
    }

    /// <summary>The registers below AX.</summary>
    public static void SaveGeneral(KernelAssembler k)
    {
        k.push(ebp);
        k.push(edi);
        k.push(esi);
        k.push(edx);
        k.push(ecx);
        k.push(ebx);
    }

    /// <summary>DS and ES are those of programs, which are as flat as the kernel's own.</summary>
    public static void LoadKernelSegments(KernelAssembler k, AssemblerRegister32 scratch)
    {
        k.mov(scratch, I386Selectors.UserDs);
        k.mov(ds, scratch);
        k.mov(es, scratch);
        k.mov(scratch, I386Selectors.PerCpu);
        k.mov(fs, scratch);
    }

    public static void LoadCanarySegment(KernelAssembler k, AssemblerRegister32 scratch)
    {
        k.mov(scratch, I386Selectors.StackCanary);
        k.mov(gs, scratch);
    }

    /// <summary>RESTORE_REGS: a selector that has become bad is made null, and popped again.</summary>
    public static void Restore(KernelAssembler k)
    {
        k.pop(ebx);
        k.pop(ecx);
        k.pop(edx);
        k.pop(esi);
        k.pop(edi);
        k.pop(ebp);
        k.pop(eax);
        foreach ((string name, AssemblerRegisterSegment segment) in (ReadOnlySpan<(string, AssemblerRegisterSegment)>)[("ds", ds), ("es", es), ("fs", fs), ("gs", gs)])
        {
            k.Local($"restore_{name}");
            k.MayFault($"bad_{name}");
            k.pop(segment);
        }

        k.add(esp, 4);
    }

    /// <summary>What the pops go on with when a selector is bad.</summary>
    public static void EmitFixups(KernelAssembler k)
    {
        foreach (string name in (string[])["ds", "es", "fs", "gs"])
        {
            k.Local($"bad_{name}");
            k.mov(__dword_ptr[esp], 0);
            k.jmp(k.To($"restore_{name}"));
        }
    }
}
