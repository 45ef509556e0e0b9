using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>A way into the kernel, as the program sees it.</summary>
public enum Way
{
    /// <summary>SYSCALL of a 64-bit program.</summary>
    Syscall,

    /// <summary><c>int $0x80</c> of a 32-bit program.</summary>
    Int80,

    /// <summary><c>int $0x80</c> of a 64-bit program.</summary>
    Int80From64Bit,

    /// <summary>A call of the vDSO's stub, which knows the fastest way.</summary>
    Vsyscall32,

    /// <summary>SYSENTER in the program itself.</summary>
    Sysenter32,

    /// <summary>SYSCALL in a 32-bit program itself.</summary>
    Syscall32,
}

/// <summary>What a program does for each way in, and what is documented of the way back.</summary>
internal static class Ways
{
    private const int Vector = 0x80;

    public static bool IsWide(this Way way) => way is Way.Syscall or Way.Int80From64Bit;

    public static int Bitness(this Way way) => way.IsWide() ? 64 : 32;

    /// <summary>Whether the program makes a 64-bit system call, with the registers and numbers of one.</summary>
    public static bool HasNumbersOf64Bit(this Way way) => way == Way.Syscall;

    public static bool IsOf(this Way way, CpuModel cpu) => way switch
    {
        Way.Sysenter32 => cpu.HasLongModeSysenter,
        Way.Syscall32 => cpu.HasCompatibilitySyscall,
        _ => true,
    };

    /// <summary>SYSEXIT is Linux 2.6.39's; from 4.4 on a 64-bit kernel leaves by SYSRET also after SYSENTER.</summary>
    public static Mnemonic Exit(this Way way, KernelGeneration kernel, CpuModel cpu) => way switch
    {
        Way.Syscall => Mnemonic.Sysretq,
        Way.Int80 or Way.Int80From64Bit => Mnemonic.Iretq,
        _ when kernel.Traits.Version < new Version(4, 4) && cpu.HasLongModeSysenter => Mnemonic.Sysexit,
        _ => Mnemonic.Sysret,
    };

    /// <summary>Where the kernel's C or assembly has decided which function does getpid.</summary>
    public static string Getpid(this Way way, KernelGeneration kernel)
    {
        SyscallHandler handler = HandlerTable.Linux_5_13.First(known => known.Name == "getpid");
        return kernel.Traits.SymbolOf(handler, way.HasNumbersOf64Bit() ? SyscallAbi.Wide : SyscallAbi.Ia32);
    }

    public static int GetpidNumber(this Way way) => way.HasNumbersOf64Bit() ? 39 : 20;

    /// <summary>Reads a word of the vDSO, so that no later step has to wait for its page.</summary>
    public static void TouchVdso(Assembler a) => a.mov(eax, __dword_ptr[UserSpace.KernelVsyscall]);

    public static void Enter(this Way way, Assembler a, KernelGeneration kernel, int number)
    {
        if (!way.IsWide())
            TouchVdso(a);
        a.mov(eax, number);
        switch (way)
        {
            case Way.Syscall:
                a.syscall();
                break;
            case Way.Vsyscall32:
                a.call(UserSpace.KernelVsyscall);
                break;
            case Way.Sysenter32:
                WithReturnAddress(a, Sysenter);
                break;
            case Way.Syscall32:
                WithReturnAddress(a, kernel.Traits.HasPartialFrame ? OldSyscall : Syscall);
                break;
            default:
                a.@int(unchecked((sbyte)Vector));
                break;
        }
    }

    /// <summary>The kernel lets both fast ways go on behind the vDSO's stub, which returns: what it pops has to be there.</summary>
    private static void WithReturnAddress(Assembler a, Action<Assembler> stub)
    {
        Label enter = a.CreateLabel(), behind = a.CreateLabel();
        a.call(enter);
        a.jmp(behind);
        a.Label(ref enter);
        stub(a);
        a.Label(ref behind);
    }

    private static void Sysenter(Assembler a)
    {
        PushWhatThePadPops(a);
        a.mov(ebp, esp);
        a.sysenter();
    }

    private static void Syscall(Assembler a)
    {
        PushWhatThePadPops(a);
        a.mov(ebp, ecx);
        a.syscall();
    }

    private static void PushWhatThePadPops(Assembler a)
    {
        a.push(ecx);
        a.push(edx);
        a.push(ebp);
    }

    /// <summary>Linux 2.6.39 returns right behind SYSCALL, and leaves it to the program to repair SS.</summary>
    private static void OldSyscall(Assembler a)
    {
        a.push(ebp);
        a.mov(ebp, ecx);
        a.syscall();
        a.mov(ecx, Selectors.UserDs);
        a.mov(ss, ecx);
        a.mov(ecx, ebp);
        a.pop(ebp);
        a.ret();
    }
}
