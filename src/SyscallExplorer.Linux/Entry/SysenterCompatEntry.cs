using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// SYSENTER from a 32-bit program on a 64-bit kernel, from Linux 4.20 on. The hardware keeps neither EIP nor ESP: the return address is the
/// landing pad behind the stub that every program shares, and EBP holds the stack pointer.
/// </summary>
internal static class SysenterCompatEntry
{
    public static EntryPathCode Linux_5_13 { get; } = new("entry_SYSENTER_compat",
    [
        new("switch stack", SwitchStack),
        new("push frame", PushFrame),
        new("push registers", k => RegisterFrame.PushAndClear32(k, rcx)),
        new("fix flags", k => FixFlags(k, Rflags.NT | Rflags.AC | Rflags.TF)),
        new("call C", k => CallC(k, "do_SYSENTER_32")),
        new("choose return", k => FastReturn32.ChooseReturn(k)),
        new("flags fix-up", FlagsFixup),
    ]);

    /// <summary>RSP serves as scratch register; flags and stack pointer are pushed as they must become.</summary>
    public static EntryPathCode Linux_4_20 { get; } = Linux_5_13
        .Replace("switch stack", new("switch stack", SwitchStackByStackPointer))
        .Replace("push frame", new("push frame", PushMendedFrame))
        .Replace("call C", new("call C", k => CallC(k, "do_fast_syscall_32")));

    /// <summary>R8 to R15 are pushed as they are, and what the predictors learnt in user mode is fenced off.</summary>
    public static EntryPathCode Linux_6_1 { get; } = Linux_5_13
        .Replace("push registers", new("push registers", k => RegisterFrame.PushAndClear(k, -Errno.ENOSYS)))
        .InsertAfter("push registers", new("enter IBRS", ReturnThunk.Enter));

    /// <summary>The fence comes behind the mending of the flags.</summary>
    public static EntryPathCode Linux_6_8 { get; } = Linux_6_1.Remove("enter IBRS").InsertAfter("fix flags", new("enter IBRS", ReturnThunk.Enter));

    /// <summary>The branch history is cleared before C.</summary>
    public static EntryPathCode Linux_6_12 { get; } = Linux_6_8.InsertAfter("enter IBRS", new("clear branch history", BranchHistory.Clear));

    /// <summary>Of the program's flags only NT is mended, and SMAP is closed before anything is written.</summary>
    public static EntryPathCode Linux_4_4 { get; } = Linux_4_20
        .Replace("push frame", new("push frame", PushMendedFrameWithSmap))
        .Replace("fix flags", new("fix flags", k => FixFlags(k, Rflags.NT)));

    private static void PushMendedFrameWithSmap(KernelAssembler k)
    {
        k.Phase(PhaseKind.SaveRegisters);
        k.mov(eax, eax);
        k.push(Selectors.UserDs);
        k.push(rbp);
        k.pushfq();
        k.or(__qword_ptr[rsp], (int)Rflags.IF);
        Int80CompatEntry.ClearAccessControl(k);
        k.push(Selectors.User32Cs);
        k.push(0);
        k.push(rax);
    }

    private static void SwitchStackByStackPointer(KernelAssembler k)
    {
        k.Phase(PhaseKind.StackSwitch);
        k.swapgs();
        PageTableSwitch.ToKernel(k, scratch: rsp);
        k.mov(rsp, k.TopOfStack());
    }

    private static void PushMendedFrame(KernelAssembler k)
    {
        k.Phase(PhaseKind.SaveRegisters);
        k.push(Selectors.UserDs);
        k.push(rbp);
        k.pushfq();
        k.or(__qword_ptr[rsp], (int)Rflags.IF);
        k.push(Selectors.User32Cs);
        k.push(0);
        k.Global("entry_SYSENTER_compat_after_hwframe");
        k.mov(eax, eax);
        k.push(rax);
    }

    private static void SwitchStack(KernelAssembler k)
    {
        k.Phase(PhaseKind.StackSwitch);
        k.Endbr();
        k.swapgs();
        k.push(rax);
        PageTableSwitch.ToKernel(k, scratch: rax);
        k.pop(rax);
        k.mov(rsp, k.TopOfStack());
    }

    private static void PushFrame(KernelAssembler k)
    {
        k.Phase(PhaseKind.SaveRegisters);
        k.push(Selectors.UserDs);
        k.push(0);

        // RFLAGS before anything here changes it; IF, which SYSENTER cleared, is put back in C.
        k.pushfq();
        k.push(Selectors.User32Cs);
        k.push(0);
        k.Global("entry_SYSENTER_compat_after_hwframe");
        k.mov(eax, eax);
        k.push(rax);
    }

    /// <summary>SYSENTER leaves NT, AC and TF as the program had them; NT would make an IRET fault, AC would open SMAP.</summary>
    private static void FixFlags(KernelAssembler k, ulong flags)
    {
        k.cld();
        k.test(__dword_ptr[rsp + PtRegsOffsets.Flags], (int)flags);
        k.jne(k.To("entry_SYSENTER_compat_fix_flags"));
        k.Global("entry_SYSENTER_compat_flags_fixed");
    }

    private static void CallC(KernelAssembler k, string function)
    {
        k.Phase(PhaseKind.Dispatch);
        k.mov(rdi, rsp);
        k.CallFar(function);
    }

    private static void FlagsFixup(KernelAssembler k)
    {
        k.Phase(PhaseKind.SaveRegisters);
        k.Global("entry_SYSENTER_compat_fix_flags");
        k.push((int)Rflags.Fixed);
        k.popfq();
        k.jmp(k.To("entry_SYSENTER_compat_flags_fixed"));
        k.Global("__end_entry_SYSENTER_compat");
    }
}
