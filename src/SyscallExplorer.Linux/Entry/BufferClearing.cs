namespace SyscallExplorer.Linux;

/// <summary>VERW as the last instruction but one before user mode, from Linux 6.8 on; and the trap behind a SYSRET that speculation runs into.</summary>
internal static class BufferClearing
{
    private const string Selector = "mds_verw_sel";
    private static readonly byte[] Nop8 = [0x0F, 0x1F, 0x84, 0, 0, 0, 0, 0];

    /// <summary>VERW of a selector that lies in the entry code, which the user's page tables hold. It changes ZF alone.</summary>
    public static void Last(KernelAssembler k)
    {
        if (!k.Traits.ClearsBuffersLast)
            return;
        byte[] verw = [0x0F, 0x00, 0x2C, 0x25, 0, 0, 0, 0];
        BitConverter.TryWriteBytes(verw.AsSpan(4), (int)k.AddressOf(Selector));
        k.Mitigation("MDS", KernelFeature.MdsClear, () => k.Either(KernelFeature.MdsClear, Nop8, verw));
    }

    /// <summary>Keeps speculation from going on behind a SYSRET.</summary>
    public static void Stop(KernelAssembler k)
    {
        if (k.Traits.ClearsBuffersLast)
            k.int3();
    }

    /// <summary>The selector that VERW reads.</summary>
    public static void EmitSelector(KernelAssembler k)
    {
        if (!k.Traits.ClearsBuffersLast)
            return;
        k.Global(Selector);
        k.dw(Selectors.KernelDs);
    }
}
