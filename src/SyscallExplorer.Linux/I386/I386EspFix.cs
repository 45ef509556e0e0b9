using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// The return to a 16-bit stack, of which IRET restores only the lower half of ESP. Its upper half would be the kernel's: hence a stack segment whose base
/// makes up for an ESP that has the program's upper half already.
/// </summary>
internal static class I386EspFix
{
    private const int LocalTable = 4 << 8, UserLevel = 3;

    /// <summary>Looks whether the stack segment that is returned to is one of the program's own table.</summary>
    public static void Test(KernelAssembler k)
    {
        k.mov(eax, __dword_ptr[esp + I386Registers.Flags]);
        k.mov(ah, __byte_ptr[esp + I386Registers.Ss]);
        k.mov(al, __byte_ptr[esp + I386Registers.Cs]);
        k.and(eax, (int)Rflags.VM | LocalTable | UserLevel);
        k.cmp(eax, LocalTable | UserLevel);
        k.je(k.To("ldt_ss"));
    }

    /// <summary>Where one is.</summary>
    public static void Emit(KernelAssembler k)
    {
        const int bigSegment = 1 << 22;
        const int baseMiddle = 4, baseHigh = 7;
        const ulong descriptor = I386Layout.Gdt + I386Selectors.EspFix;
        k.Global("ldt_ss");
        k.lar(eax, __word_ptr[esp + I386Registers.Ss]);
        k.jne(k.To("restore_nocheck"));
        k.test(eax, bigSegment);
        k.jne(k.To("restore_nocheck"));
        k.mov(edx, esp);
        k.mov(eax, __dword_ptr[esp + I386Registers.Sp]);
        k.mov(ax, dx);
        k.sub(edx, eax);
        k.shr(edx, 16);
        k.mov(__byte_ptr[descriptor + baseMiddle], dl);
        k.mov(__byte_ptr[descriptor + baseHigh], dh);
        k.push(I386Selectors.EspFix);
        k.push(eax);
        k.cli();
        k.lss(esp, __fword_ptr[esp]);
        k.jmp(k.To("restore_nocheck"));
    }
}
