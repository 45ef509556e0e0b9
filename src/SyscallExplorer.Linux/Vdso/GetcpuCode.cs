using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>getcpu without a system call: the limit of a segment says which CPU and node this is; RDPID says the same.</summary>
internal static class GetcpuCode
{
    private const int CpuBits = 12;
    private static readonly byte[] s_lsl = [0x0F, 0x03, 0xC0, 0x90];
    private static readonly byte[] s_rdpid = [0xF3, 0x0F, 0xC7, 0xF8];

    /// <summary>Writes the function.</summary>
    /// <param name="a">Where to.</param>
    /// <param name="knowsRdpid">Whether boot may put RDPID in the place of LSL.</param>
    /// <param name="reach">Makes the destination of an argument, after a jump to the label where it is null.</param>
    public static void Emit(VdsoAssembler a, bool knowsRdpid, Func<int, Label, AssemblerMemoryOperand> reach)
    {
        Label node = a.CreateLabel(), done = a.CreateLabel();
        a.mov(eax, Selectors.CpuNode);
        if (knowsRdpid)
            a.Alternative(s_lsl, (KernelFeature.Rdpid, s_rdpid));
        else
            a.lsl(eax, eax);
        AssemblerMemoryOperand cpu = reach(0, node);
        a.mov(ecx, eax);
        a.and(ecx, (1 << CpuBits) - 1);
        a.mov(cpu, ecx);
        a.Label(ref node);
        AssemblerMemoryOperand other = reach(1, done);
        a.shr(eax, CpuBits);
        a.mov(other, eax);
        a.Label(ref done);
        a.xor(eax, eax);
        a.ret();
    }
}
