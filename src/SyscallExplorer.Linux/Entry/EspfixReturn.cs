using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// The last instructions before IRET from Linux 3.16 on. An IRET to a 16-bit stack segment loads SP alone, so that the program would find bits 16 to 31 of the
/// kernel's stack pointer in ESP. Where SS is of the LDT, the frame is read from an alias of a small stack whose address has the program's own bits there.
/// </summary>
internal static class EspfixReturn
{
    private const string Test = "native_iret";
    private const string ByAlias = "native_irq_return_ldt";
    private const int LocalTable = 4;
    private const int SegmentOfFrame = 4 * 8;
    private static readonly Version s_since = new(3, 16);

    /// <summary>Whether a version has it.</summary>
    public static bool IsIn(Version version) => version >= s_since;

    /// <summary>Where code goes that has a frame of IRET on its stack.</summary>
    public static string SymbolIn(KernelTraits traits) => IsIn(traits.Version) ? Test : ReturnByIret.IretSymbol;

    /// <summary>The test, IRET, and the way by the alias.</summary>
    public static void Emit(KernelAssembler k)
    {
        if (!IsIn(k.Traits.Version))
        {
            k.Global(ReturnByIret.IretSymbol);
            k.iretq();
            return;
        }

        k.Global(Test);
        k.test(__byte_ptr[rsp + SegmentOfFrame], LocalTable);
        k.jne(k.To(ByAlias));
        k.Global(ReturnByIret.IretSymbol);
        k.iretq();
        EmitByAlias(k);
    }

    /// <summary>A fault of the IRET cannot be pushed onto the alias, which is for reading only: it comes as #DF, and becomes the #GP of the program.</summary>
    public static void MendDoubleFault(KernelAssembler k)
    {
        if (!IsIn(k.Traits.Version))
            return;
        const string other = "exc_double_fault.other";
        const int topLevelShift = 39;
        k.mov(rax, __qword_ptr[rdi + PtRegsOffsets.Sp]);
        k.sar(rax, topLevelShift);
        k.cmp(rax, EspfixArea.TopLevelEntry);
        k.jne(k.To(other));
        k.cmp(__qword_ptr[rdi + PtRegsOffsets.Cs], Selectors.KernelCs);
        k.jne(k.To(other));
        k.mov(rax, k.AddressOf(ReturnByIret.IretSymbol));
        k.cmp(__qword_ptr[rdi + PtRegsOffsets.Ip], rax);
        k.jne(k.To(other));

        k.mov(rdx, k.PerCpu(PerCpuOffsets.Tss + TaskStateSegment.Rsp0));
        k.sub(rdx, PtRegsOffsets.Size);
        k.mov(rsi, __qword_ptr[rdi + PtRegsOffsets.Sp]);
        for (int word = 0; word < 5; word++)
        {
            k.mov(rax, __qword_ptr[rsi + word * 8]);
            k.mov(__qword_ptr[rdx + PtRegsOffsets.Ip + word * 8], rax);
        }

        k.xor(eax, eax);
        k.mov(__qword_ptr[rdx + PtRegsOffsets.OrigAx], rax);
        k.mov(rax, k.AddressOf("asm_exc_general_protection"));
        k.mov(__qword_ptr[rdi + PtRegsOffsets.Ip], rax);
        k.add(rdx, PtRegsOffsets.OrigAx);
        k.mov(__qword_ptr[rdi + PtRegsOffsets.Sp], rdx);
        k.ret();
        k.Local(other);
    }

    private static void EmitByAlias(KernelAssembler k)
    {
        const int above = 8;
        k.Global(ByAlias);
        k.push(rdi);
        k.swapgs();
        PageTableSwitch.ToKernel(k, scratch: rdi);
        k.mov(rdi, k.PerCpu(PerCpuOffsets.EspfixWritable));
        k.mov(__qword_ptr[rdi], rax);
        foreach (int word in (ReadOnlySpan<int>)[0, 1, 2, 4, 3])
        {
            k.mov(rax, __qword_ptr[rsp + above + word * 8]);
            k.mov(__qword_ptr[rdi + above + word * 8], rax);
        }

        // RAX is the program's stack pointer, of which the alias takes bits 16 to 31.
        k.and(eax, unchecked((int)0xFFFF_0000));
        k.or(rax, k.PerCpu(PerCpuOffsets.EspfixStack));
        PageTableSwitch.ToUserWithStack(k, scratch: rdi);
        k.swapgs();
        k.pop(rdi);
        k.mov(rsp, rax);
        k.pop(rax);
        BufferClearing.Last(k);
        k.jmp(k.To(ReturnByIret.IretSymbol));
    }
}
