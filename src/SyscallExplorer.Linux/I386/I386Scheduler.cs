using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// <c>schedule</c> and the switch of a 32-bit kernel. EAX is the task that leaves, EDX the one that comes. The FPU follows at once, so that no call has to
/// look after it on its way out.
/// </summary>
internal static class I386Scheduler
{
    /// <summary>Callee-saved registers on the stack of a task that does not run, the return address above them.</summary>
    public const int SavedRegisters = 4;

    public static void EmitText(KernelAssembler k)
    {
        k.Composed();
        k.Phase(PhaseKind.Schedule);
        EmitSchedule(k);
        EmitSwitchTo(k);
        EmitFpu(k);
        EmitIdle(k);
    }

    public static void EmitEntryText(KernelAssembler k)
    {
        k.Documented();
        k.Phase(PhaseKind.Schedule);
        EmitSwitchToAsm(k);
        EmitReturnFromFork(k);
    }

    private static void EmitSchedule(KernelAssembler k)
    {
        k.Global("schedule");
        k.push(edi);
        k.cli();
        k.mov(edi, k.PerCpuFs(PerCpuOffsets.CurrentTask));
        HypercallStub.Inline(k, HypercallNumbers.PickNextTask);
        k.and(__dword_ptr[edi + TaskLayout.ThreadFlags], ~ThreadFlags.NeedResched);
        k.cmp(eax, edi);
        k.je(k.To("schedule.out"));

        // EDX is the next address space's CR3, or 0 where the old one will do: the idle task takes whatever is there.
        k.test(edx, edx);
        k.je(k.To("schedule.switch"));
        k.mov(cr3, edx);
        k.Local("schedule.switch");
        k.mov(edx, eax);
        k.mov(eax, edi);
        k.CallFar("__switch_to_asm");
        k.Local("schedule.out");
        k.sti();
        k.pop(edi);
        k.ret();
    }

    private static void EmitSwitchToAsm(KernelAssembler k)
    {
        k.Global("__switch_to_asm");
        k.push(ebp);
        k.push(ebx);
        k.push(edi);
        k.push(esi);
        k.mov(__dword_ptr[eax + TaskLayout.ThreadSp], esp);
        k.mov(esp, __dword_ptr[edx + TaskLayout.ThreadSp]);
        k.mov(ebx, __dword_ptr[edx + TaskLayout.StackCanary]);
        k.mov(k.PerCpuFs(PerCpuOffsets.StackCanary), ebx);
        k.OnlyWith(KernelFeature.RsbContextSwitch, "RSB filling", () => FillReturnBuffer(k));
        k.pop(esi);
        k.pop(edi);
        k.pop(ebx);
        k.pop(ebp);
        k.JumpFar("__switch_to");
    }

    private static void FillReturnBuffer(KernelAssembler k)
    {
        const int calls = 32, perRound = 2;
        string again = k.Unique("fill");
        k.mov(ebx, calls / perRound);
        k.Local(again);
        for (int call = 0; call < perRound; call++)
        {
            string over = k.Unique("over"), trap = k.Unique("trap");
            k.call(k.To(over));
            k.Local(trap);
            k.pause();
            k.lfence();
            k.jmp(k.To(trap));
            k.Local(over);
        }

        k.dec(ebx);
        k.jne(k.To(again));
        k.add(esp, calls * 4);
    }

    private static void EmitSwitchTo(KernelAssembler k)
    {
        k.Global("__switch_to");
        k.push(esi);
        k.push(ebx);
        k.mov(esi, eax);
        k.mov(ebx, edx);
        SaveFpuUnlessSaved(k);
        for (int word = 0; word < Selectors.TlsEntries * 2; word++)
        {
            k.mov(eax, __dword_ptr[ebx + TaskLayout.TlsArray + word * 4]);
            k.mov(__dword_ptr[I386Layout.Gdt + (ulong)(I386Selectors.FirstTls * 8 + word * 4)], eax);
        }

        k.mov(k.PerCpuFs(PerCpuOffsets.CurrentTask), ebx);
        k.mov(eax, __dword_ptr[ebx + TaskLayout.TopOfStack]);
        k.mov(k.PerCpuFs(PerCpuOffsets.TopOfStack), eax);
        k.mov(k.Tss32(k.Traits.HasEntryStack ? I386Layout.TssSp1 : TaskStateSegment.Rsp0), eax);

        // The idle task has no address space, and no FPU.
        k.cmp(__dword_ptr[ebx + TaskLayout.Mm], 0);
        k.je(k.To("__switch_to.out"));
        k.mov(ecx, ebx);
        k.call(k.To("load_fpregs"));
        k.Local("__switch_to.out");
        k.mov(eax, esi);
        k.pop(ebx);
        k.pop(esi);
        k.ret();
    }

    private static void EmitFpu(KernelAssembler k)
    {
        k.Global("save_fpregs_to_fpstate");
        k.push(esi);
        k.mov(esi, k.PerCpuFs(PerCpuOffsets.CurrentTask));
        SaveFpuUnlessSaved(k);
        k.pop(esi);
        k.ret();

        k.Global("switch_fpu_return");
        k.mov(ecx, k.PerCpuFs(PerCpuOffsets.CurrentTask));

        // ECX is a task.
        k.Local("load_fpregs");
        ByFormat(k, "load", () => k.xrstor(__[ecx + TaskLayout.Fpu]), () => k.fxrstor(__[ecx + TaskLayout.Fpu]), () => k.frstor(__[ecx + TaskLayout.Fpu]));
        k.and(__dword_ptr[ecx + TaskLayout.ThreadFlags], ~ThreadFlags.NeedFpuLoad);
        k.ret();
    }

    /// <summary>ESI is a task; EAX and EDX are overwritten.</summary>
    private static void SaveFpuUnlessSaved(KernelAssembler k)
    {
        string done = k.Unique("fpu_saved");
        k.test(__dword_ptr[esi + TaskLayout.ThreadFlags], ThreadFlags.NeedFpuLoad);
        k.jne(k.To(done));
        ByFormat(k, "save", () => k.xsave(__[esi + TaskLayout.Fpu]), () => k.fxsave(__[esi + TaskLayout.Fpu]), () => k.fnsave(__[esi + TaskLayout.Fpu]));
        k.or(__dword_ptr[esi + TaskLayout.ThreadFlags], ThreadFlags.NeedFpuLoad);
        k.Local(done);
    }

    /// <summary>FNSAVE leaves an FPU that is as after FNINIT, and the flag that its registers have to be loaded.</summary>
    private static void ByFormat(KernelAssembler k, string stem, Action xsave, Action fxsave, Action fnsave)
    {
        string legacy = k.Unique($"fpu_{stem}_legacy"), old = k.Unique($"fpu_{stem}_old"), done = k.Unique($"fpu_{stem}_done");
        k.OnlyWithout(KernelFeature.Xsave, () => k.jmp(k.To(legacy)));
        k.mov(eax, -1);
        k.mov(edx, -1);
        xsave();
        k.jmp(k.To(done));
        k.Local(legacy);
        k.OnlyWithout(KernelFeature.Fxsr, () => k.jmp(k.To(old)));
        fxsave();
        k.jmp(k.To(done));
        k.Local(old);
        fnsave();
        k.Local(done);
    }

    /// <summary>A new task comes here from the switch of stacks, with its registers above.</summary>
    private static void EmitReturnFromFork(KernelAssembler k)
    {
        k.Global(SchedulerCode.ReturnFromFork);
        k.CallFar("schedule_tail");
        I386Returns.FromFork(k);
    }

    private static void EmitIdle(KernelAssembler k)
    {
        k.Global("schedule_tail");
        k.ret();

        k.Global(SchedulerCode.Idle);
        k.cli();
        k.mov(eax, k.PerCpuFs(PerCpuOffsets.CurrentTask));
        k.test(__dword_ptr[eax + TaskLayout.ThreadFlags], ThreadFlags.NeedResched);
        k.jne(k.To("do_idle.schedule"));
        HypercallStub.Inline(k, HypercallNumbers.EnterIdle);

        // STI holds interrupts back for one instruction, so that none comes between the test and the halt.
        k.sti();
        k.hlt();
        k.jmp(k.To(SchedulerCode.Idle));
        k.Local("do_idle.schedule");
        k.call(k.To("schedule"));
        k.jmp(k.To(SchedulerCode.Idle));
    }
}

/// <summary>How a generation's new tasks come out of their first switch.</summary>
internal static class I386Returns
{
    public static void FromFork(KernelAssembler k)
    {
        const int interruptsOn = 0x202;
        if (!k.Traits.HasIretFlag)
        {
            k.mov(eax, esp);
            k.CallFar(I386Dispatch.SyscallExitSymbol(k));
            k.jmp(k.To(I386Entry44.Done));
            return;
        }

        k.GetThreadInfo();
        k.push(interruptsOn);
        k.popfd();
        k.jmp(k.To("syscall_exit"));
    }
}
