using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// The branch history buffer is overwritten at each entry where a processor cannot do that by itself (BHI), from Linux 6.9 on: five rounds
/// of five taken branches, then LFENCE. Intel, "Branch History Injection and Intra-mode Branch Target Injection", software sequence.
/// </summary>
internal static class BranchHistory
{
    private const string Symbol = "clear_bhb_loop";
    private const int Rounds = 5, Branches = 5;

    /// <summary>Calls the loop; EAX and ECX are overwritten.</summary>
    public static void Clear(KernelAssembler k) =>
        k.OnlyWith(KernelFeature.ClearBranchHistory, "branch history", () => k.call(k.To(Symbol)));

    public static void Emit(KernelAssembler k)
    {
        if (!k.Knows(KernelFeature.ClearBranchHistory))
            return;
        k.Documented();
        k.Mitigation("branch history", () =>
        {
            k.Global(Symbol);
            k.push(rbp);
            k.mov(rbp, rsp);
            k.mov(ecx, Rounds);
            k.call(k.To("clear_bhb.round"));
            k.jmp(k.To("clear_bhb.out"));
            k.Local("clear_bhb.round");
            k.call(k.To("clear_bhb.branches"));
            k.PlainReturn();
            k.Local("clear_bhb.branches");
            k.mov(eax, Branches);
            k.Local("clear_bhb.next");
            k.jmp(k.To("clear_bhb.count"));
            k.nop();
            k.Local("clear_bhb.count");
            k.sub(eax, 1);
            k.jne(k.To("clear_bhb.next"));
            k.sub(ecx, 1);
            k.jne(k.To("clear_bhb.round"));
            k.PlainReturn();
            k.Local("clear_bhb.out");
            k.lfence();
            k.pop(rbp);
            k.ret();
        });
    }
}
