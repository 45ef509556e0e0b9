using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// What CSTAR leads to with <c>ia32_emulation=off</c>, from Linux 6.7 on: SYSCALL of 32-bit code, on AMD, is answered without a stack or a look at anything.
/// There is neither a gate for <c>int $0x80</c> then nor a code segment for SYSENTER.
/// </summary>
internal static class CompatRefusal
{
    public static EntryPathCode Ignore { get; } = new("entry_SYSCALL32_ignore", [new("return ENOSYS", ReturnEnosys)]);

    private static void ReturnEnosys(KernelAssembler k)
    {
        k.Phase(PhaseKind.Dispatch);
        k.Endbr();
        k.mov(eax, -Errno.ENOSYS);
        BufferClearing.Last(k);
        k.sysret();
        BufferClearing.Stop(k);
    }
}
