using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>MOV to and from control and debug registers, CLTS, SMSW, LMSW. SDM vol. 2B, MOV—Control Registers; vol. 3A, 2.5.</summary>
internal static unsafe class ControlRegisters
{
    private const ulong CountedSelectorBits = 0xFFF;

    /// <summary>CR8 is bits 7:4 of the local APIC's TPR. SDM vol. 3A, 10.8.6.</summary>
    private const int TaskPriorityShift = 4;

    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Mov_r64_cr, &MoveFrom);
        table.One(Code.Mov_r32_cr, &MoveFrom);
        table.One(Code.Mov_cr_r64, &MoveTo);
        table.One(Code.Mov_cr_r32, &MoveTo);
        table.One(Code.Mov_r64_dr, &MoveFromDebug);
        table.One(Code.Mov_r32_dr, &MoveFromDebug);
        table.One(Code.Mov_dr_r64, &MoveToDebug);
        table.One(Code.Mov_dr_r32, &MoveToDebug);
        table.One(Code.Clts, &Clts);
        table.One(Code.Smsw_rm16, &Smsw<ushort>);
        table.One(Code.Smsw_r32m16, &SmswRegister<uint>);
        table.One(Code.Smsw_r64m16, &SmswRegister<ulong>);
        table.One(Code.Lmsw_rm16, &Lmsw);
        table.One(Code.Lmsw_r32m16, &Lmsw);
        table.One(Code.Lmsw_r64m16, &Lmsw);
    }

    /// <summary>
    /// A register that does not exist is #UD at any level, before the check of the level. Outside 64-bit mode CR8 can be named on AMD's processors only,
    /// by LOCK MOV CR0. APM vol. 3, MOV CRn.
    /// </summary>
    /// <remarks>CR4 came with the Pentium, as CPUID did. Intel, Pentium Processor Family Developer's Manual, vol. 3, no. 241430, 23.</remarks>
    private static bool Exists(Processor cpu, int number) => number is 0 or 2 or 3 or 8 || (number == 4 && cpu.Model.Has(CpuFeature.Cpuid));

    private static Outcome MoveFrom(Processor cpu, Operation op)
    {
        if (!Exists(cpu, op.Op1.Index))
            return cpu.Raise(Vector.InvalidOpcode);
        if (cpu.Cpl != 0)
            return cpu.GeneralProtection();
        ulong value;
        switch (op.Op1.Index)
        {
            case 0:
                value = cpu.S.Cr0;
                break;
            case 2:
                value = cpu.S.Cr2;
                break;
            case 3:
                value = cpu.S.Cr3;
                break;
            case 4:
                value = cpu.S.Cr4;
                break;
            default:
                value = cpu.LocalApic.TaskPriority >> TaskPriorityShift;
                break;
        }

        cpu.S.Gpr[op.Op0.Index] = cpu.Is64Bit ? value : (uint)value;
        return Outcome.Next;
    }

    private static Outcome MoveTo(Processor cpu, Operation op)
    {
        if (!Exists(cpu, op.Op0.Index))
            return cpu.Raise(Vector.InvalidOpcode);
        if (cpu.Cpl != 0)
            return cpu.GeneralProtection();
        ulong value = cpu.Is64Bit ? cpu.S.Gpr[op.Op1.Index] : (uint)cpu.S.Gpr[op.Op1.Index];
        switch (op.Op0.Index)
        {
            case 0:
                return WriteCr0(cpu, value);
            case 2:
                cpu.S.Cr2 = value;
                return Outcome.Next;
            case 3:
                return WriteCr3(cpu, value);
            case 4:
                return WriteCr4(cpu, value);
            default:
                if (value > 15)
                    return cpu.GeneralProtection();
                cpu.LocalApic.TaskPriority = (uint)value << TaskPriorityShift;
                return Outcome.Resync;
        }
    }

    /// <summary>SDM vol. 2B, MOV—Control Registers; what turning paging on and off does to long mode is in vol. 3A, 9.8.5.</summary>
    private static Outcome WriteCr0(Processor cpu, ulong value)
    {
        bool illegal = value > uint.MaxValue
            || ((value & Cr0.PG) != 0 && (value & Cr0.PE) == 0)
            || ((value & Cr0.NW) != 0 && (value & Cr0.CD) == 0)
            || ((value & Cr0.PG) == 0 && (cpu.Is64Bit || (cpu.S.Cr4 & Cr4.PCIDE) != 0));
        if (illegal)
            return cpu.GeneralProtection();
        value = (value & Cr0.Defined) | Cr0.ET;
        if ((value & Cr0.PE) == 0)
            return cpu.NotEmulated("would clear CR0.PE and enter real mode");

        ulong changed = value ^ cpu.S.Cr0;
        ulong efer = cpu.S.Efer;
        if ((changed & Cr0.PG) != 0)
        {
            if ((value & Cr0.PG) != 0 && (efer & Efer.LME) != 0 && !MayActivateLongMode(cpu))
                return cpu.GeneralProtection();
            bool active = (value & Cr0.PG) != 0 && (efer & Efer.LME) != 0;
            efer = (efer & ~Efer.LMA) | (active ? Efer.LMA : 0);
        }

        if ((changed & Processor.Cr0ReloadingPdptes) != 0 && !ReloadPdptes(cpu, Processor.ModeOf(value, cpu.S.Cr4, efer), cpu.S.Cr3))
            return Outcome.Fault;
        cpu.S.Cr0 = value;
        cpu.S.Efer = efer;
        if ((changed & Cr0.PG) != 0)
        {
            cpu.InvalidateAllTranslations(alsoGlobal: true);
            cpu.RefreshDerivedState();
        }
        else if ((changed & Cr0.WP) != 0)
        {
            cpu.RefreshPagingMode();
            cpu.DropFastTranslations();
        }

        cpu.RefreshAccessClass();
        cpu.RefreshUnits();
        return Outcome.Resync;
    }

    /// <summary>Long mode begins only with PAE on, in a code segment that is not 64-bit, and with no 16-bit TSS. SDM vol. 3A, 9.8.5.</summary>
    private static bool MayActivateLongMode(Processor cpu) =>
        (cpu.S.Cr4 & Cr4.PAE) != 0 && !cpu.S.Segments[(int)SegmentName.CS].IsLong
        && !(cpu.S.Tr.Usable && TaskStateSegment.Is16Bit(cpu.S.Tr));

    private static Outcome WriteCr3(Processor cpu, ulong value)
    {
        bool pcide = (cpu.S.Cr4 & Cr4.PCIDE) != 0;
        ulong address = pcide ? value & ~(1ul << 63) : value;
        if ((address & ~cpu.Model.PhysicalMask) != 0)
            return cpu.GeneralProtection();
        if (!ReloadPdptes(cpu, cpu.PagingMode, value))
            return Outcome.Fault;
        cpu.WriteCr3(value);
        return Outcome.Resync;
    }

    private static Outcome WriteCr4(Processor cpu, ulong value)
    {
        const ulong flushing = Cr4.PAE | Cr4.PGE | Cr4.PSE | Cr4.SMEP | Cr4.SMAP | Cr4.PCIDE | Cr4.LA57;
        ulong changed = value ^ cpu.S.Cr4;
        bool illegal = (value & ~LegalCr4(cpu.Model)) != 0
            || (cpu.IsLongModeActive && (changed & (Cr4.PAE | Cr4.LA57)) != 0)
            || ((value & ~cpu.S.Cr4 & Cr4.PCIDE) != 0 && (!cpu.IsLongModeActive || (cpu.S.Cr3 & CountedSelectorBits) != 0));
        illegal |= (value & Cr4.FRED) != 0 && !cpu.Is64Bit;
        if (illegal)
            return cpu.GeneralProtection();
        if ((changed & Processor.Cr4ReloadingPdptes) != 0 && !ReloadPdptes(cpu, Processor.ModeOf(cpu.S.Cr0, value, cpu.S.Efer), cpu.S.Cr3))
            return Outcome.Fault;
        cpu.S.Cr4 = value;
        if ((changed & flushing) != 0)
            cpu.InvalidateAllTranslations(alsoGlobal: true);
        cpu.RefreshDerivedState();
        return Outcome.Resync;
    }

    /// <summary>Loads the PDPTE registers if the paging mode to come has them; a reserved bit in a present one is #GP(0). SDM vol. 3A, 4.4.1.</summary>
    private static bool ReloadPdptes(Processor cpu, PagingMode mode, ulong cr3)
    {
        if (mode != PagingMode.Pae)
            return true;
        if (!cpu.TryReadPdptes(cr3, out PdpteRegisters registers))
        {
            cpu.GeneralProtection();
            return false;
        }

        cpu.S.Pdptes = registers;
        return true;
    }

    private static ulong LegalCr4(CpuModel model)
    {
        ulong legal = Cr4.VME | Cr4.PVI | Cr4.TSD | Cr4.DE | Cr4.PSE | Cr4.MCE | Cr4.PCE;
        foreach ((CpuFeature feature, ulong bit) in (ReadOnlySpan<(CpuFeature, ulong)>)
        [
            (CpuFeature.Umip, Cr4.UMIP), (CpuFeature.Fsgsbase, Cr4.FSGSBASE), (CpuFeature.Pcid, Cr4.PCIDE),
            (CpuFeature.Smep, Cr4.SMEP), (CpuFeature.Smap, Cr4.SMAP), (CpuFeature.Xsave, Cr4.OSXSAVE), (CpuFeature.La57, Cr4.LA57),
            (CpuFeature.Fred, Cr4.FRED), (CpuFeature.Pae, Cr4.PAE), (CpuFeature.Pge, Cr4.PGE), (CpuFeature.Fxsr, Cr4.OSFXSR), (CpuFeature.Sse, Cr4.OSXMMEXCPT),
        ])
        {
            if (model.Has(feature))
                legal |= bit;
        }

        return legal;
    }

    private static Outcome MoveFromDebug(Processor cpu, Operation op)
    {
        if (!TryDebugRegister(cpu, op.Op1.Index, out int index))
            return Outcome.Fault;
        cpu.S.Gpr[op.Op0.Index] = cpu.Is64Bit ? cpu.S.Dr[index] : (uint)cpu.S.Dr[index];
        return Outcome.Next;
    }

    private static Outcome MoveToDebug(Processor cpu, Operation op)
    {
        if (!TryDebugRegister(cpu, op.Op0.Index, out int index))
            return Outcome.Fault;
        ulong value = cpu.Is64Bit ? cpu.S.Gpr[op.Op1.Index] : (uint)cpu.S.Gpr[op.Op1.Index];
        if (index >= 6 && value > uint.MaxValue)
            return cpu.GeneralProtection();

        cpu.WriteDebugRegister(index, value);
        return Outcome.Resync;
    }

    /// <summary>The checks of both directions, general detection last: #DB with DR6.BD before the access. SDM vol. 3A, 17.2.3 and 17.3.1.3.</summary>
    private static bool TryDebugRegister(Processor cpu, int number, out int index)
    {
        index = number;
        if (number <= 7 && cpu.Cpl != 0)
        {
            cpu.GeneralProtection();
            return false;
        }

        if (number is 4 or 5)
        {
            index = number + 2;
            if ((cpu.S.Cr4 & Cr4.DE) != 0)
            {
                cpu.Raise(Vector.InvalidOpcode);
                return false;
            }
        }

        if (number > 7)
        {
            cpu.Raise(Vector.InvalidOpcode);
            return false;
        }

        if ((cpu.S.Dr[7] & DebugControl.GD) == 0)
            return true;
        cpu.Raise(Vector.Debug, faultAddress: DebugStatus.BD);
        return false;
    }

    private static Outcome Clts(Processor cpu, Operation op)
    {
        if (cpu.Cpl != 0)
            return cpu.GeneralProtection();
        cpu.S.Cr0 &= ~Cr0.TS;
        cpu.RefreshUnits();
        return Outcome.Next;
    }

    private static Outcome Smsw<T>(Processor cpu, Operation op) where T : unmanaged, System.Numerics.IBinaryInteger<T>
    {
        if (SystemTables.IsPreventedByUmip(cpu))
            return cpu.GeneralProtection();
        return cpu.Write(op, op.Op0, T.CreateTruncating(cpu.S.Cr0)) ? Outcome.Next : Outcome.Fault;
    }

    private static Outcome SmswRegister<T>(Processor cpu, Operation op) where T : unmanaged, System.Numerics.IBinaryInteger<T> =>
        op.Op0.Kind == OperandKind.Memory ? Smsw<ushort>(cpu, op) : Smsw<T>(cpu, op);

    /// <summary>LMSW sets PE but cannot clear it.</summary>
    private static Outcome Lmsw(Processor cpu, Operation op)
    {
        if (cpu.Cpl != 0)
            return cpu.GeneralProtection();
        if (!cpu.Read(op, op.Op0, out ushort value))
            return Outcome.Fault;
        const ulong low = Cr0.MP | Cr0.EM | Cr0.TS;
        cpu.S.Cr0 = (cpu.S.Cr0 & ~low) | (value & low);
        cpu.RefreshUnits();
        return Outcome.Resync;
    }
}
