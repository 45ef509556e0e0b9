using System.Runtime.Intrinsics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>VBROADCAST* and VPBROADCAST*: the lowest element everywhere. SDM vol. 2C, VBROADCAST and VPBROADCAST.</summary>
internal static unsafe class Broadcasts
{
    public static void Register(InstructionTableBuilder table)
    {
        Broadcast<byte>(table, Mnemonic.Vpbroadcastb);
        Broadcast<ushort>(table, Mnemonic.Vpbroadcastw);
        foreach (Mnemonic mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Vpbroadcastd, Mnemonic.Vbroadcastss])
            Broadcast<uint>(table, mnemonic);
        foreach (Mnemonic mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Vpbroadcastq, Mnemonic.Vbroadcastsd])
            Broadcast<ulong>(table, mnemonic);
        foreach (Mnemonic mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Vbroadcastf128, Mnemonic.Vbroadcasti128])
            Broadcast<Vector128<byte>>(table, mnemonic);
    }

    private static void Broadcast<T>(InstructionTableBuilder table, Mnemonic mnemonic) where T : unmanaged
    {
        foreach (Code code in VectorForms.CodesOf(mnemonic))
            table.ByShape(code, null, null, &Vex128<T>, &Vex256<T>);
    }

    private static Outcome Vex128<T>(Processor cpu, Operation op) where T : unmanaged
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        if (!PartHandlers.Read<T>(cpu, op, op.Op1, out Vector128<byte> value))
            return Outcome.Fault;
        cpu.SetXmmClearingUpper(op.Op0.Index, Repeat<T>(value));
        return Outcome.Next;
    }

    private static Outcome Vex256<T>(Processor cpu, Operation op) where T : unmanaged
    {
        if ((cpu.Ready & ExecutionUnits.Avx) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Avx);
        if (!PartHandlers.Read<T>(cpu, op, op.Op1, out Vector128<byte> value))
            return Outcome.Fault;
        Vector128<byte> lane = Repeat<T>(value);
        cpu.S.Vectors[op.Op0.Index] = Elements.Lanes(lane, lane);
        return Outcome.Next;
    }

    private static Vector128<byte> Repeat<T>(Vector128<byte> value) where T : unmanaged =>
        typeof(T) == typeof(Vector128<byte>) ? value : Vector128.Create(Elements.At<T>(ref value, 0)).AsByte();
}
