using Iced.Intel;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Silicon;

/// <summary>
/// Where the emulator is known to differ from the host, and why it stays so: mostly the order of faults within one instruction, which the manuals
/// leave to the processor. Such mismatches are counted by reason and not reported one by one.
/// </summary>
internal static class KnownDifferences
{
    /// <summary>One kind of difference.</summary>
    /// <param name="Reason">What differs and why.</param>
    /// <param name="Matches">Whether a mismatch is of the kind.</param>
    internal sealed record Kind(string Reason, Func<Mismatched, bool> Matches);

    /// <summary>A mismatch.</summary>
    internal readonly record struct Mismatched(Instruction Instruction, EndState Emulated, EndState Native, IReadOnlyList<Difference> Differences)
    {
        public Mnemonic Mnemonic => Instruction.Mnemonic;

        public bool BothFault => Emulated.Kind == EndKind.Fault && Native.Kind == EndKind.Fault;

        /// <summary>Both raise an exception, and nothing but the exception differs.</summary>
        public bool OtherFault => BothFault && Differences.All(difference => difference.What is "end" or "error code" or "CR2");

        /// <summary>The memory operand is none that one access of a general register could make.</summary>
        public bool IsWide => Instruction.MemorySize.GetInfo().Size is not (0 or 1 or 2 or 4 or 8);

        /// <summary>The emulator goes on or raises another exception where the host raises a given one.</summary>
        public bool NativeRaises(Vector vector) =>
            Native.Kind == EndKind.Fault && Native.Vector == (int)vector && (Emulated.Kind != EndKind.Fault || Emulated.Vector != (int)vector);
    }

    private static readonly HashSet<Mnemonic> Partial =
    [
        Mnemonic.Unpcklps, Mnemonic.Unpcklpd, Mnemonic.Punpcklbw, Mnemonic.Punpcklwd, Mnemonic.Punpckldq, Mnemonic.Punpcklqdq,
        Mnemonic.Psllw, Mnemonic.Pslld, Mnemonic.Psllq, Mnemonic.Psrlw, Mnemonic.Psrld, Mnemonic.Psrlq, Mnemonic.Psraw, Mnemonic.Psrad,
        Mnemonic.Vunpcklps, Mnemonic.Vunpcklpd, Mnemonic.Vpunpcklbw, Mnemonic.Vpunpcklwd, Mnemonic.Vpunpckldq, Mnemonic.Vpunpcklqdq,
        Mnemonic.Vpsllw, Mnemonic.Vpslld, Mnemonic.Vpsllq, Mnemonic.Vpsrlw, Mnemonic.Vpsrld, Mnemonic.Vpsrlq, Mnemonic.Vpsraw, Mnemonic.Vpsrad,
    ];

    private static readonly HashSet<Mnemonic> ManyAccesses =
    [
        Mnemonic.Fldenv, Mnemonic.Fnstenv, Mnemonic.Fstenv, Mnemonic.Fnsave, Mnemonic.Fsave, Mnemonic.Frstor, Mnemonic.Fxsave, Mnemonic.Fxsave64, Mnemonic.Fxrstor,
        Mnemonic.Fxrstor64, Mnemonic.Xsave, Mnemonic.Xsave64, Mnemonic.Xsavec, Mnemonic.Xsavec64, Mnemonic.Xsaveopt, Mnemonic.Xsaveopt64, Mnemonic.Xrstor,
        Mnemonic.Xrstor64, Mnemonic.Retf, Mnemonic.Iret, Mnemonic.Iretd, Mnemonic.Iretq, Mnemonic.Enter, Mnemonic.Leave, Mnemonic.Pusha, Mnemonic.Pushad,
        Mnemonic.Popa, Mnemonic.Popad, Mnemonic.Maskmovdqu, Mnemonic.Vmaskmovdqu, Mnemonic.Maskmovq, Mnemonic.Vpmaskmovd, Mnemonic.Vpmaskmovq, Mnemonic.Vmaskmovps,
        Mnemonic.Vmaskmovpd, Mnemonic.Vpgatherdd, Mnemonic.Vpgatherdq, Mnemonic.Vpgatherqd, Mnemonic.Vpgatherqq, Mnemonic.Vgatherdps, Mnemonic.Vgatherdpd,
        Mnemonic.Vgatherqps, Mnemonic.Vgatherqpd, Mnemonic.Call, Mnemonic.Jmp, Mnemonic.Cmpxchg16b, Mnemonic.Fld, Mnemonic.Fstp, Mnemonic.Fbld, Mnemonic.Fbstp,
        Mnemonic.Clzero, Mnemonic.Bound, Mnemonic.Les, Mnemonic.Lds, Mnemonic.Lfs, Mnemonic.Lgs, Mnemonic.Lss,
    ];

    /// <summary>All kinds, the first that matches counts.</summary>
    public static IReadOnlyList<Kind> All { get; } =
    [
        new("an operand of several accesses: which of its faults comes first is the processor's choice", m => m.OtherFault && ManyAccesses.Contains(m.Mnemonic)),
        new("an operand of which only the lower half is used: AMD reads no more (SDM vol. 2B, UNPCKLPS: implementations may)",
            m => Partial.Contains(m.Mnemonic) && m.Emulated.Kind == EndKind.Fault),
        new("#AC of operands that are no power of two, or that an instruction reads in parts", m => m.NativeRaises(Vector.AlignmentCheck) && (m.IsWide || ManyAccesses.Contains(m.Mnemonic))),
        new("CALL m16:32 with REX.W: AMD pushes 8 bytes each", m => m.Mnemonic == Mnemonic.Call && m.Instruction.MemorySize is MemorySize.SegPtr32 or MemorySize.SegPtr64),
        new("LSL of the segment by which Linux tells the number of the processor", m => m.Mnemonic == Mnemonic.Lsl && m.Differences.Count == 1),
        new("the worker's own code was hit", m => m.Emulated.FaultAddress - WorkerLayout.Gate < 0x1000 || m.Native.FaultAddress - WorkerLayout.Gate < 0x1000),
    ];

    /// <summary>The index of the kind of a mismatch, or -1.</summary>
    public static int Find(in Instruction instruction, EndState emulated, EndState native, IReadOnlyList<Difference> differences)
    {
        var mismatch = new Mismatched(instruction, emulated, native, differences);
        for (int i = 0; i < All.Count; i++)
        {
            if (All[i].Matches(mismatch))
                return i;
        }

        return -1;
    }
}
