using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// The two stacks of 32-bit kernels from Linux 4.15 on, and the two sets of page tables. Whatever comes from user mode begins on the entry stack and moves to
/// the task's. What interrupts the entry code itself stays on the entry stack, which has a page, and puts back the page tables that it found.
/// </summary>
internal static class I386KernelStack
{
    /// <summary>A bit above the selector in the slot of CS: the page tables were the user's.</summary>
    private const int FromUserTables = 1 << 31;
    private const int FrameWords = I386Registers.Size / 4;

    /// <summary>With the frame complete and all registers free: to the task's stack, and to the kernel's page tables.</summary>
    public static void Enter(KernelAssembler k)
    {
        string done = k.Unique("on_kernel_stack"), fromKernel = k.Unique("from_kernel");
        k.Phase(PhaseKind.StackSwitch);
        k.mov(ecx, (uint)I386Layout.EntryStackTop);
        k.sub(ecx, esp);
        k.cmp(ecx, (int)KernelLayout.PageSize);
        k.jae(k.To(done));
        k.test(__byte_ptr[esp + I386Registers.Cs], 3);
        k.je(k.To(fromKernel));
        ToKernelTables(k, eax);
        k.mov(edi, k.Tss32(I386Layout.TssSp1));
        k.sub(edi, I386Registers.Size);
        k.mov(esi, esp);
        k.mov(esp, edi);
        k.mov(ecx, FrameWords);
        k.rep.movsd();
        k.jmp(k.To(done));
        k.Local(fromKernel);
        k.OnlyWith(KernelFeature.Pti, PageTableSwitch.Name, () =>
        {
            k.mov(eax, cr3);
            k.test(eax, (int)PageTableSwitch.UserTable);
            k.je(k.To(done));
            k.and(eax, ~(int)PageTableSwitch.UserTable);
            k.mov(cr3, eax);
            k.or(__dword_ptr[esp + I386Registers.Cs], FromUserTables);
        });
        k.Local(done);
    }

    /// <summary>The frame moves back to the entry stack.</summary>
    public static void Leave(KernelAssembler k)
    {
        k.mov(edi, (uint)I386Layout.EntryStackTop - I386Registers.Size);
        k.mov(esi, esp);
        k.mov(esp, edi);
        k.mov(ecx, FrameWords);
        k.cld();
        k.rep.movsd();
    }

    /// <summary>The way back into the kernel puts the page tables back.</summary>
    public static void LeaveToKernel(KernelAssembler k)
    {
        k.OnlyWith(KernelFeature.Pti, PageTableSwitch.Name, () =>
        {
            string kept = k.Unique("kernel_tables");
            k.test(__dword_ptr[esp + I386Registers.Cs], FromUserTables);
            k.je(k.To(kept));
            k.and(__dword_ptr[esp + I386Registers.Cs], ~FromUserTables);
            k.mov(eax, cr3);
            k.or(eax, (int)PageTableSwitch.UserTable);
            k.mov(cr3, eax);
            k.Local(kept);
        });
    }

    public static void ToKernelTables(KernelAssembler k, AssemblerRegister32 scratch) => k.OnlyWith(KernelFeature.Pti, PageTableSwitch.Name, () =>
    {
        k.mov(scratch, cr3);
        k.and(scratch, ~(int)PageTableSwitch.UserTable);
        k.mov(cr3, scratch);
    });

    public static void ToUserTables(KernelAssembler k, AssemblerRegister32 scratch) => k.OnlyWith(KernelFeature.Pti, PageTableSwitch.Name, () =>
    {
        k.mov(scratch, cr3);
        k.or(scratch, (int)PageTableSwitch.UserTable);
        k.mov(cr3, scratch);
    });
}
