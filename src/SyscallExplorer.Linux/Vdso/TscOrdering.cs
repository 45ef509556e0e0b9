namespace SyscallExplorer.Linux;

/// <summary>How the image keeps the processor from reading the counter too early.</summary>
internal enum TscOrdering
{
    /// <summary>A fence before RDTSC, for which three bytes of NOP stand: up to Linux 5.0.</summary>
    FenceBefore,

    /// <summary>RDTSC is replaced with a fence and RDTSC, or by RDTSCP: from Linux 5.1 on.</summary>
    WholeRead,
}

/// <summary>Bytes of the reads of the counter.</summary>
internal static class CounterReads
{
    private static readonly byte[] s_mfence = [0x0F, 0xAE, 0xF0], s_lfence = [0x0F, 0xAE, 0xE8], s_rdtsc = [0x0F, 0x31], s_rdtscp = [0x0F, 0x01, 0xF9];

    /// <summary>EDX:EAX becomes the counter; ECX may be overwritten.</summary>
    public static void ReadCounter(this VdsoAssembler a, TscOrdering ordering)
    {
        if (ordering == TscOrdering.FenceBefore)
        {
            a.Alternative([0x90, 0x90, 0x90], (KernelFeature.MfenceRdtsc, s_mfence), (KernelFeature.LfenceRdtsc, s_lfence));
            a.rdtsc();
            return;
        }

        a.Alternative([.. s_rdtsc, 0x90, 0x90, 0x90], (KernelFeature.LfenceRdtsc, [.. s_lfence, .. s_rdtsc]), (KernelFeature.Rdtscp, s_rdtscp));
    }
}
