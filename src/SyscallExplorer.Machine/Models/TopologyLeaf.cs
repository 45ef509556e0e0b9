namespace SyscallExplorer.Machine;

/// <summary>CPUID leaf 0Bh: one processor with one thread, whose x2APIC ID is 0. SDM vol. 2A, CPUID.</summary>
internal static class TopologyLeaf
{
    public const uint Leaf = 0xB;
    private const uint ThreadLevel = 1;
    private const uint CoreLevel = 2;

    public static (uint Eax, uint Ebx, uint Ecx, uint Edx) Of(uint subleaf) => subleaf switch
    {
        0 => (0, 1, ThreadLevel << 8, 0),
        1 => (0, 1, CoreLevel << 8 | subleaf, 0),
        _ => (0, 0, (byte)subleaf, 0),
    };
}
