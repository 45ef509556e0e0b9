using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// <c>schedule</c>, the switch of stacks and what a task finds when it runs for the first time, as guest code. Which task is next the host
/// decides; everything that changes hands is done here.
/// </summary>
internal static class SchedulerCode
{
    /// <summary>Callee-saved registers on the stack of a task that does not run, the return address above them.</summary>
    public const int SavedRegisters = 6;

    /// <summary>Where a new task begins.</summary>
    public const string ReturnFromFork = "ret_from_fork";

    public const string Idle = "do_idle";

    public static void EmitText(KernelAssembler k)
    {
        k.Composed();
        k.Phase(PhaseKind.Schedule);
        EmitSchedule(k);
        LocalTableSwitch.Emit(k);
        ContextSwitch.Emit(k);
        FpuSwitch.Emit(k);
        EmitIdle(k);
    }

    public static void EmitEntryText(KernelAssembler k)
    {
        k.Documented();
        k.Phase(PhaseKind.Schedule);
        EmitSwitchToAsm(k);
        EmitReturnFromFork(k);
    }

    /// <summary>Gives the processor to whoever is next, and returns when it is this task's turn again.</summary>
    private static void EmitSchedule(KernelAssembler k)
    {
        k.Global("schedule");
        k.cli();
        k.mov(rdi, k.PerCpu(PerCpuOffsets.CurrentTask));
        HypercallStub.Inline(k, HypercallNumbers.PickNextTask);
        k.and(__dword_ptr[rdi + TaskLayout.ThreadFlags], ~ThreadFlags.NeedResched);
        k.cmp(rax, rdi);
        k.je(k.To("schedule.out"));

        // RDX is the next address space's CR3, or 0 where the old one will do: the idle task takes whatever is there.
        k.test(rdx, rdx);
        k.je(k.To("schedule.switch"));
        k.mov(cr3, rdx);
        k.mov(rcx, __qword_ptr[rax + TaskLayout.Mm]);
        k.call(k.To(LocalTableSwitch.Symbol));
        k.Local("schedule.switch");
        k.mov(rsi, rax);
        k.CallFar("__switch_to_asm");
        k.Local("schedule.out");
        k.sti();
        k.ret();
    }

    /// <summary>RDI is the task that leaves, RSI the one that comes; RAX becomes the one that left.</summary>
    private static void EmitSwitchToAsm(KernelAssembler k)
    {
        k.Global("__switch_to_asm");
        k.push(rbp);
        k.push(rbx);
        k.push(r12);
        k.push(r13);
        k.push(r14);
        k.push(r15);
        k.mov(__qword_ptr[rdi + TaskLayout.ThreadSp], rsp);
        k.mov(rsp, __qword_ptr[rsi + TaskLayout.ThreadSp]);
        k.mov(rbx, __qword_ptr[rsi + TaskLayout.StackCanary]);
        k.mov(k.PerCpu(PerCpuOffsets.StackCanary), rbx);
        k.OnlyWith(KernelFeature.RsbContextSwitch, "RSB filling", () => FillReturnBuffer(k));
        k.pop(r15);
        k.pop(r14);
        k.pop(r13);
        k.pop(r12);
        k.pop(rbx);
        k.pop(rbp);
        k.JumpFar("__switch_to");
    }

    /// <summary>Thirty-two calls that nobody returns from overwrite what the last task left in the return stack buffer.</summary>
    private static void FillReturnBuffer(KernelAssembler k)
    {
        const int calls = 32, perRound = 2;
        string again = k.Unique("fill");
        k.mov(r12d, calls / perRound);
        k.Local(again);
        for (int call = 0; call < perRound; call++)
        {
            string over = k.Unique("over");
            string trap = k.Unique("trap");
            k.call(k.To(over));
            k.Local(trap);
            k.pause();
            k.lfence();
            k.jmp(k.To(trap));
            k.Local(over);
        }

        k.dec(r12d);
        k.jne(k.To(again));
        k.add(rsp, calls * 8);
    }

    /// <summary>A new task comes here from the switch of stacks, with its registers above.</summary>
    private static void EmitReturnFromFork(KernelAssembler k)
    {
        k.Global(ReturnFromFork);
        k.mov(rdi, rax);
        k.CallFar("schedule_tail");
        if (k.Traits.HasPartialFrame)
        {
            ReturnOfChild(k);
            return;
        }

        if (k.Traits.HasFastPath)
        {
            FastPath44.ReturnOfChild(k);
            return;
        }

        k.mov(rdi, rsp);
        k.CallFar(ExitToUser.SyscallExitSymbol(k));
        k.OnlyWith(KernelFeature.Fred, () => k.JumpFar(FredEntry.UserExit));
        k.jmp(k.To(k.Traits.UserReturn));
    }

    /// <summary>In Linux 2.6.39 a child of a 64-bit program leaves by the fast way, one of a 32-bit program by IRET.</summary>
    private static void ReturnOfChild(KernelAssembler k)
    {
        PartialFrame.RestoreRest(k);
        k.cmp(PartialFrame.Slot(PtRegsOffsets.Cs), Selectors.User32Cs);
        k.je(k.To(FastPath2639.SlowReturn));
        PartialFrame.TakeTop(k, rdi, -PartialFrame.Start);
        k.jmp(k.To("ret_from_sys_call"));
    }

    /// <summary>The task that runs when no other can: it halts until an interrupt makes one runnable.</summary>
    private static void EmitIdle(KernelAssembler k)
    {
        k.Global("schedule_tail");
        k.sti();
        k.ret();

        k.Global(Idle);
        k.cli();
        k.mov(rax, k.PerCpu(PerCpuOffsets.CurrentTask));
        k.test(__dword_ptr[rax + TaskLayout.ThreadFlags], ThreadFlags.NeedResched);
        k.jne(k.To("do_idle.schedule"));
        HypercallStub.Inline(k, HypercallNumbers.EnterIdle);

        // STI holds interrupts back for one instruction, so that none comes between the test and the halt.
        k.sti();
        k.hlt();
        k.jmp(k.To(Idle));
        k.Local("do_idle.schedule");
        k.call(k.To("schedule"));
        k.jmp(k.To(Idle));
    }
}
