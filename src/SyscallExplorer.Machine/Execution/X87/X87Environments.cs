using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>FLDENV, FNSTENV, FRSTOR and FNSAVE. SDM vol. 2A, each under its name; vol. 1, 8.1.10, figures 8-9 to 8-12.</summary>
internal static unsafe class X87Environments
{
    private const int RegisterSize = 10;

    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Fldenv_m14byte, &Fldenv<Environment16>);
        table.One(Code.Fldenv_m28byte, &Fldenv<Environment32>);
        table.One(Code.Fnstenv_m14byte, &Fnstenv<Environment16>);
        table.One(Code.Fnstenv_m28byte, &Fnstenv<Environment32>);
        table.One(Code.Fstenv_m14byte, &Fstenv<Environment16>);
        table.One(Code.Fstenv_m28byte, &Fstenv<Environment32>);
        table.One(Code.Frstor_m94byte, &Frstor<State16, Environment16>);
        table.One(Code.Frstor_m108byte, &Frstor<State32, Environment32>);
        table.One(Code.Fnsave_m94byte, &Fnsave<State16, Environment16>);
        table.One(Code.Fnsave_m108byte, &Fnsave<State32, Environment32>);
        table.One(Code.Fsave_m94byte, &Fsave<State16, Environment16>);
        table.One(Code.Fsave_m108byte, &Fsave<State32, Environment32>);
    }

    [InlineArray(14)]
    private struct Environment16
    {
        private byte _first;
    }

    [InlineArray(28)]
    private struct Environment32
    {
        private byte _first;
    }

    [InlineArray(94)]
    private struct State16
    {
        private byte _first;
    }

    [InlineArray(108)]
    private struct State32
    {
        private byte _first;
    }

    private static Outcome Fldenv<TEnvironment>(Processor cpu, Operation op) where TEnvironment : unmanaged
    {
        if (!cpu.BeginX87() || !cpu.ReadMemory(op, out TEnvironment image))
            return Outcome.Fault;
        Load(cpu, ref cpu.S.X87, MemoryMarshal.AsBytes(new Span<TEnvironment>(ref image)));
        return Outcome.Next;
    }

    private static Outcome Fstenv<TEnvironment>(Processor cpu, Operation op) where TEnvironment : unmanaged =>
        cpu.BeginX87() ? Fnstenv<TEnvironment>(cpu, op) : Outcome.Fault;

    /// <summary>Stores, and then masks every exception.</summary>
    private static Outcome Fnstenv<TEnvironment>(Processor cpu, Operation op) where TEnvironment : unmanaged
    {
        if (!cpu.BeginX87Control())
            return Outcome.Fault;
        TEnvironment image = default;
        Store(cpu, cpu.S.X87, MemoryMarshal.AsBytes(new Span<TEnvironment>(ref image)));
        if (!cpu.WriteMemory(op, image))
            return Outcome.Fault;
        ref X87State fpu = ref cpu.S.X87;
        fpu.Control |= X87Status.Exceptions;
        fpu.Status = X87Status.WithSummary(fpu.Status, fpu.Control);
        return Outcome.Next;
    }

    private static Outcome Frstor<TState, TEnvironment>(Processor cpu, Operation op)
        where TState : unmanaged
        where TEnvironment : unmanaged
    {
        if (!cpu.BeginX87() || !cpu.ReadMemory(op, out TState image))
            return Outcome.Fault;
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(new Span<TState>(ref image));
        ReadOnlySpan<byte> registers = bytes[Unsafe.SizeOf<TEnvironment>()..];
        ref X87State fpu = ref cpu.S.X87;
        Load(cpu, ref fpu, bytes[..Unsafe.SizeOf<TEnvironment>()]);
        for (int i = 0; i < 8; i++)
        {
            ReadOnlySpan<byte> register = registers.Slice(i * RegisterSize, RegisterSize);
            ulong significand = BinaryPrimitives.ReadUInt64LittleEndian(register);
            fpu.Registers[fpu.Physical(i)] = new ExtendedReal(significand, BinaryPrimitives.ReadUInt16LittleEndian(register[8..]));
        }

        return Outcome.Next;
    }

    private static Outcome Fsave<TState, TEnvironment>(Processor cpu, Operation op)
        where TState : unmanaged
        where TEnvironment : unmanaged => cpu.BeginX87() ? Fnsave<TState, TEnvironment>(cpu, op) : Outcome.Fault;

    /// <summary>Stores, and then initializes.</summary>
    private static Outcome Fnsave<TState, TEnvironment>(Processor cpu, Operation op)
        where TState : unmanaged
        where TEnvironment : unmanaged
    {
        if (!cpu.BeginX87Control())
            return Outcome.Fault;
        TState image = default;
        Span<byte> bytes = MemoryMarshal.AsBytes(new Span<TState>(ref image));
        Span<byte> registers = bytes[Unsafe.SizeOf<TEnvironment>()..];
        ref X87State fpu = ref cpu.S.X87;
        Store(cpu, fpu, bytes[..Unsafe.SizeOf<TEnvironment>()]);
        for (int i = 0; i < 8; i++)
        {
            Span<byte> register = registers.Slice(i * RegisterSize, RegisterSize);
            BinaryPrimitives.WriteUInt64LittleEndian(register, fpu.Get(i).Significand);
            BinaryPrimitives.WriteUInt16LittleEndian(register[8..], fpu.Get(i).SignAndExponent);
        }

        if (!cpu.WriteMemory(op, image))
            return Outcome.Fault;
        fpu.Initialize();
        return Outcome.Next;
    }

    /// <summary>Real-address and virtual-8086 mode have linear addresses in place of selectors and offsets.</summary>
    private static bool IsRealFormat(Processor cpu) => (cpu.S.Cr0 & Cr0.PE) == 0 || (cpu.S.Rflags & Rflags.VM) != 0;

    private static void Store(Processor cpu, in X87State fpu, Span<byte> image)
    {
        bool wide = image.Length == Unsafe.SizeOf<Environment32>();
        bool real = IsRealFormat(cpu);
        Span<uint> words =
        [
            0xFFFF_0000u | fpu.Control, 0xFFFF_0000u | fpu.Status, 0xFFFF_0000u | FullTags(fpu),
            (uint)fpu.InstructionPointer, fpu.InstructionSelector | ((uint)fpu.Opcode << 16), (uint)fpu.DataPointer, 0xFFFF_0000u | fpu.DataSelector,
        ];
        if (real)
        {
            uint code = (uint)fpu.InstructionPointer + ((uint)fpu.InstructionSelector << 4), data = (uint)fpu.DataPointer + ((uint)fpu.DataSelector << 4);
            uint mask = wide ? 0x0FFF_F000u : 0xF000u;
            words[3] = (wide ? 0xFFFF_0000u : 0) | (code & 0xFFFF);
            words[4] = fpu.Opcode | ((code >> 16 << 12) & mask);
            words[5] = (wide ? 0xFFFF_0000u : 0) | (data & 0xFFFF);
            words[6] = (data >> 16 << 12) & mask;
        }

        for (int i = 0; i < words.Length; i++)
        {
            if (wide)
                BinaryPrimitives.WriteUInt32LittleEndian(image[(i * 4)..], words[i]);
            else
                BinaryPrimitives.WriteUInt16LittleEndian(image[(i * 2)..], (ushort)words[i]);
        }
    }

    private static void Load(Processor cpu, ref X87State fpu, ReadOnlySpan<byte> image)
    {
        bool wide = image.Length == Unsafe.SizeOf<Environment32>();
        Span<uint> words = stackalloc uint[7];
        for (int i = 0; i < words.Length; i++)
            words[i] = wide ? BinaryPrimitives.ReadUInt32LittleEndian(image[(i * 4)..]) : BinaryPrimitives.ReadUInt16LittleEndian(image[(i * 2)..]);
        fpu.Control = (ushort)((words[0] & X87Control.Writable) | X87Control.Fixed);
        fpu.Status = X87Status.WithSummary((ushort)words[1], fpu.Control);
        fpu.Valid = 0;
        for (int i = 0; i < 8; i++)
        {
            if (((words[2] >> (i * 2)) & 3) != 3)
                fpu.Valid |= (byte)(1 << i);
        }

        if (IsRealFormat(cpu))
        {
            uint mask = wide ? 0x0FFF_F000u : 0xF000u;
            fpu.InstructionPointer = (words[3] & 0xFFFF) | ((words[4] & mask) >> 12 << 16);
            fpu.DataPointer = (words[5] & 0xFFFF) | ((words[6] & mask) >> 12 << 16);
            fpu.Opcode = (ushort)(words[4] & X87State.OpcodeMask);
            fpu.InstructionSelector = fpu.DataSelector = 0;
            return;
        }

        fpu.InstructionPointer = words[3];
        fpu.InstructionSelector = (ushort)words[4];
        fpu.DataPointer = words[5];
        fpu.DataSelector = (ushort)words[6];

        // The 16-bit format has no room for it.
        fpu.Opcode = wide ? (ushort)((words[4] >> 16) & X87State.OpcodeMask) : (ushort)0;
    }

    /// <summary>Two bits for each physical register: valid, zero, special, empty. SDM vol. 1, 8.1.7.</summary>
    private static ushort FullTags(in X87State fpu)
    {
        int tags = 0;
        for (int i = 0; i < 8; i++)
        {
            FloatNumber number = Extended.Unpack(fpu.Registers[i]);
            int tag = ((fpu.Valid >> i) & 1) == 0 ? 3
                : number.Class == FloatClass.Zero ? 1
                : number.Class == FloatClass.Finite && !number.Denormal ? 0 : 2;
            tags |= tag << (i * 2);
        }

        return (ushort)tags;
    }
}
