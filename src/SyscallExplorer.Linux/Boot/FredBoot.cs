using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>
/// What the registers hold where <c>fred=on</c> finds FRED. The IDT has no use any more, and of the registers of SYSCALL and SYSENTER only STAR has one.
/// </summary>
internal sealed class FredBoot(ProcessorRegisters registers, KernelImage image)
{
    /// <summary>Bytes below the stack pointer that an event of ring 0 leaves alone: one unit of 64.</summary>
    private const ulong Redzone = 1 << 6;

    /// <summary>Two bits of IA32_FRED_STKLVLS for each vector.</summary>
    private const int BitsOfVector = 2;

    /// <summary>Exceptions that may come where the stack cannot be trusted, with the level of each; the others stay on the stack there is.</summary>
    private static readonly (Vector Vector, int Level)[] s_levels =
        [(Vector.Debug, 1), (Vector.Nmi, 2), (Vector.MachineCheck, 2), (Vector.DoubleFault, 3)];

    /// <summary>The stacks of the levels above 0, the lowest first.</summary>
    private static readonly int[] s_stacks = [IstIndex.Debug, IstIndex.Nmi, IstIndex.DoubleFault];

    public void Run()
    {
        registers.WriteMsr(Msr.FredConfig, image.Symbols[FredEntry.FromUser.Symbol] | Redzone);
        registers.WriteMsr(Msr.FredStackLevels, s_levels.Aggregate(0ul, (levels, entry) => levels | ((ulong)entry.Level << (BitsOfVector * (int)entry.Vector))));
        registers.WriteMsr(Msr.FredRsp0, KernelLayout.ThreadStackTop);
        for (int i = 0; i < s_stacks.Length; i++)
            registers.WriteMsr(Msr.FredRsp0 + 1 + (uint)i, KernelLayout.ExceptionStackTop(s_stacks[i]));
        foreach (uint unused in (ReadOnlySpan<uint>)[Msr.Lstar, Msr.Cstar, Msr.Fmask, Msr.SysenterCs, Msr.SysenterEsp, Msr.SysenterEip])
            registers.WriteMsr(unused, 0);
        registers.Idtr = default;
        registers.ControlRegister4 |= Cr4.FRED;
    }
}
