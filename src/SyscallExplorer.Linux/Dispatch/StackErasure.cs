using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// STACKLEAK, from Linux 4.20 on: before user mode the part of the task's stack that the call has used is overwritten, so that no later call finds what an
/// earlier one left. Where the part begins is searched for downwards: it ends where a run of the poison is long enough.
/// </summary>
internal static class StackErasure
{
    public const string Symbol = "stackleak_erase";

    /// <summary>STACKLEAK_POISON: an address that no task has.</summary>
    public const long Poison = -0xBEEF;

    /// <summary>STACKLEAK_SEARCH_DEPTH: bytes of poison that say that nothing below was used.</summary>
    public const int SearchDepth = 128;
    private const int Word = 8, StackSize = (int)KernelLayout.ThreadStackSize, UsedAtLeast = StackSize / 64;
    public const string Name = "STACKLEAK";

    /// <summary>In the order of their slots, from the top.</summary>
    private static readonly (AssemblerRegister64 Register, AssemblerRegister32 Low)[] s_registers =
    [
        (rdi, edi), (rsi, esi), (rdx, edx), (rcx, ecx), (rax, eax), (r8, r8d), (r9, r9d), (r10, r10d), (r11, r11d), (rbx, ebx), (rbp, ebp), (r12, r12d),
        (r13, r13d), (r14, r14d), (r15, r15d),
    ];

    /// <summary>Erases where the registers still lie in the frame.</summary>
    public static void Erase(KernelAssembler k) => k.OnlyWith(KernelFeature.StackErasure, Name, () => k.CallFar(Symbol));

    /// <summary>Erases where they are the program's already: they wait on the entry stack.</summary>
    public static void EraseAndKeep(KernelAssembler k) => k.OnlyWith(KernelFeature.StackErasure, Name, () =>
    {
        foreach ((AssemblerRegister64 register, _) in s_registers)
            k.push(register);
        foreach ((_, AssemblerRegister32 low) in s_registers)
            k.xor(low, low);
        k.CallFar(Symbol);
        foreach ((AssemblerRegister64 register, _) in Enumerable.Reverse(s_registers))
            k.pop(register);
    });

    public static void Emit(KernelAssembler k)
    {
        if (!k.Knows(KernelFeature.StackErasure))
            return;
        k.Composed();
        k.Mitigation(Name, () =>
        {
            k.Global(Symbol);
            k.mov(rdx, k.PerCpu(PerCpuOffsets.CurrentTask));
            k.LoadTopOfStack(rsi);
            k.lea(rcx, __[rsi - (StackSize - (int)k.Traits.StackPadding)]);
            FindLowest(k);
            LoadEnd(k);
            Fill(k);
            k.lea(rax, __[rsi - UsedAtLeast]);
            k.mov(__qword_ptr[rdx + TaskLayout.LowestStack], rax);
            k.ret();
        });
    }

    /// <summary>RAX becomes the lowest word to overwrite. RCX is the end of the stack, whose own word stays.</summary>
    private static void FindLowest(KernelAssembler k)
    {
        k.mov(rax, __qword_ptr[rdx + TaskLayout.LowestStack]);
        k.mov(r8, rax);
        k.sub(r8, rcx);
        k.cmp(r8, StackSize);
        k.jb(k.To("stackleak.sane"));
        k.mov(rax, rcx);
        k.Local("stackleak.sane");
        k.xor(r8d, r8d);
        k.Local("stackleak.search");
        k.cmp(rax, rcx);
        k.jbe(k.To("stackleak.end_of_stack"));
        k.cmp(r8d, SearchDepth / Word);
        k.ja(k.To("stackleak.found"));
        k.cmp(__qword_ptr[rax], (int)Poison);
        k.lea(r8d, __[r8 + 1]);
        k.je(k.To("stackleak.next"));
        k.xor(r8d, r8d);
        k.Local("stackleak.next");
        k.sub(rax, Word);
        k.jmp(k.To("stackleak.search"));
        k.Local("stackleak.end_of_stack");
        k.lea(rax, __[rcx + Word]);
        k.Local("stackleak.found");
    }

    /// <summary>R9 becomes where to stop: what is in use of the task's stack, or its frame, which Linux 4.20 to 5.18 overwrite too from another stack.</summary>
    private static void LoadEnd(KernelAssembler k)
    {
        k.mov(r8, rsi);
        k.sub(r8, rsp);
        k.mov(r9, rsp);
        k.cmp(r8, StackSize);
        k.jb(k.To("stackleak.fill"));
        k.lea(r9, __[rsi - (k.Traits.ErasesFrames ? 0 : PtRegsOffsets.Size)]);
    }

    private static void Fill(KernelAssembler k)
    {
        k.Local("stackleak.fill");
        k.cmp(rax, r9);
        k.jae(k.To("stackleak.filled"));
        k.mov(__qword_ptr[rax], (int)Poison);
        k.add(rax, Word);
        k.jmp(k.To("stackleak.fill"));
        k.Local("stackleak.filled");
    }
}
