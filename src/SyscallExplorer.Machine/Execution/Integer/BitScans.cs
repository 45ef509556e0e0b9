using System.Numerics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>BSF, BSR, TZCNT, LZCNT, POPCNT. SDM vol. 2A and 2B.</summary>
internal static unsafe class BitScans
{
    public static void Register(InstructionTableBuilder table)
    {
        table.Sized(Mnemonic.Bsf, null, &Scan<ushort, TrailingRule>, &Scan<uint, TrailingRule>, &Scan<ulong, TrailingRule>);
        table.Sized(Mnemonic.Bsr, null, &Scan<ushort, HighestRule>, &Scan<uint, HighestRule>, &Scan<ulong, HighestRule>);
        table.Sized(Mnemonic.Tzcnt, null, &Count<ushort, TrailingRule>, &Count<uint, TrailingRule>, &Count<ulong, TrailingRule>, IsLegacy);
        table.Sized(Mnemonic.Lzcnt, null, &Count<ushort, LeadingRule>, &Count<uint, LeadingRule>, &Count<ulong, LeadingRule>, IsLegacy);
        table.Sized(Mnemonic.Popcnt, null, &CountOnes<ushort>, &CountOnes<uint>, &CountOnes<ulong>, IsLegacy);
    }

    private static bool IsLegacy(OpCodeInfo form) => form.Encoding == EncodingKind.Legacy;

    /// <summary>A zero source sets ZF and leaves the destination as it was, all 64 bits of it. The other flags are undefined and left alone.</summary>
    private static Outcome Scan<T, TRule>(Processor cpu, Operation op)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TRule : struct, IUnaryRule
    {
        if (!cpu.Read(op, op.Op1, out T value))
            return Outcome.Fault;
        ulong flags = cpu.S.Rflags & ~Rflags.ZF;
        if (value == T.Zero)
            flags |= Rflags.ZF;
        else
            cpu.SetRegister(op.Op0.Index, TRule.Apply(value, ref flags));
        cpu.S.Rflags = flags;
        return Outcome.Next;
    }

    /// <summary>CF tells a zero source, ZF a zero result; the other flags are undefined and left alone.</summary>
    private static Outcome Count<T, TRule>(Processor cpu, Operation op)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TRule : struct, IUnaryRule
    {
        if (!cpu.Read(op, op.Op1, out T value))
            return Outcome.Fault;
        ulong flags = cpu.S.Rflags & ~(Rflags.CF | Rflags.ZF);
        T count = TRule.Apply(value, ref flags);
        cpu.SetRegister(op.Op0.Index, count);
        cpu.S.Rflags = flags | (value == T.Zero ? Rflags.CF : 0) | (count == T.Zero ? Rflags.ZF : 0);
        return Outcome.Next;
    }

    /// <summary>POPCNT clears every arithmetic flag but ZF.</summary>
    private static Outcome CountOnes<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (!cpu.Read(op, op.Op1, out T value))
            return Outcome.Fault;
        cpu.SetRegister(op.Op0.Index, T.PopCount(value));
        cpu.S.Rflags = (cpu.S.Rflags & ~Rflags.Arithmetic) | (value == T.Zero ? Rflags.ZF : 0);
        return Outcome.Next;
    }

    private readonly struct TrailingRule : IUnaryRule
    {
        public static T Apply<T>(T value, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => T.TrailingZeroCount(value);
    }

    private readonly struct LeadingRule : IUnaryRule
    {
        public static T Apply<T>(T value, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => T.LeadingZeroCount(value);
    }

    private readonly struct HighestRule : IUnaryRule
    {
        public static T Apply<T>(T value, ref ulong flags) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => T.Log2(value);
    }
}
