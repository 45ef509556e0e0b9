using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>
/// VGATHER* and VPGATHER*. Elements are loaded from the lowest on, and each clears its mask: a fault leaves what was loaded, and the instruction
/// can be restarted. Alignment is not checked. SDM vol. 2C, VGATHERDPS and its kin.
/// </summary>
internal static unsafe class Gathers
{
    public static void Register(InstructionTableBuilder table)
    {
        foreach (Mnemonic mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Vpgatherdd, Mnemonic.Vgatherdps])
            Gather<int, int>(table, mnemonic);
        foreach (Mnemonic mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Vpgatherdq, Mnemonic.Vgatherdpd])
            Gather<int, long>(table, mnemonic);
        foreach (Mnemonic mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Vpgatherqd, Mnemonic.Vgatherqps])
            Gather<long, int>(table, mnemonic);
        foreach (Mnemonic mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Vpgatherqq, Mnemonic.Vgatherqpd])
            Gather<long, long>(table, mnemonic);
    }

    /// <summary>A form whose indices or elements fill a YMM register works on twice as many of them.</summary>
    private static void Gather<TIndex, TElement>(InstructionTableBuilder table, Mnemonic mnemonic)
        where TIndex : unmanaged, IBinaryInteger<TIndex>
        where TElement : unmanaged, IBinaryInteger<TElement>
    {
        foreach (Code code in VectorForms.CodesOf(mnemonic))
        {
            OpCodeInfo form = code.ToOpCode();
            bool wide = form.Op0Kind == OpCodeOperandKind.ymm_reg || form.Op1Kind is OpCodeOperandKind.mem_vsib32y or OpCodeOperandKind.mem_vsib64y;
            table.One(code, wide ? &Gather256<TIndex, TElement> : &Gather128<TIndex, TElement>);
        }
    }

    private static Outcome Gather128<TIndex, TElement>(Processor cpu, Operation op)
        where TIndex : unmanaged, IBinaryInteger<TIndex>
        where TElement : unmanaged, IBinaryInteger<TElement> =>
        Gather<TIndex, TElement>(cpu, op, Math.Min(Vector128<TIndex>.Count, Vector128<TElement>.Count));

    private static Outcome Gather256<TIndex, TElement>(Processor cpu, Operation op)
        where TIndex : unmanaged, IBinaryInteger<TIndex>
        where TElement : unmanaged, IBinaryInteger<TElement> =>
        Gather<TIndex, TElement>(cpu, op, Math.Min(Vector256<TIndex>.Count, Vector256<TElement>.Count));

    private static Outcome Gather<TIndex, TElement>(Processor cpu, Operation op, int count)
        where TIndex : unmanaged, IBinaryInteger<TIndex>
        where TElement : unmanaged, IBinaryInteger<TElement>
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        int destination = op.Op0.Index;
        int mask = op.Op2.Index;
        if (destination == mask || destination == op.VectorIndex || mask == op.VectorIndex)
            return cpu.Raise(Vector.InvalidOpcode);

        Vector256<TIndex> indices = cpu.S.Vectors[op.VectorIndex].As<byte, TIndex>();
        ulong start = cpu.EffectiveAddress(op);
        for (int i = 0; i < count; i++)
        {
            if (TElement.IsNegative(ElementOf<TElement>(cpu, mask, i)))
            {
                ulong offset = (start + (ulong)(long.CreateTruncating(indices.GetElement(i)) * op.Scale)) & op.AddressMask;
                if (!cpu.SegmentedAddress(op.Segment, offset, Unsafe.SizeOf<TElement>(), write: false, out ulong linear)
                    || !cpu.ReadUnaligned(linear, out TElement value))
                {
                    return Outcome.Fault;
                }

                ElementOf<TElement>(cpu, destination, i) = value;
            }

            ElementOf<TElement>(cpu, mask, i) = TElement.Zero;
        }

        // What lies above the last element is cleared when the instruction completes.
        for (int i = count; i < Vector256<TElement>.Count; i++)
        {
            ElementOf<TElement>(cpu, destination, i) = TElement.Zero;
            ElementOf<TElement>(cpu, mask, i) = TElement.Zero;
        }

        return Outcome.Next;
    }

    private static ref T ElementOf<T>(Processor cpu, int register, int index) where T : unmanaged =>
        ref Unsafe.Add(ref Unsafe.As<Vector256<byte>, T>(ref cpu.S.Vectors[register]), index);
}
