using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// Return thunks and what keeps a return from being predicted by what user mode trained (RETBLEED), from Linux 5.19 on. On AMD the thunk's
/// return lies within another instruction, whose execution at the entry makes the predictor forget it; on Intel IBRS does the work. Against SRSO, from
/// Linux 6.5 on, the thunk makes a call of its own, from which the return then takes its target. AMD, "Technical Update Regarding Speculative Return Stack Overflow".
/// </summary>
internal static class ReturnThunk
{
    public const string Symbol = "__x86_return_thunk";
    private const string Untrain = "zen_untrain_ret";
    private const string SafeUntrain = "srso_untrain_ret", SafeReturn = "srso_safe_ret", SafeThunk = "srso_return_thunk";
    private const string AliasUntrain = "srso_alias_untrain_ret", AliasReturn = "srso_alias_safe_ret", AliasThunk = "srso_alias_return_thunk";
    private const string Barrier = "entry_ibpb";
    private const int Ibrs = 1, Ibpb = 1;

    /// <summary>A jump to the thunk must be long enough to be patched into one to another: short ones do not reach over this.</summary>
    private const int Distance = 128;

    /// <summary>The thunks that boot lets returns jump to instead.</summary>
    public static IReadOnlyList<(KernelFeature Feature, string Symbol)> SafeThunks { get; } =
        [(KernelFeature.SafeReturns, SafeThunk), (KernelFeature.AliasedSafeReturns, AliasThunk)];

    public static void Emit(KernelAssembler k)
    {
        if (!k.Traits.HasReturnThunks)
            return;
        k.Documented();
        k.PhaseOfCaller();
        if (k.Knows(KernelFeature.SafeReturns))
            EmitSafeReturns(k);
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
        if (k.Knows(KernelFeature.SafeReturns))
            Fill(k);
    }

    private static void EmitSafeReturns(KernelAssembler k) => k.Mitigation("safe return", () =>
    {
        // MOV RAX, imm64 as far as the decoder that comes from here can tell; the immediate is the return, which the call behind it then runs.
        k.Global(SafeUntrain);
        k.db(0x48, 0xB8);
        DropAndReturn(k, SafeReturn);
        k.int3();
        k.lfence();
        k.call(k.To(SafeReturn));
        k.ud2();
        k.Global(SafeThunk);
        k.call(k.To(SafeReturn));
        k.ud2();

        k.Global(AliasUntrain);
        k.db(0x66, 0x90);
        k.lfence();
        k.jmp(k.To(AliasThunk));
        DropAndReturn(k, AliasReturn);
        k.Global(AliasThunk);
        k.call(k.To(AliasReturn));
        k.ud2();
        Fill(k);
    });

    /// <summary>The address that the thunk's own call pushed is dropped; what the predictor knows of that call leads into a trap.</summary>
    private static void DropAndReturn(KernelAssembler k, string symbol)
    {
        k.Global(symbol);
        k.lea(rsp, __[rsp + 8]);
        k.PlainReturn();
        k.int3();
    }

    private static void Fill(KernelAssembler k)
    {
        for (int i = 0; i < Distance; i++)
            k.int3();
    }

    /// <summary>In the entry code: IBPB. RAX, RCX and RDX are overwritten.</summary>
    public static void EmitBarrier(KernelAssembler k)
    {
        if (!k.Knows(KernelFeature.EntryBarrier))
            return;
        k.Documented();
        k.Mitigation("IBPB", () =>
        {
            k.Global(Barrier);
            k.mov(ecx, Machine.Msr.PredCmd);
            k.mov(eax, Ibpb);
            k.xor(edx, edx);
            k.wrmsr();
            k.ret();
        });
    }

    /// <summary>At the entry, once the page tables are the kernel's: IBRS on, or the thunk's return untrained, or IBPB. RAX, RCX and RDX are overwritten.</summary>
    public static void Enter(KernelAssembler k)
    {
        k.OnlyWith(KernelFeature.KernelIbrs, "IBRS", () =>
        {
            LoadSpecCtrl(k);
            WriteSpecCtrl(k);
        });
        k.CallWith(
            (KernelFeature.UntrainReturns, Untrain), (KernelFeature.SafeReturns, SafeUntrain), (KernelFeature.AliasedSafeReturns, AliasUntrain),
            (KernelFeature.EntryBarrier, Barrier));
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
