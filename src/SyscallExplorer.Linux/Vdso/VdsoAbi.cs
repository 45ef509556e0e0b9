namespace SyscallExplorer.Linux;

/// <summary>Which programs an image of the vDSO is for.</summary>
public enum VdsoAbi
{
    /// <summary>64-bit programs: ELF64.</summary>
    X64,

    /// <summary>x32 programs, 64-bit code with 32-bit pointers: ELF32 for x86-64.</summary>
    X32,

    /// <summary>32-bit programs: ELF32 for the 386.</summary>
    I386,
}
