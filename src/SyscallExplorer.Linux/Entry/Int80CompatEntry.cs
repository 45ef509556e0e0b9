using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// <c>int $0x80</c> on a 64-bit kernel, Linux 4.20 to 6.1, from 32-bit and from 64-bit code. The gate brings the entry stack; the frame
/// moves to the thread stack once the page tables are the kernel's. The way back is always IRET.
/// </summary>
internal static class Int80CompatEntry
{
    private static readonly byte[] Nop3 = [0x0F, 0x1F, 0x00];
    private static readonly byte[] Clac = [0x0F, 0x01, 0xCA];

    public static EntryPathCode Linux_5_13 { get; } = new("entry_INT80_compat",
    [
        new("switch stack", SwitchStack),
        new("move frame", MoveFrame),
        new("push registers", PushRegisters),
        new("call C", CallC),
    ]);

    /// <summary>What the predictors learnt in user mode is fenced off.</summary>
    public static EntryPathCode Linux_6_1 { get; } = Linux_5_13.InsertAfter("push registers", new("enter IBRS", ReturnThunk.Enter));

    /// <summary>The gate brings the task's own stack; R8 to R11 are pushed as zero, and are zero afterwards.</summary>
    public static EntryPathCode Linux_4_4 { get; } = new("entry_INT80_compat",
    [
        new("swap GS", SwapGs),
        new("push registers", PushRegistersWithoutUpper),
        new("call C", CallC),
    ]);

    private static void SwapGs(KernelAssembler k)
    {
        k.Phase(PhaseKind.StackSwitch);
        ClearAccessControl(k);
        k.swapgs();
        k.mov(eax, eax);
    }

    private static void PushRegistersWithoutUpper(KernelAssembler k)
    {
        k.Phase(PhaseKind.SaveRegisters);
        k.push(rax);
        k.push(rdi);
        k.push(rsi);
        k.push(rdx);
        k.push(rcx);
        k.push(-Errno.ENOSYS);
        for (int i = 0; i < 4; i++)
            k.push(0);
        k.push(rbx);
        k.push(rbp);
        k.push(r12);
        k.push(r13);
        k.push(r14);
        k.push(r15);
        k.cld();
    }

    /// <summary>CLAC where there is SMAP: an interrupt gate keeps AC.</summary>
    public static void ClearAccessControl(KernelAssembler k) => k.Either(KernelFeature.Smap, Nop3, Clac);

    private static void SwitchStack(KernelAssembler k)
    {
        k.Phase(PhaseKind.StackSwitch);
        k.Endbr();
        ClearAccessControl(k);
        k.swapgs();
        k.mov(eax, eax);
        k.push(rax);
        k.push(rdi);
        PageTableSwitch.ToKernel(k, scratch: rdi);
        k.mov(rdi, rsp);
        k.mov(rsp, k.TopOfStack());
    }

    private static void MoveFrame(KernelAssembler k)
    {
        k.Phase(PhaseKind.SaveRegisters);
        for (int word = 6; word >= 1; word--)
            k.push(__qword_ptr[rdi + word * 8]);
        k.push(__qword_ptr[rdi]);
    }

    /// <summary>From Linux 4.17 on R8 to R15 survive the call, which 64-bit callers rely on.</summary>
    private static void PushRegisters(KernelAssembler k)
    {
        k.push(rsi);
        k.xor(esi, esi);
        k.push(rdx);
        k.xor(edx, edx);
        k.push(rcx);
        k.xor(ecx, ecx);
        k.push(-Errno.ENOSYS);
        k.push(r8);
        k.xor(r8d, r8d);
        k.push(r9);
        k.xor(r9d, r9d);
        k.push(r10);
        k.xor(r10d, r10d);
        k.push(r11);
        k.xor(r11d, r11d);
        k.push(rbx);
        k.xor(ebx, ebx);
        k.push(rbp);
        k.xor(ebp, ebp);
        k.push(r12);
        k.xor(r12d, r12d);
        k.push(r13);
        k.xor(r13d, r13d);
        k.push(r14);
        k.xor(r14d, r14d);
        k.push(r15);
        k.xor(r15d, r15d);
        k.cld();
    }

    private static void CallC(KernelAssembler k)
    {
        k.Phase(PhaseKind.Dispatch);
        k.mov(rdi, rsp);
        k.CallFar("do_int80_syscall_32");
        k.jmp(k.To(k.Traits.UserReturn));
    }
}
