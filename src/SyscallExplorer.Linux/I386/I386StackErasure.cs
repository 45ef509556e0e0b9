using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>STACKLEAK of 32-bit kernels: as on x86-64, but always on the task's stack, so that all below the frame is erased and the frame stays.</summary>
internal static class I386StackErasure
{
    private const int Word = 4;

    /// <summary>The kit has the task's structure in the lower half of the pages of its stack.</summary>
    private const int StackSize = (int)I386Layout.ThreadSize - (int)KernelLayout.PageSize, UsedAtLeast = (int)I386Layout.ThreadSize / 64;

    /// <summary>Erases where all registers lie in the frame.</summary>
    public static void Erase(KernelAssembler k) => k.OnlyWith(KernelFeature.StackErasure, StackErasure.Name, () => k.CallFar(StackErasure.Symbol));

    public static void Emit(KernelAssembler k)
    {
        if (!k.Knows(KernelFeature.StackErasure))
            return;
        k.Composed();
        k.Mitigation(StackErasure.Name, () =>
        {
            k.Global(StackErasure.Symbol);
            k.push(esi);
            k.mov(edx, k.PerCpuFs(PerCpuOffsets.CurrentTask));
            k.lea(ecx, __[edx + (int)KernelLayout.PageSize]);
            FindLowest(k);
            k.Local("stackleak.fill");
            k.cmp(eax, esp);
            k.jae(k.To("stackleak.filled"));
            k.mov(__dword_ptr[eax], (int)StackErasure.Poison);
            k.add(eax, Word);
            k.jmp(k.To("stackleak.fill"));
            k.Local("stackleak.filled");
            k.mov(eax, __dword_ptr[edx + TaskLayout.TopOfStack]);
            k.sub(eax, UsedAtLeast);
            k.mov(__dword_ptr[edx + TaskLayout.LowestStack], eax);
            k.pop(esi);
            k.ret();
        });
    }

    /// <summary>EAX becomes the lowest word to overwrite. ECX is the end of the stack, whose own word stays.</summary>
    private static void FindLowest(KernelAssembler k)
    {
        k.mov(eax, __dword_ptr[edx + TaskLayout.LowestStack]);
        k.mov(esi, eax);
        k.sub(esi, ecx);
        k.cmp(esi, StackSize);
        k.jb(k.To("stackleak.sane"));
        k.mov(eax, ecx);
        k.Local("stackleak.sane");
        k.xor(esi, esi);
        k.Local("stackleak.search");
        k.cmp(eax, ecx);
        k.jbe(k.To("stackleak.end_of_stack"));
        k.cmp(esi, StackErasure.SearchDepth / Word);
        k.ja(k.To("stackleak.found"));
        k.inc(esi);
        k.cmp(__dword_ptr[eax], (int)StackErasure.Poison);
        k.je(k.To("stackleak.next"));
        k.xor(esi, esi);
        k.Local("stackleak.next");
        k.sub(eax, Word);
        k.jmp(k.To("stackleak.search"));
        k.Local("stackleak.end_of_stack");
        k.lea(eax, __[ecx + Word]);
        k.Local("stackleak.found");
    }
}
