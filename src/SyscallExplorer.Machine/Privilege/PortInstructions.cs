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
        if (!MayUse(cpu, port, size))
            return Outcome.Fault;
        cpu.SetRegister((int)Gpr.Rax, T.CreateTruncating(cpu.Bus.In(port, size)));
        return Outcome.Next;
    }

    private static Outcome Out<T>(Processor cpu, ushort port) where T : unmanaged, IBinaryInteger<T>
    {
        int size = System.Runtime.CompilerServices.Unsafe.SizeOf<T>();
        if (!MayUse(cpu, port, size))
            return Outcome.Fault;
        cpu.Bus.Out(port, size, uint.CreateTruncating(cpu.Register<T>((int)Gpr.Rax)));
        return Outcome.Next;
    }

    private static bool MayUse(Processor cpu, ushort port, int size)
    {
        if (cpu.Cpl <= (int)((cpu.S.Rflags & Rflags.IOPL) >> 12))
            return true;
        if (TaskStateSegment.IoMapBase + 1 > cpu.S.Tr.Limit || TaskStateSegment.Is16Bit(cpu.S.Tr))
        {
            cpu.GeneralProtection();
            return false;
        }

        if (!cpu.ReadSystem(cpu.S.Tr.Base + TaskStateSegment.IoMapBase, out ushort mapBase))
            return false;
        uint offset = mapBase + port / 8u;
        if (offset + 1 > cpu.S.Tr.Limit)
        {
            cpu.GeneralProtection();
            return false;
        }

        if (!cpu.ReadSystem(cpu.S.Tr.Base + offset, out ushort bits))
            return false;
        if (((bits >> (port % 8)) & ((1 << size) - 1)) == 0)
            return true;
        cpu.GeneralProtection();
        return false;
    }
}
