using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>PCLMULQDQ: the product of two polynomials over GF(2). Bits 0 and 4 of the immediate choose the quadwords. SDM vol. 2B.</summary>
internal static class CarrylessProducts
{
    private const int LeftHigh = 1;
    private const int RightHigh = 16;

    public static void Register(InstructionTableBuilder table) => table.BinaryImmediate<Chosen>(Mnemonic.Pclmulqdq);

    private readonly struct Chosen : ILaneImmediateRule
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, byte immediate) => Fastest<LowQuadwords>.Apply(
            (immediate & LeftHigh) == 0 ? left : Elements.Scalar(Elements.High(left)),
            (immediate & RightHigh) == 0 ? right : Elements.Scalar(Elements.High(right)));
    }

    internal readonly struct LowQuadwords : IAcceleratedRule
    {
        public static bool IsAccelerated => Pclmulqdq.IsSupported;

        public static Vector128<byte> Accelerated(Vector128<byte> left, Vector128<byte> right) =>
            Pclmulqdq.CarrylessMultiply(left.AsUInt64(), right.AsUInt64(), 0).AsByte();

        public static Vector128<byte> Portable(Vector128<byte> left, Vector128<byte> right)
        {
            UInt128 product = 0;
            UInt128 shifted = Elements.Low(left);
            for (ulong bits = Elements.Low(right); bits != 0; bits >>= 1)
            {
                if ((bits & 1) != 0)
                    product ^= shifted;
                shifted <<= 1;
            }

            return Elements.Create((ulong)product, (ulong)(product >> 64));
        }
    }
}
