using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>What the generic entry code of Linux 5.13 does before user mode: exit work of the call, the work loop with interrupts off, then the architecture's last steps.</summary>
internal static class ExitToUser
{
    private const int RegsPoked = 4;

    public static void Emit(KernelAssembler k)
    {
        k.Composed();
        k.Phase(PhaseKind.ExitWork);
        EmitSyscallExit(k);
        EmitPrepare(k);
        EmitLast(k);
    }

    private static void EmitSyscallExit(KernelAssembler k)
    {
        k.Global("syscall_exit_to_user_mode");
        k.mov(rax, k.PerCpu(PerCpuOffsets.CurrentTask));
        k.test(__dword_ptr[rax + TaskLayout.SyscallWork], SyscallWork.OnExit);
        k.jne(k.To("syscall_exit_work"));
        k.Local("syscall_exit_to_user_mode.cli");
        k.cli();

        // An exception's exit comes in here, with interrupts off already.
        k.Global("irqentry_exit_to_user_mode");
        k.call(k.To("exit_to_user_mode_prepare"));
        k.jmp(k.To("exit_to_user_mode"));

        k.Global("syscall_exit_work");
        HypercallStub.Inline(k, HypercallNumbers.ExitWork);
        k.jmp(k.To("syscall_exit_to_user_mode.cli"));
    }

    private static void EmitPrepare(KernelAssembler k)
    {
        k.Global("exit_to_user_mode_prepare");
        k.Local("exit_to_user_mode_prepare.again");
        k.mov(rdx, k.PerCpu(PerCpuOffsets.CurrentTask));
        k.mov(rax, __qword_ptr[rdx + TaskLayout.ThreadFlags]);
        k.test(eax, ThreadFlags.ExitLoop);
        k.jne(k.To("exit_to_user_mode_loop"));
        k.and(__dword_ptr[rdx + TaskLayout.ThreadStatus], ~(ThreadStatus.Compat | RegsPoked));
        KstackOffset.Choose(k);
        k.ret();

        k.Global("exit_to_user_mode_loop");
        k.sti();
        HypercallStub.Inline(k, HypercallNumbers.ExitLoop);
        k.cli();
        k.jmp(k.To("exit_to_user_mode_prepare.again"));
    }

    /// <summary>VERW with a valid selector overwrites the buffers that MDS reads.</summary>
    private static void EmitLast(KernelAssembler k)
    {
        k.Global("exit_to_user_mode");
        k.OnlyWith(KernelFeature.MdsClear, "MDS", () => k.verw(__word_ptr[KernelLayout.VerwSelector]));
        k.ret();
    }
}
