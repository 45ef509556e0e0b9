namespace SyscallExplorer.Machine;

/// <summary>
/// Something that costs time on top of the instruction at which it happens. Each has a figure with the key <c>event:</c> and the
/// member's name, its first letter in lower case.
/// </summary>
public enum TimingEvent
{
    /// <summary>An instruction fetch misses the first-level TLB and hits the second.</summary>
    ItlbMissStlbHit,

    /// <summary>A data access misses the first-level TLB and hits the second.</summary>
    DtlbMissStlbHit,

    /// <summary>A walk of the page tables that ends at a 4 KiB page.</summary>
    PageWalk4K,

    /// <summary>A walk of the page tables that ends at a 2 MiB page.</summary>
    PageWalk2M,

    /// <summary>A branch whose direction or target was predicted wrongly.</summary>
    BranchMispredict,

    /// <summary>Entry through the IDT for a fault, a trap or an interrupt. INT n, INT3 and INTO have figures of their own instead.</summary>
    ExceptionDelivery,

    /// <summary>The same under FRED; a file without a figure for it has that of the IDT.</summary>
    FredDelivery,

    /// <summary>A WRMSR to SPEC_CTRL, beyond the figure of WRMSR.</summary>
    WriteSpecCtrl,

    /// <summary>A WRMSR to PRED_CMD that asks for an indirect branch prediction barrier, beyond the figure of WRMSR.</summary>
    WritePredCmdIbpb,

    /// <summary>A MOV to CR3 that flushes, beyond the figure of the MOV. The TLB misses that follow are events of their own.</summary>
    TlbFlushAll,

    /// <summary>A CPUID of a leaf other than 0, beyond the figure of CPUID; a file without a figure for it makes no difference between them.</summary>
    CpuidFeatureLeaf,

    /// <summary>One iteration of a string instruction under REP, beyond the figure of the instruction.</summary>
    RepIteration,
}
