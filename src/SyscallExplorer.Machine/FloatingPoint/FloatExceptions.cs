namespace SyscallExplorer.Machine;

/// <summary>The six floating-point exceptions, in the bit order of MXCSR and of the x87 status and control words. SDM vol. 1, 4.9.1.</summary>
[Flags]
internal enum FloatExceptions : byte
{
    None = 0,
    Invalid = 1,
    Denormal = 2,
    DivideByZero = 4,
    Overflow = 8,
    Underflow = 16,
    Precision = 32,

    /// <summary>Not an exception of its own: the x87 FPU's invalid operation was a full or empty stack. Bit 6 of the status word.</summary>
    StackFault = 64,

    /// <summary>Found before anything is computed: when one of them is unmasked, nothing is.</summary>
    BeforeComputation = Invalid | Denormal | DivideByZero,
    All = BeforeComputation | Overflow | Underflow | Precision,
}
