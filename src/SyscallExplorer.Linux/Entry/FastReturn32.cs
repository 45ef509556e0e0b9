using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>The fast way back to a 32-bit program: SYSRETL, also for a program that came by SYSENTER.</summary>
internal static class FastReturn32
{
    public const string Symbol = "sysret32_from_system_call";

    /// <summary>C returned whether SYSRETL will do.</summary>
    public static void ChooseReturn(KernelAssembler k)
    {
        k.Phase(PhaseKind.RestoreRegisters);
        if (k.Traits.SysretDecidedInC)
            AsCSaid(k);
        else
            k.JumpInstead(KernelFeature.XenPv, k.Traits.UserReturn, () => AsCSaid(k));
    }

    private static void AsCSaid(KernelAssembler k)
    {
        k.test(eax, eax);
        k.je(k.To(k.Traits.UserReturn));
        k.jmp(k.To(Symbol));
    }

    public static EntryPathCode Linux_5_13 { get; } = new(Symbol,
    [
        new("erase stack", EraseStack),
        new("restore registers", RestoreRegisters),
        new("switch page tables", k => PageTableSwitch.ToUser(k, scratch: r8, second: r9)),
        new("clear and return", ClearAndReturn),
    ]);

    /// <summary>IBRS is left before the registers are restored.</summary>
    public static EntryPathCode Linux_6_1 { get; } = Linux_5_13.InsertAfter("erase stack", new("leave IBRS", LeaveIbrs));

    private static void EraseStack(KernelAssembler k)
    {
        k.Phase(PhaseKind.RestoreRegisters);
        StackErasure.Erase(k);
    }

    private static void LeaveIbrs(KernelAssembler k)
    {
        k.Phase(PhaseKind.RestoreRegisters);
        ReturnThunk.Leave(k);
    }

    private static void RestoreRegisters(KernelAssembler k)
    {
        k.Phase(PhaseKind.RestoreRegisters);
        k.mov(rbx, __qword_ptr[rsp + PtRegsOffsets.Bx]);
        k.mov(rbp, __qword_ptr[rsp + PtRegsOffsets.Bp]);
        k.mov(r11, __qword_ptr[rsp + PtRegsOffsets.Flags]);
        k.mov(rcx, __qword_ptr[rsp + PtRegsOffsets.Ip]);
        k.add(rsp, PtRegsOffsets.Ax);
        k.pop(rax);
        k.pop(rdx);
        k.pop(rdx);
        k.pop(rsi);
        k.pop(rdi);
        k.mov(rsp, __qword_ptr[rsp + PtRegsOffsets.Sp - PtRegsOffsets.OrigAx]);
    }

    /// <summary>R8 to R10 would carry kernel values into the program.</summary>
    private static void ClearAndReturn(KernelAssembler k)
    {
        k.xor(r8d, r8d);
        k.xor(r9d, r9d);
        k.xor(r10d, r10d);
        k.swapgs();
        BufferClearing.Last(k);
        k.sysret();
        BufferClearing.Stop(k);
    }
}
