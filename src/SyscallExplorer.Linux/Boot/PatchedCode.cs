using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>A place of the kernel's code that boot patches, or would patch on another processor or with another command line.</summary>
/// <param name="Place">Its symbol and the distance to it.</param>
/// <param name="Address">Its linear address.</param>
/// <param name="Feature">What decides.</param>
/// <param name="IsApplied">Whether this boot has patched it.</param>
/// <param name="Before">Its bytes as they were linked.</param>
/// <param name="After">Its bytes with the feature.</param>
public sealed record PatchedCode(string Place, ulong Address, KernelFeature Feature, bool IsApplied, IReadOnlyList<byte> Before, IReadOnlyList<byte> After)
{
    private const int KernelBitness = 64;

    /// <summary>The instructions as they were linked.</summary>
    public string InstructionsBefore => Disassemble(Before);

    /// <summary>The instructions with the feature.</summary>
    public string InstructionsAfter => Disassemble(After);

    private string Disassemble(IReadOnlyList<byte> bytes) =>
        string.Join("; ", Disassembler.Lines([.. bytes], KernelBitness, Address).Select(line => line.Text));
}
