using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>
/// VMASKMOVPS, VMASKMOVPD, VPMASKMOVD, VPMASKMOVQ: elements whose sign bit in the mask is clear are not touched, and cannot fault; alignment is
/// never checked. SDM vol. 2C, VMASKMOV and VPMASKMOV.
/// </summary>
internal static unsafe class MaskedMoves
{
    public static void Register(InstructionTableBuilder table)
    {
        foreach (Mnemonic mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Vmaskmovps, Mnemonic.Vpmaskmovd])
            Move<int>(table, mnemonic);
        foreach (Mnemonic mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Vmaskmovpd, Mnemonic.Vpmaskmovq])
            Move<long>(table, mnemonic);
    }

    private static void Move<T>(InstructionTableBuilder table, Mnemonic mnemonic) where T : unmanaged, INumber<T>
    {
        foreach (Code code in VectorForms.CodesOf(mnemonic))
        {
            if (code.ToOpCode().Op0Kind == OpCodeOperandKind.mem)
                table.ByShape(code, null, null, &Store128<T>, &Store256<T>);
            else
                table.ByShape(code, null, null, &Load128<T>, &Load256<T>);
        }
    }

    private static Outcome Load128<T>(Processor cpu, Operation op) where T : unmanaged, INumber<T> => Load<T>(cpu, op, Vector128<T>.Count);

    private static Outcome Load256<T>(Processor cpu, Operation op) where T : unmanaged, INumber<T> => Load<T>(cpu, op, Vector256<T>.Count);

    private static Outcome Store128<T>(Processor cpu, Operation op) where T : unmanaged, INumber<T> => Store<T>(cpu, op, Vector128<T>.Count);

    private static Outcome Store256<T>(Processor cpu, Operation op) where T : unmanaged, INumber<T> => Store<T>(cpu, op, Vector256<T>.Count);

    private static Outcome Load<T>(Processor cpu, Operation op, int count) where T : unmanaged, INumber<T>
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        Vector256<T> mask = cpu.S.Vectors[op.Op1.Index].As<byte, T>();
        Vector256<T> result = default;
        for (int i = 0; i < count; i++)
        {
            if (!T.IsNegative(mask.GetElement(i)))
                continue;
            if (!Locate<T>(cpu, op, i, write: false, out ulong linear) || !cpu.ReadUnaligned(linear, out T value))
                return Outcome.Fault;
            result = result.WithElement(i, value);
        }

        cpu.S.Vectors[op.Op0.Index] = result.AsByte();
        return Outcome.Next;
    }

    /// <summary>Every element is probed before the first is written.</summary>
    private static Outcome Store<T>(Processor cpu, Operation op, int count) where T : unmanaged, INumber<T>
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        Vector256<T> mask = cpu.S.Vectors[op.Op1.Index].As<byte, T>();
        Vector256<T> value = cpu.S.Vectors[op.Op2.Index].As<byte, T>();
        for (int i = 0; i < count; i++)
        {
            if (T.IsNegative(mask.GetElement(i))
                && !(Locate<T>(cpu, op, i, write: true, out ulong linear) && cpu.ProbeWrite(linear, Unsafe.SizeOf<T>(), cpu.Cpl == 3, explicitAccess: true)))
            {
                return Outcome.Fault;
            }
        }

        for (int i = 0; i < count; i++)
        {
            if (T.IsNegative(mask.GetElement(i))
                && !(Locate<T>(cpu, op, i, write: true, out ulong linear) && cpu.WriteUnaligned(linear, value.GetElement(i))))
            {
                return Outcome.Fault;
            }
        }

        return Outcome.Next;
    }

    private static bool Locate<T>(Processor cpu, Operation op, int element, bool write, out ulong linear) where T : unmanaged
    {
        ulong offset = cpu.EffectiveAddress(op) + (ulong)(element * Unsafe.SizeOf<T>());
        return cpu.SegmentedAddress(op.Segment, offset, Unsafe.SizeOf<T>(), write, out linear);
    }
}
