using System.Numerics;
using System.Runtime.CompilerServices;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>
/// MOVS, STOS, LODS, CMPS, SCAS, alone and under REP, REPE, REPNE. SDM vol. 2A and 2B; vol. 1, 7.3.9. An execution does one element: under
/// a prefix it leaves RIP where it is until the count is used up, so that faults, interrupts, single steps and budgets come between elements.
/// </summary>
internal static unsafe class Strings
{
    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Movsb_m8_m8, &Repeat<byte, MoveRule>);
        table.One(Code.Movsw_m16_m16, &Repeat<ushort, MoveRule>);
        table.One(Code.Movsd_m32_m32, &Repeat<uint, MoveRule>);
        table.One(Code.Movsq_m64_m64, &Repeat<ulong, MoveRule>);
        table.One(Code.Stosb_m8_AL, &Repeat<byte, StoreRule>);
        table.One(Code.Stosw_m16_AX, &Repeat<ushort, StoreRule>);
        table.One(Code.Stosd_m32_EAX, &Repeat<uint, StoreRule>);
        table.One(Code.Stosq_m64_RAX, &Repeat<ulong, StoreRule>);
        table.One(Code.Lodsb_AL_m8, &Repeat<byte, LoadRule>);
        table.One(Code.Lodsw_AX_m16, &Repeat<ushort, LoadRule>);
        table.One(Code.Lodsd_EAX_m32, &Repeat<uint, LoadRule>);
        table.One(Code.Lodsq_RAX_m64, &Repeat<ulong, LoadRule>);
        table.One(Code.Cmpsb_m8_m8, &Search<byte, CompareRule>);
        table.One(Code.Cmpsw_m16_m16, &Search<ushort, CompareRule>);
        table.One(Code.Cmpsd_m32_m32, &Search<uint, CompareRule>);
        table.One(Code.Cmpsq_m64_m64, &Search<ulong, CompareRule>);
        table.One(Code.Scasb_AL_m8, &Search<byte, ScanRule>);
        table.One(Code.Scasw_AX_m16, &Search<ushort, ScanRule>);
        table.One(Code.Scasd_EAX_m32, &Search<uint, ScanRule>);
        table.One(Code.Scasq_RAX_m64, &Search<ulong, ScanRule>);
    }

    /// <summary>One element, then the next while the count lasts. Both prefixes mean REP here.</summary>
    public static Outcome Repeat<T, TRule>(Processor cpu, Operation op)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TRule : struct, IStringRule
    {
        if (!op.HasRep && !op.HasRepne)
            return TRule.Step<T>(cpu, op) ? Outcome.Next : Outcome.Fault;
        ulong count = AddressSize.Read(cpu, op, Gpr.Rcx);
        if (count == 0)
            return PassOver<TRule>(cpu, op);
        if (!TRule.Step<T>(cpu, op))
            return Outcome.Fault;
        return CountDown(cpu, op, count) ? Outcome.Next : Outcome.Repeat;
    }

    /// <summary>The same for comparisons, which REPE ends at a difference and REPNE at a match.</summary>
    private static Outcome Search<T, TRule>(Processor cpu, Operation op)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TRule : struct, IStringRule
    {
        bool whileEqual = op.HasRep;
        if (!whileEqual && !op.HasRepne)
            return TRule.Step<T>(cpu, op) ? Outcome.Next : Outcome.Fault;
        ulong count = AddressSize.Read(cpu, op, Gpr.Rcx);
        if (count == 0)
            return PassOver<TRule>(cpu, op);
        if (!TRule.Step<T>(cpu, op))
            return Outcome.Fault;
        bool equal = (cpu.S.Rflags & Rflags.ZF) != 0;
        return CountDown(cpu, op, count) || equal != whileEqual ? Outcome.Next : Outcome.Repeat;
    }

    /// <summary>
    /// A count of 0 does nothing, except that Intel's processors still write their 32-bit registers back in 64-bit mode, which clears the upper
    /// halves. The manuals do not say so.
    /// </summary>
    private static Outcome PassOver<TRule>(Processor cpu, Operation op) where TRule : struct, IStringRule
    {
        if (!cpu.Is64Bit || op.AddressMask != uint.MaxValue || cpu.Model.Vendor != CpuVendor.Intel)
            return Outcome.Next;
        AddressSize.Write(cpu, op, Gpr.Rcx, 0);
        foreach (Gpr pointer in TRule.WrittenBackUnused)
            AddressSize.Write(cpu, op, pointer, cpu.S.Gpr[(int)pointer]);
        return Outcome.Next;
    }

    private static bool CountDown(Processor cpu, Operation op, ulong count)
    {
        AddressSize.Write(cpu, op, Gpr.Rcx, count - 1);
        cpu.Charge(TimingEvent.RepIteration);
        return count == 1;
    }

    public static void Advance<T>(Processor cpu, Operation op, Gpr pointer)
    {
        ulong size = (ulong)Unsafe.SizeOf<T>();
        ulong step = (cpu.S.Rflags & Rflags.DF) != 0 ? 0 - size : size;
        AddressSize.Write(cpu, op, pointer, cpu.S.Gpr[(int)pointer] + step);
    }

    public static bool ReadSource<T>(Processor cpu, Operation op, out T value) where T : unmanaged =>
        cpu.ReadSegment(op.Segment, AddressSize.Read(cpu, op, Gpr.Rsi), out value);

    private static bool ReadDestination<T>(Processor cpu, Operation op, out T value) where T : unmanaged =>
        cpu.ReadSegment(SegmentName.ES, AddressSize.Read(cpu, op, Gpr.Rdi), out value);

    private static bool WriteDestination<T>(Processor cpu, Operation op, T value) where T : unmanaged =>
        cpu.WriteSegment(SegmentName.ES, AddressSize.Read(cpu, op, Gpr.Rdi), value);

    private readonly struct MoveRule : IStringRule
    {
        public static ReadOnlySpan<Gpr> WrittenBackUnused => [Gpr.Rsi, Gpr.Rdi];

        public static bool Step<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        {
            if (!ReadSource(cpu, op, out T value) || !WriteDestination(cpu, op, value))
                return false;
            Advance<T>(cpu, op, Gpr.Rsi);
            Advance<T>(cpu, op, Gpr.Rdi);
            return true;
        }
    }

    private readonly struct StoreRule : IStringRule
    {
        public static ReadOnlySpan<Gpr> WrittenBackUnused => [Gpr.Rdi];

        public static bool Step<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        {
            if (!WriteDestination(cpu, op, cpu.Register<T>((int)Gpr.Rax)))
                return false;
            Advance<T>(cpu, op, Gpr.Rdi);
            return true;
        }
    }

    private readonly struct LoadRule : IStringRule
    {
        public static bool Step<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        {
            if (!ReadSource(cpu, op, out T value))
                return false;
            cpu.SetRegister((int)Gpr.Rax, value);
            Advance<T>(cpu, op, Gpr.Rsi);
            return true;
        }
    }

    private readonly struct CompareRule : IStringRule
    {
        public static bool Step<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        {
            if (!ReadSource(cpu, op, out T left) || !ReadDestination(cpu, op, out T right))
                return false;
            AddSubtract.Subtract(left, right, false, ref cpu.S.Rflags);
            Advance<T>(cpu, op, Gpr.Rsi);
            Advance<T>(cpu, op, Gpr.Rdi);
            return true;
        }
    }

    private readonly struct ScanRule : IStringRule
    {
        public static bool Step<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        {
            if (!ReadDestination(cpu, op, out T right))
                return false;
            AddSubtract.Subtract(cpu.Register<T>((int)Gpr.Rax), right, false, ref cpu.S.Rflags);
            Advance<T>(cpu, op, Gpr.Rdi);
            return true;
        }
    }
}

/// <summary>What a string instruction does to one element.</summary>
internal interface IStringRule
{
    /// <summary>The pointers that Intel's processors write back when there is nothing to do.</summary>
    static virtual ReadOnlySpan<Gpr> WrittenBackUnused => [];

    /// <summary>Does one element, pointers included. On failure an exception is pending.</summary>
    static abstract bool Step<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>;
}
