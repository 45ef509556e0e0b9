using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// The call through a table: a direct call of a thunk that jumps to RAX. With the retpoline the jump becomes a return that the processor
/// predicts wrongly on purpose, into a loop that does nothing.
/// </summary>
internal static class IndirectThunk
{
    public const string Symbol = "__x86_indirect_thunk_rax";
    private static readonly byte[] JumpRax = [0xFF, 0xE0];
    private static readonly byte[] Nop2 = [0x66, 0x90];
    private static readonly byte[] Nop3 = [0x0F, 0x1F, 0x00];
    private static readonly byte[] Lfence = [0x0F, 0xAE, 0xE8];

    public static void Emit(KernelAssembler k)
    {
        if (!k.Knows(KernelFeature.Retpoline))
            return;
        k.Documented();
        k.PhaseOfCaller();
        k.Global(Symbol);
        k.Mitigation("retpoline", KernelFeature.RetpolineLfence, () => k.Either(KernelFeature.RetpolineLfence, Nop3, Lfence));
        k.Mitigation("retpoline", KernelFeature.Retpoline, () =>
        {
            k.Either(KernelFeature.Retpoline, JumpRax, Nop2);
            Retpoline(k, rax);
        });
    }

    /// <summary>A jump by a register as a return, which speculation takes into a loop.</summary>
    public static void Retpoline(KernelAssembler k, Iced.Intel.AssemblerRegister64 target)
    {
        string trap = k.Unique("retpoline_spec"), over = k.Unique("retpoline_rop");
        k.call(k.To(over));
        k.Local(trap);
        k.pause();
        k.lfence();
        k.jmp(k.To(trap));
        k.Local(over);
        k.mov(__qword_ptr[rsp], target);
        k.ret();
    }
}
