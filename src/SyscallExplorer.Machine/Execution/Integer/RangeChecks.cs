using System.Numerics;
using System.Runtime.CompilerServices;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>BOUND. SDM vol. 2A. Not in 64-bit mode. No flags.</summary>
internal static unsafe class RangeChecks
{
    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Bound_r16_m1616, &Bound<ushort>);
        table.One(Code.Bound_r32_m3232, &Bound<uint>);
    }

    /// <summary>#BR unless the signed index is between the signed bounds, both of them included.</summary>
    private static Outcome Bound<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        ulong offset = cpu.EffectiveAddress(op);
        if (!cpu.ReadSegment(op.Segment, offset, out T lower)
            || !cpu.ReadSegment(op.Segment, (offset + (ulong)Unsafe.SizeOf<T>()) & op.AddressMask, out T upper))
        {
            return Outcome.Fault;
        }

        long index = Width.Signed(cpu.Register<T>(op.Op0.Index));
        return index < Width.Signed(lower) || index > Width.Signed(upper) ? cpu.Raise(Vector.BoundRange) : Outcome.Next;
    }
}
