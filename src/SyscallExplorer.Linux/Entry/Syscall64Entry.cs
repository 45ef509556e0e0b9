using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// The 64-bit SYSCALL entry from Linux 4.20 on, from the first ring-0 instruction to SYSRET, or to the IRET path when the registers do not
/// allow SYSRET.
/// </summary>
internal static class Syscall64Entry
{
    private const int CanonicalShift = 16, CanonicalShiftOf57Bits = 7;
    private const byte ShiftLeft = 0xE1, ShiftRight = 0xF9;

    public static EntryPathCode Linux_5_13 { get; } = new("entry_SYSCALL_64",
    [
        new("switch stack", SwitchStack),
        new("push hardware frame", k => PushHardwareFrame(k, PerCpuOffsets.Tss + TaskStateSegment.Rsp2)),
        new("push registers", k => RegisterFrame.PushAndClear(k, -Errno.ENOSYS)),
        new("call C", CallC),
        new("choose return", ChooseReturn),
        new("return by SYSRET", k => ReturnBySysret(k, asItStands: false)),
    ]);

    /// <summary>With page-table isolation LSTAR leads to <see cref="SyscallTrampoline"/>, without here: the user's stack pointer has a per-CPU word.</summary>
    public static EntryPathCode Linux_4_19 { get; } = Linux_5_13
        .Replace("switch stack", new("switch stack", SwitchStackPlainly))
        .Replace("push hardware frame", new("push hardware frame", k => PushHardwareFrame(k, PerCpuOffsets.RspScratch)));

    private static void SwitchStackPlainly(KernelAssembler k)
    {
        k.Phase(PhaseKind.StackSwitch);
        k.swapgs();
        k.mov(k.PerCpu(PerCpuOffsets.RspScratch), rsp);
        k.mov(rsp, k.TopOfStack());
    }

    /// <summary>The number is an int, the registers come first, and what the predictors learnt in user mode is fenced off.</summary>
    public static EntryPathCode Linux_6_1 { get; } = Linux_5_13
        .Replace("call C", new("load arguments", LoadArguments))
        .InsertAfter("load arguments", new("enter IBRS", ReturnThunk.Enter))
        .InsertAfter("enter IBRS", new("call C", k => k.CallFar("do_syscall_64")))
        .InsertAfter("choose return", new("leave IBRS", ReturnThunk.Leave))
        .Replace("return by SYSRET", new("return by SYSRET", k => ReturnBySysret(k, asItStands: true)));

    /// <summary>C has decided whether SYSRET will do; VERW comes last.</summary>
    public static EntryPathCode Linux_6_8 { get; } = Linux_6_1
        .Replace("choose return", new("choose return", ChooseReturnAsCSaid));

    /// <summary>The branch history is cleared before C.</summary>
    public static EntryPathCode Linux_6_12 { get; } = Linux_6_8.InsertAfter("enter IBRS", new("clear branch history", BranchHistory.Clear));

    private static void SwitchStack(KernelAssembler k)
    {
        k.Phase(PhaseKind.StackSwitch);
        k.Endbr();
        k.swapgs();
        k.mov(k.PerCpu(PerCpuOffsets.Tss + TaskStateSegment.Rsp2), rsp);
        PageTableSwitch.ToKernel(k, scratch: rsp);
        k.mov(rsp, k.TopOfStack());
    }

    private static void PushHardwareFrame(KernelAssembler k, int stackPointer)
    {
        k.Phase(PhaseKind.SaveRegisters);
        k.push(Selectors.UserDs);
        k.push(k.PerCpu(stackPointer));
        k.push(r11);
        k.push(Selectors.UserCs);
        k.push(rcx);
        k.Global("entry_SYSCALL_64_after_hwframe");
        k.push(rax);
    }

    private static void CallC(KernelAssembler k)
    {
        k.Phase(PhaseKind.Dispatch);
        k.mov(rdi, rax);
        k.mov(rsi, rsp);
        k.CallFar("do_syscall_64");
    }

    /// <summary>SHL or SAR of RCX by a constant.</summary>
    private static byte[] ShiftOfRcx(byte kind, int count) => [0x48, 0xC1, kind, (byte)count];

    private static void ChooseReturn(KernelAssembler k)
    {
        k.Phase(PhaseKind.RestoreRegisters);
        if (k.Traits.LeavesXenByAlternative)
            k.JumpWith(KernelFeature.XenPv, ReturnByIret.ToUserSymbol);
        CheckFrame(k, ReturnByIret.ToUserSymbol);
    }

    /// <summary>SYSRET is legal only when it would restore exactly what IRET would; otherwise the slow way is taken. RCX and R11 are overwritten.</summary>
    public static void CheckFrame(KernelAssembler k, string slow)
    {
        const int forbidden = (int)(Rflags.RF | Rflags.TF);
        k.mov(rcx, __qword_ptr[rsp + PtRegsOffsets.Cx]);
        k.mov(r11, __qword_ptr[rsp + PtRegsOffsets.Ip]);
        k.cmp(rcx, r11);
        k.jne(k.To(slow));

        // A non-canonical RCX would make SYSRET fault in ring 0 on Intel, with the user's stack pointer.
        k.Either(KernelFeature.La57, ShiftOfRcx(ShiftLeft, CanonicalShift), ShiftOfRcx(ShiftLeft, CanonicalShiftOf57Bits));
        k.Either(KernelFeature.La57, ShiftOfRcx(ShiftRight, CanonicalShift), ShiftOfRcx(ShiftRight, CanonicalShiftOf57Bits));
        k.cmp(r11, rcx);
        k.jne(k.To(slow));
        k.cmp(__qword_ptr[rsp + PtRegsOffsets.Cs], Selectors.UserCs);
        k.jne(k.To(slow));
        k.mov(r11, __qword_ptr[rsp + PtRegsOffsets.Flags]);
        k.cmp(__qword_ptr[rsp + PtRegsOffsets.R11], r11);
        k.jne(k.To(slow));

        // SYSRET cannot restore RF, and with TF it would trap one instruction too early.
        k.test(r11, forbidden);
        k.jne(k.To(slow));
        k.cmp(__qword_ptr[rsp + PtRegsOffsets.Ss], Selectors.UserDs);
        k.jne(k.To(slow));
    }

    private static void LoadArguments(KernelAssembler k)
    {
        k.Phase(PhaseKind.Dispatch);
        k.mov(rdi, rsp);
        k.movsxd(rsi, eax);
    }

    private static void ChooseReturnAsCSaid(KernelAssembler k)
    {
        k.Phase(PhaseKind.RestoreRegisters);
        k.JumpInstead(KernelFeature.XenPv, ReturnByIret.ToUserSymbol, () =>
        {
            k.test(al, al);
            k.je(k.To(ReturnByIret.ToUserSymbol));
        });
    }

    /// <param name="k">Where to.</param>
    /// <param name="asItStands">RCX and R11 are known to equal RIP and RFLAGS, and are popped as the others.</param>
    private static void ReturnBySysret(KernelAssembler k, bool asItStands)
    {
        k.Global("syscall_return_via_sysret");
        RegisterFrame.PopAllButRdi(k, skipR11AndRcx: !asItStands);

        // RDI and RSP are left: they go by the entry stack, which the user's page tables hold too.
        k.mov(rdi, rsp);
        k.mov(rsp, k.PerCpu(PerCpuOffsets.Tss + TaskStateSegment.Rsp0));
        k.push(__qword_ptr[rdi + PtRegsOffsets.Sp - PtRegsOffsets.Di]);
        k.push(__qword_ptr[rdi]);
        StackErasure.EraseAndKeep(k);
        PageTableSwitch.ToUserWithStack(k, scratch: rdi);
        k.pop(rdi);
        k.pop(rsp);
        k.swapgs();
        BufferClearing.Last(k);
        k.sysretq();
        BufferClearing.Stop(k);
    }
}
