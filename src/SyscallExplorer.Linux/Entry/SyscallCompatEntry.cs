using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// SYSCALL from a 32-bit program on a 64-bit kernel, from Linux 4.20 on: AMD only. ECX holds the return address, so that the second argument
/// travels in EBP and the sixth on the stack.
/// </summary>
internal static class SyscallCompatEntry
{
    public static EntryPathCode Linux_5_13 { get; } = new("entry_SYSCALL_compat",
    [
        new("switch stack", SwitchStack),
        new("push frame", PushFrame),
        new("push registers", k => RegisterFrame.PushAndClear32(k, rbp)),
        new("call C", CallC),
        new("choose return", k => FastReturn32.ChooseReturn(k)),
    ]);

    /// <summary>R8 to R15 are pushed as they are, and what the predictors learnt in user mode is fenced off.</summary>
    public static EntryPathCode Linux_6_1 { get; } = Linux_5_13
        .Replace("push registers", new("push registers", k => RegisterFrame.PushAndClear(k, -Errno.ENOSYS, second: rbp)))
        .InsertAfter("push registers", new("enter IBRS", ReturnThunk.Enter));

    /// <summary>The branch history is cleared before C.</summary>
    public static EntryPathCode Linux_6_12 { get; } = Linux_6_1.InsertAfter("enter IBRS", new("clear branch history", BranchHistory.Clear));

    private static void SwitchStack(KernelAssembler k)
    {
        k.Phase(PhaseKind.StackSwitch);
        k.Endbr();
        k.swapgs();
        k.mov(r8d, esp);
        PageTableSwitch.ToKernel(k, scratch: rsp);
        k.mov(rsp, k.TopOfStack());
    }

    private static void PushFrame(KernelAssembler k)
    {
        k.Phase(PhaseKind.SaveRegisters);
        k.push(Selectors.UserDs);
        k.push(r8);
        k.push(r11);
        k.push(Selectors.User32Cs);
        k.push(rcx);
        k.Global("entry_SYSCALL_compat_after_hwframe");
        k.mov(eax, eax);
        k.push(rax);
    }

    private static void CallC(KernelAssembler k)
    {
        k.Phase(PhaseKind.Dispatch);
        k.mov(rdi, rsp);
        k.CallFar("do_fast_syscall_32");
    }
}
