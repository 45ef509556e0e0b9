using System.Numerics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>
/// RDRAND and RDSEED. SDM vol. 2B. CF tells that a number was ready, which it always is; the other arithmetic flags are cleared. The numbers
/// follow from <see cref="Processor.RandomSeed"/> alone.
/// </summary>
internal static unsafe class RandomNumbers
{
    public static void Register(InstructionTableBuilder table)
    {
        table.Sized(Mnemonic.Rdrand, null, &Draw<ushort>, &Draw<uint>, &Draw<ulong>);
        table.Sized(Mnemonic.Rdseed, null, &Draw<ushort>, &Draw<uint>, &Draw<ulong>);
    }

    private static Outcome Draw<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>
    {
        cpu.SetRegister(op.Op0.Index, T.CreateTruncating(Next(ref cpu.S.RandomState)));
        cpu.S.Rflags = (cpu.S.Rflags & ~Rflags.Arithmetic) | Rflags.CF;
        return Outcome.Next;
    }

    /// <summary>A counter with an odd step, whose bits are then mixed by multiplications and shifts: every 64-bit number comes once a period.</summary>
    private static ulong Next(ref ulong state)
    {
        state = unchecked(state + 0x9E37_79B9_7F4A_7C15);
        ulong mixed = state;
        mixed = unchecked((mixed ^ (mixed >> 32)) * 0xD6E8_FEB8_6659_FD93);
        mixed = unchecked((mixed ^ (mixed >> 32)) * 0xD6E8_FEB8_6659_FD93);
        return mixed ^ (mixed >> 32);
    }
}
