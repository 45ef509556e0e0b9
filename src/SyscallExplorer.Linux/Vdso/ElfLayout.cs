namespace SyscallExplorer.Linux;

/// <summary>What differs between the three kinds of ELF files that images of the vDSO are.</summary>
/// <param name="Is64">ELFCLASS64.</param>
/// <param name="Machine">e_machine.</param>
internal sealed record ElfLayout(bool Is64, ushort Machine)
{
    private const ushort X86 = 3, X8664 = 62;

    public int Word => Is64 ? 8 : 4;

    public int HeaderSize => Is64 ? 64 : 52;

    public int ProgramHeaderSize => Is64 ? 56 : 32;

    public int SectionHeaderSize => Is64 ? 64 : 40;

    public int SymbolSize => Is64 ? 24 : 16;

    public static ElfLayout Of(VdsoAbi abi) => new(abi == VdsoAbi.X64, abi == VdsoAbi.I386 ? X86 : X8664);
}
