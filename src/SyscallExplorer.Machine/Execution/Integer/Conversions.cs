using System.Numerics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>CBW, CWDE, CDQE, CWD, CDQ, CQO. SDM vol. 2A. No flags.</summary>
internal static unsafe class Conversions
{
    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Cbw, &Widen<byte, ushort>);
        table.One(Code.Cwde, &Widen<ushort, uint>);
        table.One(Code.Cdqe, &Widen<uint, ulong>);
        table.One(Code.Cwd, &SignIntoRdx<ushort>);
        table.One(Code.Cdq, &SignIntoRdx<uint>);
        table.One(Code.Cqo, &SignIntoRdx<ulong>);
    }

    private static Outcome Widen<TNarrow, TWide>(Processor cpu, Operation op)
        where TNarrow : unmanaged, IBinaryInteger<TNarrow>, IUnsignedNumber<TNarrow>
        where TWide : unmanaged, IBinaryInteger<TWide>, IUnsignedNumber<TWide>
    {
        cpu.SetRegister((int)Gpr.Rax, TWide.CreateTruncating(Width.Signed(cpu.Register<TNarrow>((int)Gpr.Rax))));
        return Outcome.Next;
    }

    private static Outcome SignIntoRdx<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        cpu.SetRegister((int)Gpr.Rdx, Flags.IsNegative(cpu.Register<T>((int)Gpr.Rax)) ? ~T.Zero : T.Zero);
        return Outcome.Next;
    }
}
