using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>Building and unwinding <c>pt_regs</c>: the register half of it. Registers are cleared so that user values do not reach speculation in the kernel.</summary>
internal static class RegisterFrame
{
    /// <summary>Pushes all general registers and clears those that no C code expects. RDI, and before Linux 5.14 RSI, is used next and stays.</summary>
    /// <param name="k">Where to.</param>
    /// <param name="initialResult">What stands in the AX slot: -ENOSYS for a system call, null for RAX itself.</param>
    /// <param name="keepReturnAddress">Whether a return address lies above and must stay on top.</param>
    /// <param name="second">What stands in the CX slot; null for RCX itself.</param>
    public static void PushAndClear(KernelAssembler k, int? initialResult, bool keepReturnAddress = false, Iced.Intel.AssemblerRegister64? second = null)
    {
        if (keepReturnAddress)
        {
            k.push(rsi);
            k.mov(rsi, __qword_ptr[rsp + 8]);
            k.mov(__qword_ptr[rsp + 8], rdi);
        }
        else
        {
            k.push(rdi);
            k.push(rsi);
        }

        k.push(rdx);
        k.push(second ?? rcx);
        if (initialResult is { } result)
            k.push(result);
        else
            k.push(rax);
        k.push(r8);
        k.push(r9);
        k.push(r10);
        k.push(r11);
        k.push(rbx);
        k.push(rbp);
        k.push(r12);
        k.push(r13);
        k.push(r14);
        k.push(r15);
        if (keepReturnAddress)
            k.push(rsi);

        if (!k.Traits.GuardsSpeculation)
            return;
        if (k.Traits.RegistersFirst)
            k.xor(esi, esi);
        k.xor(edx, edx);
        k.xor(ecx, ecx);
        k.xor(r8d, r8d);
        k.xor(r9d, r9d);
        k.xor(r10d, r10d);
        k.xor(r11d, r11d);
        k.xor(ebx, ebx);
        k.xor(ebp, ebp);
        k.xor(r12d, r12d);
        k.xor(r13d, r13d);
        k.xor(r14d, r14d);
        k.xor(r15d, r15d);
    }

    /// <summary>The frame of a 32-bit entry: R8 to R15 are not the program's and are pushed as zero.</summary>
    /// <param name="k">Where to.</param>
    /// <param name="second">What stands in the CX slot.</param>
    public static void PushAndClear32(KernelAssembler k, Iced.Intel.AssemblerRegister64 second)
    {
        k.push(rdi);
        k.push(rsi);
        k.push(rdx);
        k.push(second);
        k.push(-Errno.ENOSYS);
        PushZero(k, r8d);
        PushZero(k, r9d);
        PushZero(k, r10d);
        PushZero(k, r11d);
        k.push(rbx);
        Clear(k, ebx);
        k.push(rbp);
        Clear(k, ebp);
        PushZero(k, r12d);
        PushZero(k, r13d);
        PushZero(k, r14d);
        PushZero(k, r15d);
    }

    private static void PushZero(KernelAssembler k, Iced.Intel.AssemblerRegister32 register)
    {
        k.push(0);
        Clear(k, register);
    }

    private static void Clear(KernelAssembler k, Iced.Intel.AssemblerRegister32 register)
    {
        if (k.Traits.GuardsSpeculation)
            k.xor(register, register);
    }

    /// <summary>Pops all general registers but RDI.</summary>
    /// <param name="k">Where to.</param>
    /// <param name="skipR11AndRcx">SYSRET needs other values in these two.</param>
    public static void PopAllButRdi(KernelAssembler k, bool skipR11AndRcx)
    {
        k.pop(r15);
        k.pop(r14);
        k.pop(r13);
        k.pop(r12);
        k.pop(rbp);
        k.pop(rbx);
        k.pop(skipR11AndRcx ? rsi : r11);
        k.pop(r10);
        k.pop(r9);
        k.pop(r8);
        k.pop(rax);
        k.pop(skipR11AndRcx ? rsi : rcx);
        k.pop(rdx);
        k.pop(rsi);
    }
}
