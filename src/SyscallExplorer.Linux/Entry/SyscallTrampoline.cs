using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// Where SYSCALL enters in Linux 4.15 to 4.19 with page-table isolation: a page that each CPU has mapped beside its own entry stack and TSS, so that
/// both are reached relative to RIP before the page tables are the kernel's. It goes on in the entry code, by a register.
/// </summary>
internal static class SyscallTrampoline
{
    private const string SecondStage = "entry_SYSCALL_64_stage2";

    /// <summary>The last word of the entry stack.</summary>
    private const ulong Scratch = KernelLayout.EntryStackTop - 8;

    public static EntryPathCode Linux_4_19 { get; } = new("SYSCALL64_entry_trampoline",
    [
        new("switch stack", SwitchStack),
        new("push hardware frame", PushHardwareFrame),
        new("jump to the second stage", Jump),
    ]);

    /// <summary>In the entry code: RDI, which carried the address, is the program's again.</summary>
    public static EntryPathCode Stage2 { get; } = new(SecondStage,
    [
        new("restore RDI", k => k.pop(rdi)),
        new("join", k => k.jmp(k.To("entry_SYSCALL_64_after_hwframe"))),
    ]);

    private static MemoryOperand AtRip(ulong address) => new(Register.RIP, unchecked((long)address));

    private static void SwitchStack(KernelAssembler k)
    {
        k.Phase(PhaseKind.StackSwitch);
        k.swapgs();
        k.AddInstruction(Instruction.Create(Code.Mov_rm64_r64, AtRip(Scratch), Register.RSP));
        PageTableSwitch.ToKernel(k, scratch: rsp);
        k.AddInstruction(Instruction.Create(Code.Mov_r64_rm64, Register.RSP, AtRip(KernelLayout.TssAlias + TaskStateSegment.Rsp1)));
    }

    private static void PushHardwareFrame(KernelAssembler k)
    {
        k.Phase(PhaseKind.SaveRegisters);
        k.push(Selectors.UserDs);
        k.AddInstruction(Instruction.Create(Code.Push_rm64, AtRip(Scratch)));
        k.push(r11);
        k.push(Selectors.UserCs);
        k.push(rcx);
        k.push(rdi);
    }

    /// <summary>The page may lie too far from the entry code for a direct jump.</summary>
    private static void Jump(KernelAssembler k)
    {
        k.Phase(PhaseKind.StackSwitch);
        k.mov(rdi, k.AddressOf(SecondStage));
        k.OnlyWith(KernelFeature.RetpolineLfence, "retpoline", () => k.lfence());
        k.OnlyWith(KernelFeature.Retpoline, "retpoline", () => IndirectThunk.Retpoline(k, rdi));
        k.jmp(rdi);
    }
}
