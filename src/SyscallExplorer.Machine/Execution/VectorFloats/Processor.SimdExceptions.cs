namespace SyscallExplorer.Machine;

/// <content>SIMD floating-point exceptions. SDM vol. 1, 11.5.2 and 11.5.3.</content>
public sealed partial class Processor
{
    /// <summary>The control and the masks that MXCSR sets for an instruction that begins.</summary>
    internal FloatContext SimdContext => FloatContext.FromMxcsr(S.Mxcsr);

    /// <summary>
    /// Adds the exceptions that an instruction met, in all of its elements, to the flags of MXCSR. When one is unmasked the instruction ends without a
    /// result; when one of those found before computing is, those that computing would have found are not reported.
    /// </summary>
    /// <returns>False when #XM, or without CR4.OSXMMEXCPT #UD, is pending.</returns>
    internal bool ReportSimd(in FloatContext context)
    {
        FloatExceptions raised = context.Raised, unmasked = context.Unmasked;
        if ((unmasked & FloatExceptions.BeforeComputation) != 0)
            raised &= FloatExceptions.BeforeComputation;
        S.Mxcsr |= (uint)raised;
        if (unmasked == FloatExceptions.None)
            return true;
        Raise((S.Cr4 & Cr4.OSXMMEXCPT) != 0 ? Vector.SimdFloatingPoint : Vector.InvalidOpcode);
        return false;
    }
}
