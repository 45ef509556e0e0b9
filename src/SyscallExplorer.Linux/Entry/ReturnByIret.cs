using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>The ways out by IRET, to user mode and to an interrupted kernel, Linux 5.13.</summary>
internal static class ReturnByIret
{
    /// <summary>The IRET whose own fault the kernel must recognise: it then runs with the user's GS and page tables.</summary>
    public const string IretSymbol = "native_irq_return_iret";

    public const string ToUserSymbol = "swapgs_restore_regs_and_return_to_usermode";

    public static EntryPathCode ToUser { get; } = new(ToUserSymbol,
    [
        new("restore registers", RestoreRegisters),
        new("move frame to the entry stack", MoveFrame),
        new("switch page tables", k => PageTableSwitch.ToUserWithStack(k, scratch: rdi)),
        new("return", ReturnToUser),
    ]);

    public static EntryPathCode ToKernel { get; } = new("restore_regs_and_return_to_kernel",
    [
        new("restore registers", RestoreRegistersForKernel),
        new("return", k => k.jmp(k.To(EspfixReturn.SymbolIn(k.Traits)))),
    ]);

    /// <summary>IBRS is left before the registers are restored.</summary>
    public static EntryPathCode ToUser_6_1 { get; } = new(ToUserSymbol, ToUser.Steps.Insert(0, new("leave IBRS", LeaveIbrs)));

    /// <summary>Without page-table isolation the frame is left where it stands.</summary>
    public static EntryPathCode ToUser_6_8 { get; } = ToUser_6_1.InsertAfter("leave IBRS", new("return in place", ReturnInPlace));

    private static void LeaveIbrs(KernelAssembler k)
    {
        k.Phase(PhaseKind.RestoreRegisters);
        ReturnThunk.Leave(k);
    }

    private static void ReturnInPlace(KernelAssembler k) => k.OnlyWithout(KernelFeature.Pti, () =>
    {
        StackErasure.Erase(k);
        RegisterFrame.PopAllButRdi(k, skipR11AndRcx: false);
        k.pop(rdi);
        k.add(rsp, 8);
        k.swapgs();
        BufferClearing.Last(k);
        k.jmp(k.To(EspfixReturn.SymbolIn(k.Traits)));
    });

    private static void RestoreRegisters(KernelAssembler k)
    {
        k.Phase(PhaseKind.RestoreRegisters);
        RegisterFrame.PopAllButRdi(k, skipR11AndRcx: false);
    }

    private static void MoveFrame(KernelAssembler k)
    {
        k.mov(rdi, rsp);
        k.mov(rsp, k.PerCpu(PerCpuOffsets.Tss + TaskStateSegment.Rsp0));
        for (int word = 6; word >= 2; word--)
            k.push(__qword_ptr[rdi + word * 8]);
        k.push(__qword_ptr[rdi]);
        StackErasure.EraseAndKeep(k);
    }

    private static void ReturnToUser(KernelAssembler k)
    {
        k.pop(rdi);
        k.swapgs();
        BufferClearing.Last(k);
        EspfixReturn.Emit(k);
    }

    private static void RestoreRegistersForKernel(KernelAssembler k)
    {
        k.Phase(PhaseKind.RestoreRegisters);
        RegisterFrame.PopAllButRdi(k, skipR11AndRcx: false);
        k.pop(rdi);
        k.add(rsp, 8);
    }
}
