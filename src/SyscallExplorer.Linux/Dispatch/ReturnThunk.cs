using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// Return thunks and what keeps a return from being predicted by what user mode trained (RETBLEED), from Linux 5.19 on. On AMD the thunk's
/// return lies within another instruction, whose execution at the entry makes the predictor forget it; on Intel IBRS does the work.
/// </summary>
internal static class ReturnThunk
{
    public const string Symbol = "__x86_return_thunk";
    private const string Untrain = "zen_untrain_ret";
    private const int Ibrs = 1;

    public static void Emit(KernelAssembler k)
    {
        if (!k.Traits.HasReturnThunks)
            return;
        k.Documented();
        k.PhaseOfCaller();
        k.Mitigation("untrain return", () =>
        {
            // TEST r/m8, imm8 as far as the decoder that comes from here can tell; its second byte is the thunk's RET.
            k.Global(Untrain);
            k.db(0xF6);
            k.Global(Symbol);
            k.PlainReturn();
            k.int3();
            k.lfence();
            k.jmp(k.To(Symbol));
            k.int3();
        });
    }

    /// <summary>At the entry, once the page tables are the kernel's: IBRS on, or the thunk's return untrained. RAX, RCX and RDX are overwritten.</summary>
    public static void Enter(KernelAssembler k)
    {
        k.OnlyWith(KernelFeature.KernelIbrs, "IBRS", () =>
        {
            LoadSpecCtrl(k);
            WriteSpecCtrl(k);
        });
        k.OnlyWith(KernelFeature.UntrainReturns, "untrain return", () =>
        {
            if (k.IsEntryText)
                k.CallFar(Untrain);
            else
                k.call(k.To(Untrain));
        });
    }

    /// <summary>Before user mode: IBRS off. RAX, RCX and RDX are overwritten.</summary>
    public static void Leave(KernelAssembler k)
    {
        k.OnlyWith(KernelFeature.KernelIbrs, "IBRS", () =>
        {
            LoadSpecCtrl(k);
            k.and(edx, ~Ibrs);
            WriteSpecCtrl(k);
        });
    }

    private static void LoadSpecCtrl(KernelAssembler k)
    {
        k.mov(ecx, Machine.Msr.SpecCtrl);
        k.mov(rdx, k.PerCpu(PerCpuOffsets.SpecCtrl));
    }

    private static void WriteSpecCtrl(KernelAssembler k)
    {
        k.mov(eax, edx);
        k.shr(rdx, 32);
        k.wrmsr();
    }
}
