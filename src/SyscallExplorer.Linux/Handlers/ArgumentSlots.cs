namespace SyscallExplorer.Linux;

/// <summary>Where <c>pt_regs</c> holds the six arguments of a call, in their order.</summary>
internal static class ArgumentSlots
{
    private static readonly int[] s_wide =
        [PtRegsOffsets.Di, PtRegsOffsets.Si, PtRegsOffsets.Dx, PtRegsOffsets.R10, PtRegsOffsets.R8, PtRegsOffsets.R9];

    private static readonly int[] s_narrow =
        [PtRegsOffsets.Bx, PtRegsOffsets.Cx, PtRegsOffsets.Dx, PtRegsOffsets.Si, PtRegsOffsets.Di, PtRegsOffsets.Bp];

    /// <summary>Those of 64-bit and x32 callers, or of 32-bit ones.</summary>
    public static ReadOnlySpan<int> Of(bool compat) => compat ? s_narrow : s_wide;
}
