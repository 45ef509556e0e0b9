using System.Buffers.Binary;
using System.Numerics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>RDMSR, WRMSR, RDTSC, fences, INVLPG, INVPCID, HLT, VERR, VERW, LAR, LSL and what else belongs to no family. SDM vol. 2, each under its name.</summary>
internal static unsafe class SystemInstructions
{
    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Rdmsr, &Rdmsr);
        table.One(Code.Wrmsr, &Wrmsr);
        table.One(Code.Rdtsc, &Rdtsc);
        table.One(Code.Rdtscp, &Rdtscp);
        table.One(Code.Rdpid_r32, &Rdpid);
        table.One(Code.Rdpid_r64, &Rdpid);
        table.One(Code.Invlpg_m, &Invlpg);
        table.One(Code.Invpcid_r64_m128, &Invpcid);
        table.One(Code.Invpcid_r32_m128, &Invpcid);
        table.One(Code.Wbinvd, &FlushCaches);
        table.One(Code.Wbnoinvd, &FlushCaches);
        table.One(Code.Invd, &FlushCaches);
        table.One(Code.Hlt, &Hlt);
        table.One(Code.Verr_rm16, &Verr);
        table.One(Code.Verr_r32m16, &Verr);
        table.One(Code.Verr_r64m16, &Verr);
        table.One(Code.Verw_rm16, &Verw);
        table.One(Code.Verw_r32m16, &Verw);
        table.One(Code.Verw_r64m16, &Verw);
        table.One(Code.Lar_r16_rm16, &Lar<ushort>);
        table.One(Code.Lar_r32_r32m16, &Lar<uint>);
        table.One(Code.Lar_r64_r64m16, &Lar<ulong>);
        table.One(Code.Lsl_r16_rm16, &Lsl<ushort>);
        table.One(Code.Lsl_r32_r32m16, &Lsl<uint>);
        table.One(Code.Lsl_r64_r64m16, &Lsl<ulong>);
        table.One(Code.Vmcall, &Vmcall);
    }

    private static Outcome Rdmsr(Processor cpu, Operation op)
    {
        if (cpu.Cpl != 0 || !cpu.TryReadMsr((uint)cpu.S.Gpr[(int)Gpr.Rcx], out ulong value))
            return cpu.GeneralProtection();
        cpu.S.Gpr[(int)Gpr.Rax] = (uint)value;
        cpu.S.Gpr[(int)Gpr.Rdx] = value >> 32;
        return Outcome.Next;
    }

    private static Outcome Wrmsr(Processor cpu, Operation op)
    {
        ulong value = (uint)cpu.S.Gpr[(int)Gpr.Rax] | (cpu.S.Gpr[(int)Gpr.Rdx] << 32);
        uint register = (uint)cpu.S.Gpr[(int)Gpr.Rcx];
        cpu.Refine(op, null);
        if (cpu.Cpl != 0 || !cpu.TryWriteMsr(register, value))
            return cpu.GeneralProtection();
        cpu.Refine(op, cpu.Refined.OfWrite(register));
        return Outcome.Resync;
    }

    private static Outcome Rdtsc(Processor cpu, Operation op)
    {
        if (cpu.Cpl != 0 && (cpu.S.Cr4 & Cr4.TSD) != 0)
            return cpu.GeneralProtection();
        ulong tsc = cpu.ReadTsc();
        cpu.S.Gpr[(int)Gpr.Rax] = (uint)tsc;
        cpu.S.Gpr[(int)Gpr.Rdx] = tsc >> 32;
        return Outcome.Next;
    }

    private static Outcome Rdtscp(Processor cpu, Operation op)
    {
        Outcome outcome = Rdtsc(cpu, op);
        if (outcome == Outcome.Next)
            cpu.S.Gpr[(int)Gpr.Rcx] = (uint)cpu.S.TscAux;
        return outcome;
    }

    private static Outcome Rdpid(Processor cpu, Operation op)
    {
        cpu.S.Gpr[op.Op0.Index] = cpu.S.TscAux;
        return Outcome.Next;
    }

    private static Outcome Invlpg(Processor cpu, Operation op)
    {
        if (cpu.Cpl != 0)
            return cpu.GeneralProtection();
        ulong linear = cpu.UncheckedLinear(op.Segment, cpu.EffectiveAddress(op));

        // A non-canonical address is a no-op. SDM vol. 2A, INVLPG.
        if (cpu.IsCanonicalBase(linear))
            cpu.InvalidatePageOfCurrentPcid(linear);
        return Outcome.Resync;
    }

    private static Outcome Invpcid(Processor cpu, Operation op)
    {
        if (cpu.Cpl != 0)
            return cpu.GeneralProtection();
        ulong type = cpu.Is64Bit ? cpu.S.Gpr[op.Op0.Index] : (uint)cpu.S.Gpr[op.Op0.Index];
        if (!cpu.ReadMemory(op, out UInt128 descriptor))
            return Outcome.Fault;
        ulong low = (ulong)descriptor;
        ulong linear = (ulong)(descriptor >> 64);
        const ulong pcidMask = 0xFFF;
        bool pcide = (cpu.S.Cr4 & Cr4.PCIDE) != 0;
        if (type > 3
            || (low & ~pcidMask) != 0
            || (type <= 1 && !pcide && low != 0)
            || (type == 0 && !cpu.IsCanonicalBase(linear)))
        {
            return cpu.GeneralProtection();
        }

        switch (type)
        {
            case 0:
                cpu.InvalidatePageOfPcid(linear, (uint)low);
                break;
            case 1:
                cpu.InvalidatePcid((uint)low);
                break;
            default:
                cpu.InvalidateAllTranslations(alsoGlobal: type == 2);
                break;
        }

        return Outcome.Resync;
    }

    private static Outcome FlushCaches(Processor cpu, Operation op) => cpu.Cpl == 0 ? Outcome.Next : cpu.GeneralProtection();

    private static Outcome Hlt(Processor cpu, Operation op)
    {
        if (cpu.Cpl != 0)
            return cpu.GeneralProtection();
        cpu.S.Halted = true;
        return Outcome.Halt;
    }

    private static Outcome Verr(Processor cpu, Operation op) => Verify(cpu, op, write: false);

    private static Outcome Verw(Processor cpu, Operation op) => Verify(cpu, op, write: true);

    private static Outcome Verify(Processor cpu, Operation op, bool write)
    {
        if (!cpu.Read(op, op.Op0, out ushort selector))
            return Outcome.Fault;
        Outcome outcome = Look(cpu, selector, out Descriptor descriptor, out _, out bool visible);
        if (outcome != Outcome.Next)
            return outcome;
        Segment segment = descriptor.ToSegment(selector);
        bool granted = visible && !descriptor.IsSystem && (write ? segment.IsWritable : segment.IsReadable);
        SetZero(cpu, granted);
        return Outcome.Next;
    }

    private static Outcome Lar<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>
    {
        if (!cpu.Read(op, op.Op1, out ushort selector))
            return Outcome.Fault;
        Outcome outcome = Look(cpu, selector, out Descriptor descriptor, out _, out bool visible);
        if (outcome != Outcome.Next)
            return outcome;
        bool granted = visible && (!descriptor.IsSystem || HasVisibleRights(cpu, descriptor.Type));
        SetZero(cpu, granted);
        if (granted)
            cpu.SetRegister(op.Op0.Index, T.CreateTruncating((uint)(descriptor.Raw >> 32) & 0x00FF_FF00));
        return Outcome.Next;
    }

    private static Outcome Lsl<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>
    {
        if (!cpu.Read(op, op.Op1, out ushort selector))
            return Outcome.Fault;
        Outcome outcome = Look(cpu, selector, out Descriptor descriptor, out _, out bool visible);
        if (outcome != Outcome.Next)
            return outcome;
        bool granted = visible && (!descriptor.IsSystem || HasVisibleLimit(cpu, descriptor.Type));
        SetZero(cpu, granted);
        if (granted)
            cpu.SetRegister(op.Op0.Index, T.CreateTruncating(descriptor.Limit));
        return Outcome.Next;
    }

    /// <summary>System types whose rights LAR shows: LDT, TSS and call gate, in legacy mode also those of the 80286 and task gates.</summary>
    private static bool HasVisibleRights(Processor cpu, int type) =>
        type is Descriptor.CallGate || HasVisibleLimit(cpu, type)
        || (!cpu.IsLongModeActive && type is Descriptor.CallGate16 or Descriptor.TaskGate);

    private static bool HasVisibleLimit(Processor cpu, int type) =>
        type is Descriptor.LocalDescriptorTable or Descriptor.AvailableTss or Descriptor.BusyTss
        || (!cpu.IsLongModeActive && type is Descriptor.AvailableTss16 or Descriptor.BusyTss16);

    /// <summary>Finds a descriptor without faulting on a bad selector; only a page fault on the table can stop it.</summary>
    private static Outcome Look(Processor cpu, ushort selector, out Descriptor descriptor, out ulong address, out bool visible)
    {
        descriptor = default;
        address = 0;
        visible = false;
        if (Processor.IsNull(selector) || !cpu.TryDescriptorAddress(selector, 8, out address))
            return Outcome.Next;
        if (!cpu.ReadSystem(address, out ulong raw))
            return Outcome.Fault;
        descriptor = new Descriptor(raw);
        Segment segment = descriptor.ToSegment(selector);
        visible = segment.IsConforming || (cpu.Cpl <= descriptor.Dpl && (selector & 3) <= descriptor.Dpl);
        return Outcome.Next;
    }

    private static void SetZero(Processor cpu, bool value) => cpu.S.Rflags = (cpu.S.Rflags & ~Rflags.ZF) | (value ? Rflags.ZF : 0);

    /// <summary>The hypercall: its number is the displacement of the long NOP that follows.</summary>
    private static Outcome Vmcall(Processor cpu, Operation op)
    {
        if (cpu.Cpl != 0 || cpu.Hypercalls is null)
            return cpu.Raise(Vector.InvalidOpcode);
        Span<byte> next = stackalloc byte[HypercallNumber.Length];
        int length = cpu.PeekCode(cpu.LinearCodeAddress(cpu.NextRip(op)), next);
        if (!HypercallNumber.TryParse(next[..length], out int number))
            return cpu.Raise(Vector.InvalidOpcode);
        HypercallResult result = cpu.Hypercalls.Invoke(cpu, number, out long cycles);
        if (result == HypercallResult.Unknown)
            return cpu.Raise(Vector.InvalidOpcode);
        cpu.ChargeHypercall(cycles);
        return result == HypercallResult.Stop ? Outcome.Stop : Outcome.Resync;
    }
}

/// <summary>The long NOP that carries a hypercall's number: 0F 1F 80 and four bytes, <c>nop dword ptr [rax+number]</c>.</summary>
public static class HypercallNumber
{
    /// <summary>Bytes of the NOP.</summary>
    public const int Length = 7;

    private static ReadOnlySpan<byte> Opcode => [0x0F, 0x1F, 0x80];

    /// <summary>Reads the number, if the bytes are such a NOP.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out int number)
    {
        number = 0;
        if (bytes.Length < Length || !bytes.StartsWith(Opcode))
            return false;
        number = BinaryPrimitives.ReadInt32LittleEndian(bytes[3..]);
        return true;
    }
}
