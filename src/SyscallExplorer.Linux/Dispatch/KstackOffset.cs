using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// <c>randomize_kstack_offset</c>, new in Linux 5.13: each system call runs at another depth of the stack, chosen by RDTSC at the exit
/// of the one before. Off unless the command line asks for it.
/// </summary>
internal static class KstackOffset
{
    private const string Name = "kstack offset";
    private const int Mask = 0x3FF;
    private const int Entropy = 0xFF;

    /// <summary>Moves the stack pointer down; the old one is kept in R12.</summary>
    public static void Enter(KernelAssembler k) => k.OnlyWith(KernelFeature.RandomizeKstackOffset, Name, () =>
    {
        k.push(r12);
        k.mov(r12, rsp);
        k.mov(eax, k.PerCpu32(PerCpuOffsets.KstackOffset));
        k.and(eax, Mask);
        k.add(rax, 15);
        k.and(rax, -16);
        k.sub(rsp, rax);
    });

    /// <summary>Moves it back.</summary>
    public static void Leave(KernelAssembler k) => k.OnlyWith(KernelFeature.RandomizeKstackOffset, Name, () =>
    {
        k.mov(rsp, r12);
        k.pop(r12);
    });

    /// <summary>Chooses the offset of the next call.</summary>
    public static void Choose(KernelAssembler k) => k.OnlyWith(KernelFeature.RandomizeKstackOffset, Name, () =>
    {
        k.rdtsc();
        k.and(eax, Entropy);
        k.xor(k.PerCpu32(PerCpuOffsets.KstackOffset), eax);
    });
}
