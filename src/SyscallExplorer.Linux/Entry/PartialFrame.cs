using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// The frame of Linux 2.6.39 on x86-64: entries save what C may overwrite, from R11 up; the other six registers are saved below only where somebody
/// needs them. RSP then stands at the R11 slot.
/// </summary>
internal static class PartialFrame
{
    /// <summary>Where RSP stands in <c>pt_regs</c> without the six registers.</summary>
    public const int Start = PtRegsOffsets.R11;

    private static readonly (AssemblerRegister64 Register, int Offset)[] s_rest =
    [
        (rbx, PtRegsOffsets.Bx), (rbp, PtRegsOffsets.Bp), (r12, PtRegsOffsets.R12), (r13, PtRegsOffsets.R13), (r14, PtRegsOffsets.R14), (r15, PtRegsOffsets.R15),
    ];

    /// <summary>A slot, while the frame is partial.</summary>
    public static AssemblerMemoryOperand Slot(int offset) => __qword_ptr[rsp + offset - Start];

    /// <summary>RSP goes down by the six registers, which are stored.</summary>
    public static void SaveRest(KernelAssembler k)
    {
        k.sub(rsp, Start);
        StoreRest(k, 0);
    }

    /// <summary>Stores the six registers.</summary>
    /// <param name="k">Where to.</param>
    /// <param name="above">Bytes between RSP and the frame.</param>
    public static void StoreRest(KernelAssembler k, int above)
    {
        foreach ((AssemblerRegister64 register, int offset) in s_rest)
            k.mov(__qword_ptr[rsp + offset + above], register);
    }

    /// <summary>Loads the six registers.</summary>
    /// <param name="k">Where to.</param>
    /// <param name="above">Bytes between RSP and the frame.</param>
    public static void LoadRest(KernelAssembler k, int above = 0)
    {
        foreach ((AssemblerRegister64 register, int offset) in s_rest)
            k.mov(register, __qword_ptr[rsp + offset + above]);
    }

    /// <summary>The six registers are loaded and RSP goes up again.</summary>
    public static void RestoreRest(KernelAssembler k)
    {
        LoadRest(k);
        k.add(rsp, Start);
    }

    /// <summary>FIXUP_TOP_OF_STACK: SYSCALL's entry did not fill what an interrupt's frame has above RIP.</summary>
    /// <param name="k">Where to.</param>
    /// <param name="scratch">Is overwritten.</param>
    /// <param name="above">Bytes between RSP and the frame.</param>
    public static void FixTop(KernelAssembler k, AssemblerRegister64 scratch, int above)
    {
        k.mov(scratch, k.PerCpu(PerCpuOffsets.RspScratch));
        k.mov(__qword_ptr[rsp + PtRegsOffsets.Sp + above], scratch);
        k.mov(__qword_ptr[rsp + PtRegsOffsets.Ss + above], Selectors.UserDs);
        k.mov(__qword_ptr[rsp + PtRegsOffsets.Cs + above], Selectors.UserCs);
        k.mov(__qword_ptr[rsp + PtRegsOffsets.Cx + above], -1);
        k.mov(scratch, __qword_ptr[rsp + PtRegsOffsets.R11 + above]);
        k.mov(__qword_ptr[rsp + PtRegsOffsets.Flags + above], scratch);
    }

    /// <summary>RESTORE_TOP_OF_STACK: what was changed there is put where the fast way out looks for it.</summary>
    public static void TakeTop(KernelAssembler k, AssemblerRegister64 scratch, int above)
    {
        k.mov(scratch, __qword_ptr[rsp + PtRegsOffsets.Sp + above]);
        k.mov(k.PerCpu(PerCpuOffsets.RspScratch), scratch);
        k.mov(scratch, __qword_ptr[rsp + PtRegsOffsets.Flags + above]);
        k.mov(__qword_ptr[rsp + PtRegsOffsets.R11 + above], scratch);
    }

    /// <summary>Puts a register's value, zero, into the slots of R8 to R11, which a 32-bit program does not have.</summary>
    /// <param name="k">Where to.</param>
    /// <param name="zero">The register.</param>
    /// <param name="above">Bytes between RSP and the frame.</param>
    public static void ClearUpper(KernelAssembler k, AssemblerRegister64 zero, int above)
    {
        foreach (int offset in (ReadOnlySpan<int>)[PtRegsOffsets.R11, PtRegsOffsets.R10, PtRegsOffsets.R9, PtRegsOffsets.R8])
            k.mov(__qword_ptr[rsp + offset + above], zero);
    }

    /// <summary>GET_THREAD_INFO: the bottom of the task's stack.</summary>
    public static void ThreadInfo(KernelAssembler k, AssemblerRegister64 register)
    {
        k.mov(register, k.TopOfStack());
        k.sub(register, k.Traits.ThreadInfoStack - k.Traits.StackGap);
    }
}
