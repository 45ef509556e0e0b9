namespace SyscallExplorer.Linux;

/// <summary>Since which version the kernel knows each feature; what is not listed, all of the kit's versions know.</summary>
internal static class FeatureHistory
{
    private static readonly Dictionary<KernelFeature, Version> s_since = new()
    {
        [KernelFeature.Pti] = new(4, 15),
        [KernelFeature.Pcid] = new(4, 14),
        [KernelFeature.La57] = new(4, 14),
        [KernelFeature.Smap] = new(3, 7),
        [KernelFeature.EagerFpu] = new(3, 7),
        [KernelFeature.Smep] = new(3, 0),
        [KernelFeature.Retpoline] = new(4, 15),
        [KernelFeature.RetpolineLfence] = new(4, 15),
        [KernelFeature.RsbContextSwitch] = new(4, 15),
        [KernelFeature.FenceSwapgsUser] = new(5, 3),
        [KernelFeature.FenceSwapgsKernel] = new(5, 3),
        [KernelFeature.MdsClear] = new(5, 2),
        [KernelFeature.RandomizeKstackOffset] = new(5, 13),
        [KernelFeature.Fsgsbase] = new(5, 9),
        [KernelFeature.KernelIbrs] = new(5, 19),
        [KernelFeature.UntrainReturns] = new(5, 19),
        [KernelFeature.InlineReturns] = new(5, 19),
        [KernelFeature.ClearBranchHistory] = new(6, 9),
        [KernelFeature.XenPv] = new(4, 4),
        [KernelFeature.SafeReturns] = new(6, 5),
        [KernelFeature.AliasedSafeReturns] = new(6, 5),
        [KernelFeature.EntryBarrier] = new(5, 19),
        [KernelFeature.StackErasure] = new(4, 20),
        [KernelFeature.Erms] = new(3, 0),
        [KernelFeature.Lkgs] = new(6, 3),
        [KernelFeature.Fred] = new(6, 9),
    };

    /// <summary>Whether a version knows a feature.</summary>
    public static bool Has(Version version, KernelFeature feature) => !s_since.TryGetValue(feature, out Version? since) || version >= since;
}
