using System.Numerics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>IN and OUT, with IOPL and the I/O permission bit map, which a 16-bit TSS has not. SDM vol. 1, 19.5; vol. 2A, IN; vol. 2B, OUT.</summary>
internal static unsafe class PortInstructions
{
    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.In_AL_imm8, &InImmediate<byte>);
        table.One(Code.In_AX_imm8, &InImmediate<ushort>);
        table.One(Code.In_EAX_imm8, &InImmediate<uint>);
        table.One(Code.In_AL_DX, &InRegister<byte>);
        table.One(Code.In_AX_DX, &InRegister<ushort>);
        table.One(Code.In_EAX_DX, &InRegister<uint>);
        table.One(Code.Out_imm8_AL, &OutImmediate<byte>);
        table.One(Code.Out_imm8_AX, &OutImmediate<ushort>);
        table.One(Code.Out_imm8_EAX, &OutImmediate<uint>);
        table.One(Code.Out_DX_AL, &OutRegister<byte>);
        table.One(Code.Out_DX_AX, &OutRegister<ushort>);
        table.One(Code.Out_DX_EAX, &OutRegister<uint>);
    }

    private static Outcome InImmediate<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T> => In<T>(cpu, (byte)op.Immediate);

    private static Outcome InRegister<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T> => In<T>(cpu, (ushort)cpu.S.Gpr[(int)Gpr.Rdx]);

    private static Outcome OutImmediate<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T> => Out<T>(cpu, (byte)op.Immediate);

    private static Outcome OutRegister<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T> => Out<T>(cpu, (ushort)cpu.S.Gpr[(int)Gpr.Rdx]);

    private static Outcome In<T>(Processor cpu, ushort port) where T : unmanaged, IBinaryInteger<T>
    {
        int size = System.Runtime.CompilerServices.Unsafe.SizeOf<T>();
        if (!cpu.MayUsePort(port, size))
            return Outcome.Fault;
        cpu.SetRegister((int)Gpr.Rax, T.CreateTruncating(cpu.ReadPort(port, size)));
        return Outcome.Next;
    }

    private static Outcome Out<T>(Processor cpu, ushort port) where T : unmanaged, IBinaryInteger<T>
    {
        int size = System.Runtime.CompilerServices.Unsafe.SizeOf<T>();
        if (!cpu.MayUsePort(port, size))
            return Outcome.Fault;
        cpu.WritePort(port, size, uint.CreateTruncating(cpu.Register<T>((int)Gpr.Rax)));
        return Outcome.Next;
    }
}
