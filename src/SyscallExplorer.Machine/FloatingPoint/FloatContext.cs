namespace SyscallExplorer.Machine;

/// <summary>What an operation on numbers is told by the control register, and what it reports back. Flags accumulate over the lanes of a vector.</summary>
internal struct FloatContext
{
    public RoundingControl Rounding;

    /// <summary>The exceptions that are masked. A tiny result raises underflow even when it is exact if underflow is not among them.</summary>
    public FloatExceptions Masked;

    /// <summary>The exceptions that the operations of this context have met.</summary>
    public FloatExceptions Raised;

    /// <summary>MXCSR.FTZ: a tiny result becomes zero while underflow is masked.</summary>
    public bool FlushToZero;

    /// <summary>MXCSR.DAZ: a denormal operand is read as zero.</summary>
    public bool DenormalsAreZero;

    /// <summary>Bits of significand that results in the x87 format are rounded to: 24, 53 or 64. Other formats have their own.</summary>
    public int ExtendedPrecision;

    /// <summary>Whether the last rounding made the magnitude greater: what the x87 FPU leaves in C1.</summary>
    public bool RoundedUp;

    /// <summary>A context with every exception masked.</summary>
    public FloatContext(RoundingControl rounding)
    {
        Rounding = rounding;
        Masked = FloatExceptions.All;
        ExtendedPrecision = Extended.FullPrecision;
    }

    /// <summary>The controls of MXCSR, with no exception raised yet: the register's own flags do not matter to an operation. SDM vol. 1, 10.2.3.</summary>
    public static FloatContext FromMxcsr(uint mxcsr) => new((RoundingControl)((mxcsr >> 13) & 3))
    {
        Masked = (FloatExceptions)(mxcsr >> 7) & FloatExceptions.All,
        FlushToZero = (mxcsr & (1 << 15)) != 0,
        DenormalsAreZero = (mxcsr & (1 << 6)) != 0,
    };

    /// <summary>The controls of the x87 control word. SDM vol. 1, 8.1.5.</summary>
    public static FloatContext FromControlWord(ushort control) => new((RoundingControl)((control >> 10) & 3))
    {
        Masked = (FloatExceptions)control & FloatExceptions.All,
        ExtendedPrecision = ((control >> 8) & 3) switch { 0 => 24, 2 => 53, _ => Extended.FullPrecision },
    };

    /// <summary>The exceptions that were raised and are not masked.</summary>
    public readonly FloatExceptions Unmasked => Raised & ~Masked & FloatExceptions.All;

    /// <summary>Raises the denormal-operand exception if the operands have one.</summary>
    /// <returns>Whether the exception is unmasked, so that the operation ends without a result.</returns>
    public bool StopsAtDenormal(bool denormalOperand)
    {
        if (!denormalOperand)
            return false;
        Raised |= FloatExceptions.Denormal;
        return (Masked & FloatExceptions.Denormal) == 0;
    }
}
