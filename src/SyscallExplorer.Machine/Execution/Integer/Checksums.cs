using System.Numerics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>CRC32: the Castagnoli polynomial, bits reflected. SDM vol. 2A.</summary>
internal static unsafe class Checksums
{
    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Crc32_r32_rm8, &Accumulate<byte>);
        table.One(Code.Crc32_r64_rm8, &Accumulate<byte>);
        table.One(Code.Crc32_r32_rm16, &Accumulate<ushort>);
        table.One(Code.Crc32_r32_rm32, &Accumulate<uint>);
        table.One(Code.Crc32_r64_rm64, &Accumulate<ulong>);
    }

    private static Outcome Accumulate<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (!cpu.Read(op, op.Op1, out T data))
            return Outcome.Fault;
        uint crc = cpu.Register<uint>(op.Op0.Index);
        for (int bit = 0; bit < Width.Bits<T>(); bit += 8)
            crc = BitOperations.Crc32C(crc, byte.CreateTruncating(data >> bit));
        cpu.SetRegister(op.Op0.Index, crc);
        return Outcome.Next;
    }
}
