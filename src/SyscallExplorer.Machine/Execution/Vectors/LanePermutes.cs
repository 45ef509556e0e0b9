using System.Runtime.Intrinsics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>
/// What crosses the lanes of a YMM register: VPERM2F128, VPERM2I128, VPERMQ, VPERMPD, VPERMD, VPERMPS, VINSERT*128, VEXTRACT*128. SDM vol. 2C, each
/// under its name.
/// </summary>
internal static unsafe class LanePermutes
{
    private const byte ZeroLane = 8;

    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.VEX_Vperm2f128_ymm_ymm_ymmm256_imm8, &PermuteLanes);
        table.One(Code.VEX_Vperm2i128_ymm_ymm_ymmm256_imm8, &PermuteLanes);
        table.One(Code.VEX_Vpermq_ymm_ymmm256_imm8, &PermuteQuadwords);
        table.One(Code.VEX_Vpermpd_ymm_ymmm256_imm8, &PermuteQuadwords);
        table.One(Code.VEX_Vpermd_ymm_ymm_ymmm256, &PermuteDoublewords);
        table.One(Code.VEX_Vpermps_ymm_ymm_ymmm256, &PermuteDoublewords);
        table.One(Code.VEX_Vinsertf128_ymm_ymm_xmmm128_imm8, &Insert);
        table.One(Code.VEX_Vinserti128_ymm_ymm_xmmm128_imm8, &Insert);
        table.One(Code.VEX_Vextractf128_xmmm128_ymm_imm8, &Extract);
        table.One(Code.VEX_Vextracti128_xmmm128_ymm_imm8, &Extract);
    }

    private static Outcome PermuteLanes(Processor cpu, Operation op)
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        if (!cpu.ReadYmm(op, op.Op2, out Vector256<byte> right))
            return Outcome.Fault;
        Vector256<byte> left = cpu.S.Vectors[op.Op1.Index];
        int control = (int)op.Immediate;
        cpu.S.Vectors[op.Op0.Index] = Elements.Lanes(LaneOf(left, right, control), LaneOf(left, right, control >> 4));
        return Outcome.Next;
    }

    private static Vector128<byte> LaneOf(Vector256<byte> left, Vector256<byte> right, int control)
    {
        if ((control & ZeroLane) != 0)
            return default;
        Vector256<byte> source = (control & 2) == 0 ? left : right;
        return (control & 1) == 0 ? source.GetLower() : source.GetUpper();
    }

    private static Outcome PermuteQuadwords(Processor cpu, Operation op)
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        if (!cpu.ReadYmm(op, op.Op1, out Vector256<byte> value))
            return Outcome.Fault;
        Vector256<ulong> quadwords = value.AsUInt64();
        int control = (int)op.Immediate;
        cpu.S.Vectors[op.Op0.Index] = Vector256.Create(
            quadwords.GetElement(control & 3), quadwords.GetElement((control >> 2) & 3),
            quadwords.GetElement((control >> 4) & 3), quadwords.GetElement((control >> 6) & 3)).AsByte();
        return Outcome.Next;
    }

    /// <summary>The first source chooses, three bits for each element.</summary>
    private static Outcome PermuteDoublewords(Processor cpu, Operation op)
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        if (!cpu.ReadYmm(op, op.Op2, out Vector256<byte> value))
            return Outcome.Fault;
        Vector256<uint> choices = cpu.S.Vectors[op.Op1.Index].AsUInt32() & Vector256.Create(7u);
        cpu.S.Vectors[op.Op0.Index] = Vector256.Shuffle(value.AsUInt32(), choices).AsByte();
        return Outcome.Next;
    }

    private static Outcome Insert(Processor cpu, Operation op)
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        if (!cpu.ReadXmm(op, op.Op2, out Vector128<byte> lane))
            return Outcome.Fault;
        Vector256<byte> value = cpu.S.Vectors[op.Op1.Index];
        cpu.S.Vectors[op.Op0.Index] = (op.Immediate & 1) == 0 ? value.WithLower(lane) : value.WithUpper(lane);
        return Outcome.Next;
    }

    private static Outcome Extract(Processor cpu, Operation op)
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        Vector256<byte> value = cpu.S.Vectors[op.Op1.Index];
        Vector128<byte> lane = (op.Immediate & 1) == 0 ? value.GetLower() : value.GetUpper();
        if (op.Op0.Kind == OperandKind.Vector)
            cpu.SetXmmClearingUpper(op.Op0.Index, lane);
        else if (!cpu.WriteMemory(op, lane))
            return Outcome.Fault;
        return Outcome.Next;
    }
}
