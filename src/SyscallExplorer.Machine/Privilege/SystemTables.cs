using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>LGDT, LIDT, SGDT, SIDT, LLDT, SLDT, LTR, STR. SDM vol. 2A and 2B, each under its name.</summary>
internal static unsafe class SystemTables
{
    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Lgdt_m1664, &Lgdt<ulong>);
        table.One(Code.Lgdt_m1632, &Lgdt<uint>);
        table.One(Code.Lgdt_m1632_16, &Lgdt<uint>);
        table.One(Code.Lidt_m1664, &Lidt<ulong>);
        table.One(Code.Lidt_m1632, &Lidt<uint>);
        table.One(Code.Lidt_m1632_16, &Lidt<uint>);
        table.One(Code.Sgdt_m1664, &Sgdt<ulong>);
        table.One(Code.Sgdt_m1632, &Sgdt<uint>);
        table.One(Code.Sgdt_m1632_16, &Sgdt<uint>);
        table.One(Code.Sidt_m1664, &Sidt<ulong>);
        table.One(Code.Sidt_m1632, &Sidt<uint>);
        table.One(Code.Sidt_m1632_16, &Sidt<uint>);
        table.One(Code.Lldt_rm16, &Lldt);
        table.One(Code.Lldt_r32m16, &Lldt);
        table.One(Code.Lldt_r64m16, &Lldt);
        table.One(Code.Ltr_rm16, &Ltr);
        table.One(Code.Ltr_r32m16, &Ltr);
        table.One(Code.Ltr_r64m16, &Ltr);
        table.One(Code.Str_rm16, &Str<ushort>);
        table.One(Code.Str_r32m16, &Str<uint>);
        table.One(Code.Str_r64m16, &Str<ulong>);
        table.One(Code.Sldt_rm16, &Sldt<ushort>);
        table.One(Code.Sldt_r32m16, &Sldt<uint>);
        table.One(Code.Sldt_r64m16, &Sldt<ulong>);
    }

    /// <summary>CR4.UMIP keeps SGDT, SIDT, SLDT, SMSW and STR from user mode.</summary>
    public static bool IsPreventedByUmip(Processor cpu) => cpu.Cpl != 0 && (cpu.S.Cr4 & Cr4.UMIP) != 0;

    private static bool ReadTable<T>(Processor cpu, Operation op, out TableRegister register) where T : unmanaged, System.Numerics.IBinaryInteger<T>
    {
        register = default;
        if (cpu.Cpl != 0)
        {
            cpu.GeneralProtection();
            return false;
        }

        ulong offset = cpu.EffectiveAddress(op);
        if (!cpu.ReadSegment(op.Segment, offset, out ushort limit) || !cpu.ReadSegment(op.Segment, (offset + 2) & op.AddressMask, out T address))
            return false;

        // With a 16-bit operand size the base has 24 bits.
        bool shortBase = op.Instruction.Code is Code.Lgdt_m1632_16 or Code.Lidt_m1632_16;
        register = new TableRegister(ulong.CreateTruncating(address) & (shortBase ? 0xFF_FFFF : ulong.MaxValue), limit);
        if (cpu.IsCanonicalBase(register.Base))
            return true;
        cpu.GeneralProtection();
        return false;
    }

    private static Outcome Lgdt<T>(Processor cpu, Operation op) where T : unmanaged, System.Numerics.IBinaryInteger<T>
    {
        if (!ReadTable<T>(cpu, op, out TableRegister register))
            return Outcome.Fault;
        cpu.S.Gdtr = register;
        return Outcome.Resync;
    }

    private static Outcome Lidt<T>(Processor cpu, Operation op) where T : unmanaged, System.Numerics.IBinaryInteger<T>
    {
        if (!ReadTable<T>(cpu, op, out TableRegister register))
            return Outcome.Fault;
        cpu.S.Idtr = register;
        return Outcome.Resync;
    }

    private static Outcome Sgdt<T>(Processor cpu, Operation op) where T : unmanaged, System.Numerics.IBinaryInteger<T> =>
        Store<T>(cpu, op, cpu.S.Gdtr);

    private static Outcome Sidt<T>(Processor cpu, Operation op) where T : unmanaged, System.Numerics.IBinaryInteger<T> =>
        Store<T>(cpu, op, cpu.S.Idtr);

    private static Outcome Store<T>(Processor cpu, Operation op, TableRegister register) where T : unmanaged, System.Numerics.IBinaryInteger<T>
    {
        if (IsPreventedByUmip(cpu))
            return cpu.GeneralProtection();
        ulong offset = cpu.EffectiveAddress(op);
        ulong second = (offset + 2) & op.AddressMask;
        int size = System.Runtime.CompilerServices.Unsafe.SizeOf<T>();
        if (!cpu.SegmentedAddress(op.Segment, second, size, write: true, out ulong linear)
            || !cpu.ProbeWrite(linear, size, cpu.Cpl == 3, explicitAccess: true)
            || !cpu.WriteSegment(op.Segment, offset, register.Limit)
            || !cpu.WriteSegment(op.Segment, second, T.CreateTruncating(register.Base)))
        {
            return Outcome.Fault;
        }

        return Outcome.Next;
    }

    private static Outcome Lldt(Processor cpu, Operation op)
    {
        if (cpu.Cpl != 0)
            return cpu.GeneralProtection();
        if (!cpu.Read(op, op.Op0, out ushort selector))
            return Outcome.Fault;
        if (Processor.IsNull(selector))
        {
            cpu.S.Ldtr = Segment.Null(selector);
            return Outcome.Next;
        }

        if (!ReadSystemSegment(cpu, selector, Descriptor.LocalDescriptorTable, out Segment segment, out _))
            return Outcome.Fault;
        cpu.S.Ldtr = segment;
        return Outcome.Next;
    }

    private static Outcome Ltr(Processor cpu, Operation op)
    {
        if (cpu.Cpl != 0)
            return cpu.GeneralProtection();
        if (!cpu.Read(op, op.Op0, out ushort selector))
            return Outcome.Fault;
        if (Processor.IsNull(selector))
            return cpu.GeneralProtection();
        if (!ReadSystemSegment(cpu, selector, Descriptor.AvailableTss, out Segment segment, out ulong address))
            return Outcome.Fault;
        if (!cpu.ReadSystem(address + 5, out byte access) || !cpu.WriteSystem(address + 5, (byte)(access | 2)))
            return Outcome.Fault;
        cpu.S.Tr = segment with { Access = (ushort)(segment.Access | 2) };
        return Outcome.Next;
    }

    /// <summary>A system descriptor, 16 bytes in long mode.</summary>
    private static bool ReadSystemSegment(Processor cpu, ushort selector, int type, out Segment segment, out ulong address)
    {
        segment = default;
        uint error = Processor.SelectorError(selector);
        int size = cpu.IsLongModeActive ? 16 : 8;
        const int local = 4;
        if (!cpu.TryDescriptorAddress(selector, size, out address) || (selector & local) != 0)
        {
            cpu.GeneralProtection(error);
            return false;
        }

        ulong high = 0;
        if (!cpu.ReadSystem(address, out ulong low) || (size == 16 && !cpu.ReadSystem(address + 8, out high)))
            return false;
        var descriptor = new Descriptor(low);
        ulong linear = descriptor.Base | (size == 16 ? high << 32 : 0);
        const ulong upperType = 0x1Ful << 40;
        bool fits = descriptor.Type == type || (type == Descriptor.AvailableTss && descriptor.Type == Descriptor.AvailableTss16 && !cpu.IsLongModeActive);
        if (!descriptor.IsSystem || !fits || !cpu.IsCanonicalBase(linear) || (high & upperType) != 0)
        {
            cpu.GeneralProtection(error);
            return false;
        }

        if (!descriptor.IsPresent)
        {
            cpu.Raise(Vector.SegmentNotPresent, error);
            return false;
        }

        segment = descriptor.ToSegment(selector) with { Base = linear };
        return true;
    }

    private static Outcome Str<T>(Processor cpu, Operation op) where T : unmanaged, System.Numerics.IBinaryInteger<T> =>
        StoreSelector<T>(cpu, op, cpu.S.Tr.Selector);

    private static Outcome Sldt<T>(Processor cpu, Operation op) where T : unmanaged, System.Numerics.IBinaryInteger<T> =>
        StoreSelector<T>(cpu, op, cpu.S.Ldtr.Selector);

    private static Outcome StoreSelector<T>(Processor cpu, Operation op, ushort selector) where T : unmanaged, System.Numerics.IBinaryInteger<T>
    {
        if (IsPreventedByUmip(cpu))
            return cpu.GeneralProtection();
        bool written = op.Op0.Kind == OperandKind.Memory
            ? cpu.WriteMemory(op, selector)
            : cpu.Write(op, op.Op0, T.CreateTruncating(selector));
        return written ? Outcome.Next : Outcome.Fault;
    }
}
