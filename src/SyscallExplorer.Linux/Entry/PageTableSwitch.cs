using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// Page-table isolation: the kernel's and the user's top-level tables lie side by side and differ in bit 12 of CR3; their PCIDs differ
/// in bit 11. Kernel documentation: Documentation/x86/pti.rst.
/// </summary>
internal static class PageTableSwitch
{
    public const string Name = "KPTI";
    public const int UserTableBit = 12;
    public const int UserPcidBit = 11;
    public const int NoFlushBit = 63;
    public const ulong UserTable = 1ul << UserTableBit;
    public const ulong UserPcid = 1ul << UserPcidBit;

    private static readonly byte[] Nop5 = [0x0F, 0x1F, 0x44, 0x00, 0x00];

    /// <summary>Makes the kernel's page tables current, without a flush where there are PCIDs.</summary>
    public static void ToKernel(KernelAssembler k, AssemblerRegister64 scratch)
    {
        k.OnlyWith(KernelFeature.Pti, Name, () =>
        {
            k.mov(scratch, cr3);
            AdjustToKernel(k, scratch);
            k.mov(cr3, scratch);
        });
    }

    /// <summary>The same for entries that may come from anywhere: the old CR3 is kept to be put back as it was.</summary>
    public static void SaveAndToKernel(KernelAssembler k, AssemblerRegister64 scratch, AssemblerRegister64 saved)
    {
        k.OnlyWith(KernelFeature.Pti, Name, () =>
        {
            string done = k.Unique("kernel_cr3");
            k.mov(scratch, cr3);
            k.mov(saved, scratch);
            k.bt(scratch, (byte)UserTableBit);
            k.jnc(k.To(done));
            AdjustToKernel(k, scratch);
            k.mov(cr3, scratch);
            k.Local(done);
        });
    }

    /// <summary>Puts back the CR3 that <see cref="SaveAndToKernel"/> kept.</summary>
    public static void Restore(KernelAssembler k, AssemblerRegister64 scratch, AssemblerRegister64 saved)
    {
        k.OnlyWith(KernelFeature.Pti, Name, () =>
        {
            string write = k.Unique("restore_cr3");
            string noFlush = k.Unique("restore_noflush");
            k.OnlyWith(KernelFeature.Pcid, () =>
            {
                k.bt(saved, (byte)UserTableBit);
                k.jnc(k.To(noFlush));
                k.mov(scratch, saved);
                k.and(scratch, 0x7FF);
                k.bt(k.PerCpu(PerCpuOffsets.UserPcidFlushMask), scratch);
                k.jnc(k.To(noFlush));
                k.btr(k.PerCpu(PerCpuOffsets.UserPcidFlushMask), scratch);
                k.jmp(k.To(write));
                k.Local(noFlush);
                k.bts(saved, NoFlushBit);
            });
            k.Local(write);
            k.mov(cr3, saved);
        });
    }

    /// <summary>Makes the user's page tables current. The user's PCID is flushed only when somebody asked for it.</summary>
    public static void ToUser(KernelAssembler k, AssemblerRegister64 scratch, AssemblerRegister64 second)
    {
        k.OnlyWith(KernelFeature.Pti, Name, () => ToUserBody(k, scratch, () => k.mov(second, scratch), () => k.mov(scratch, second)));
    }

    /// <summary>The same where only one register is free: RAX is kept on the entry stack.</summary>
    public static void ToUserWithStack(KernelAssembler k, AssemblerRegister64 scratch)
    {
        k.OnlyWith(KernelFeature.Pti, Name, () =>
        {
            k.push(rax);
            ToUserBody(k, scratch, () => k.mov(rax, scratch), () => k.mov(scratch, rax));
            k.pop(rax);
        });
    }

    private static void ToUserBody(KernelAssembler k, AssemblerRegister64 scratch, Action keep, Action giveBack)
    {
        string withPcid = k.Unique("wrcr3_pcid");
        string noFlush = k.Unique("noflush");
        k.mov(scratch, cr3);
        k.OnlyWith(KernelFeature.Pcid, () =>
        {
            keep();
            k.and(scratch, 0x7FF);
            k.bt(k.PerCpu(PerCpuOffsets.UserPcidFlushMask), scratch);
            k.jnc(k.To(noFlush));
            k.btr(k.PerCpu(PerCpuOffsets.UserPcidFlushMask), scratch);
            giveBack();
            k.jmp(k.To(withPcid));
            k.Local(noFlush);
            giveBack();
            k.bts(scratch, NoFlushBit);
            k.Local(withPcid);
            k.or(scratch, (int)UserPcid);
        });
        k.or(scratch, (int)UserTable);
        k.mov(cr3, scratch);
    }

    private static void AdjustToKernel(KernelAssembler k, AssemblerRegister64 scratch)
    {
        // BTS r64, 63 has five bytes, as the NOP that stands there without PCIDs.
        k.Either(KernelFeature.Pcid, Nop5, SetNoFlush(scratch));
        k.and(scratch, ~(int)(UserTable | UserPcid));
    }

    private static byte[] SetNoFlush(AssemblerRegister64 register)
    {
        var a = new Assembler(64);
        a.bts(register, NoFlushBit);
        return AssembledBytes.Of(a, 0);
    }
}

/// <summary>Bytes of a few instructions.</summary>
internal static class AssembledBytes
{
    public static byte[] Of(Assembler assembler, ulong address)
    {
        var stream = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(stream), address);
        return stream.ToArray();
    }
}

/// <summary>Operands that kernel code uses everywhere.</summary>
internal static class KernelOperands
{
    /// <summary>A word of the per-CPU area.</summary>
    public static AssemblerMemoryOperand PerCpu(this KernelAssembler k, int offset) => __qword_ptr.gs[(ulong)offset];

    /// <summary>A dword of the per-CPU area.</summary>
    public static AssemblerMemoryOperand PerCpu32(this KernelAssembler k, int offset) => __dword_ptr.gs[(ulong)offset];

    /// <summary>A word of the kernel's own data, addressed absolutely as in the kernel's code model.</summary>
    public static AssemblerMemoryOperand Data(this KernelAssembler k, ulong address) => __qword_ptr[address];
}
