using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>LDTR follows the address space: <c>load_mm_ldt</c>, as guest code.</summary>
internal static class LocalTableSwitch
{
    public const string Symbol = "load_mm_ldt";

    /// <summary>RCX is the address space that comes. LLDT is dear, and most address spaces have no table. RDX and R8 are lost.</summary>
    public static void Emit(KernelAssembler k)
    {
        k.Global(Symbol);
        k.mov(r8, KernelLayout.DirectMapped(KernelLayout.GdtPhysical) + Selectors.Ldt);
        k.mov(rdx, __qword_ptr[rcx + TaskLayout.MmLdt]);
        k.cmp(rdx, __qword_ptr[r8]);
        k.jne(k.To("load_mm_ldt.load"));
        k.mov(rdx, __qword_ptr[rcx + TaskLayout.MmLdt + 8]);
        k.cmp(rdx, __qword_ptr[r8 + 8]);
        k.je(k.To("load_mm_ldt.out"));

        k.Local("load_mm_ldt.load");
        k.mov(rdx, __qword_ptr[rcx + TaskLayout.MmLdt + 8]);
        k.mov(__qword_ptr[r8 + 8], rdx);
        k.mov(rdx, __qword_ptr[rcx + TaskLayout.MmLdt]);
        k.mov(__qword_ptr[r8], rdx);
        k.test(rdx, rdx);
        k.je(k.To("load_mm_ldt.none"));
        k.mov(edx, Selectors.Ldt);
        k.Local("load_mm_ldt.none");
        k.lldt(dx);
        k.Local("load_mm_ldt.out");
        k.ret();
    }
}
