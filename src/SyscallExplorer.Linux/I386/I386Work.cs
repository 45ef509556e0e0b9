using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>C around system calls: what tracers see, and what is to be done before user mode. A function's arguments come in EAX, EDX and ECX.</summary>
internal static class I386Work
{
    public static void Emit(KernelAssembler k)
    {
        k.Composed();
        k.Phase(PhaseKind.EntryWork);
        EmitTraceEnter(k);
        k.Phase(PhaseKind.ExitWork);
        EmitTraceLeave(k);
        if (k.Traits.HasIretFlag)
            EmitNotifyResume(k);
    }

    /// <summary>EAX is the registers; the number is the result, which tracers may have changed, or -1 where the call is not to be done.</summary>
    private static void EmitTraceEnter(KernelAssembler k)
    {
        k.Global("syscall_trace_enter");
        k.push(edi);
        k.mov(edi, eax);
        if (!k.Traits.HasEntryStack)
        {
            k.mov(ecx, k.PerCpuFs(PerCpuOffsets.CurrentTask));
            I386SystemCall26.EmitSingleStep(k);
            k.mov(eax, __dword_ptr[edi + I386Registers.OrigAx]);
            k.je(k.To("syscall_trace_enter.out"));
        }

        HypercallStub.Waiting(k, HypercallNumbers.EntryWork);
        k.Local("syscall_trace_enter.out");
        k.pop(edi);
        k.ret();
    }

    private static void EmitTraceLeave(KernelAssembler k)
    {
        k.Global("syscall_trace_leave");
        k.push(edi);
        k.mov(edi, eax);
        HypercallStub.Waiting(k, HypercallNumbers.ExitWork);
        k.pop(edi);
        k.ret();
    }

    /// <summary>EAX is the registers: signals first, then what was registered for the way back, and the FPU last, since a handler begins with a fresh one.</summary>
    private static void EmitNotifyResume(KernelAssembler k)
    {
        k.Global("do_notify_resume");
        k.push(edi);
        k.mov(edi, eax);
        k.sti();
        ServeFlags(k, "do_notify_resume");
        k.mov(ecx, k.PerCpuFs(PerCpuOffsets.CurrentTask));
        k.and(__dword_ptr[ecx + TaskLayout.ThreadFlags], ~I386SystemCall26.Iret);
        k.cli();
        k.test(__dword_ptr[ecx + TaskLayout.ThreadFlags], ThreadFlags.NeedFpuLoad);
        k.je(k.To("do_notify_resume.out"));
        k.call(k.To("switch_fpu_return"));
        k.Local("do_notify_resume.out");
        k.pop(edi);
        k.ret();
    }

    /// <summary>Probes and patches, signals, what was registered for the way back. EDI is the registers.</summary>
    public static void ServeFlags(KernelAssembler k, string name)
    {
        SkipUnless(k, ThreadFlags.Uprobe | ThreadFlags.PatchPending, name + ".probed", () => HypercallStub.Inline(k, HypercallNumbers.ExitLoop));
        SkipUnless(k, ThreadFlags.SigPending | ThreadFlags.NotifySignal, name + ".signalled", () =>
        {
            k.call(k.To("save_fpregs_to_fpstate"));
            HypercallStub.Waiting(k, HypercallNumbers.DoSignal);
        });
        SkipUnless(k, ThreadFlags.NotifyResume, name + ".notified", () => HypercallStub.Inline(k, HypercallNumbers.ResumeUserModeWork));
    }

    private static void SkipUnless(KernelAssembler k, int flags, string skip, Action body)
    {
        k.mov(ecx, k.PerCpuFs(PerCpuOffsets.CurrentTask));
        k.test(__dword_ptr[ecx + TaskLayout.ThreadFlags], flags);
        k.je(k.To(skip));
        body();
        k.Local(skip);
    }
}
