using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>XSAVE, XSAVEOPT, XSAVEC, XSAVES, XRSTOR and XRSTORS. SDM vol. 1, 13.4 to 13.12; vol. 2D, each under its name.</summary>
internal static unsafe class XsaveInstructions
{
    private const int Alignment = 64;
    private const int StateVectorOffset = StateComponents.LegacySize;
    private const int CompactionOffset = StateVectorOffset + sizeof(ulong);
    private const ulong Compacted = 1ul << 63;

    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Xsave_mem, &Xsave);
        table.One(Code.Xsave64_mem, &Xsave64);
        table.One(Code.Xsaveopt_mem, &Xsaveopt);
        table.One(Code.Xsaveopt64_mem, &Xsaveopt64);
        table.One(Code.Xsavec_mem, &Xsavec);
        table.One(Code.Xsavec64_mem, &Xsavec64);
        table.One(Code.Xsaves_mem, &Xsaves);
        table.One(Code.Xsaves64_mem, &Xsaves64);
        table.One(Code.Xrstor_mem, &Xrstor);
        table.One(Code.Xrstor64_mem, &Xrstor64);
        table.One(Code.Xrstors_mem, &Xrstors);
        table.One(Code.Xrstors64_mem, &Xrstors64);
    }

    /// <summary>XINUSE: the components that are not in their initial state. SDM vol. 1, 13.6.</summary>
    internal static ulong InUse(Processor cpu)
    {
        ref VectorRegisters vectors = ref cpu.S.Vectors;
        Vector256<byte> all = default;
        for (int i = 0; i < 16; i++)
            all |= vectors[i];
        return (cpu.S.X87.IsInitial ? 0 : StateComponents.X87)
            | (all.GetLower() == default ? 0 : StateComponents.Sse)
            | (all.GetUpper() == default ? 0 : StateComponents.Avx);
    }

    private static Outcome Xsave(Processor cpu, Operation op) => Save(cpu, op, wide: false, optimised: false);

    private static Outcome Xsave64(Processor cpu, Operation op) => Save(cpu, op, wide: true, optimised: false);

    private static Outcome Xsaveopt(Processor cpu, Operation op) => Save(cpu, op, wide: false, optimised: true);

    private static Outcome Xsaveopt64(Processor cpu, Operation op) => Save(cpu, op, wide: true, optimised: true);

    private static Outcome Xsavec(Processor cpu, Operation op) => SaveCompacted(cpu, op, wide: false, supervisor: false);

    private static Outcome Xsavec64(Processor cpu, Operation op) => SaveCompacted(cpu, op, wide: true, supervisor: false);

    private static Outcome Xsaves(Processor cpu, Operation op) => SaveCompacted(cpu, op, wide: false, supervisor: true);

    private static Outcome Xsaves64(Processor cpu, Operation op) => SaveCompacted(cpu, op, wide: true, supervisor: true);

    private static Outcome Xrstor(Processor cpu, Operation op) => Restore(cpu, op, wide: false, supervisor: false);

    private static Outcome Xrstor64(Processor cpu, Operation op) => Restore(cpu, op, wide: true, supervisor: false);

    private static Outcome Xrstors(Processor cpu, Operation op) => Restore(cpu, op, wide: false, supervisor: true);

    private static Outcome Xrstors64(Processor cpu, Operation op) => Restore(cpu, op, wide: true, supervisor: true);

    private static bool IsReady(Processor cpu, bool supervisor)
    {
        if ((cpu.Ready & ExecutionUnits.Xsave) == 0)
            cpu.RaiseUnavailable(ExecutionUnits.Xsave);
        else if (supervisor && cpu.Cpl != 0)
            cpu.GeneralProtection();
        else if ((cpu.S.Cr0 & Cr0.TS) != 0)
            cpu.Raise(Vector.DeviceNotAvailable);
        else
            return true;
        return false;
    }

    /// <summary>RFBM: what EDX:EAX asks for of what is enabled.</summary>
    private static ulong Requested(Processor cpu, bool supervisor) =>
        ((uint)cpu.S.Gpr[(int)Gpr.Rax] | (cpu.S.Gpr[(int)Gpr.Rdx] << 32)) & (cpu.S.Xcr0 | (supervisor ? cpu.S.Xss : 0));

    private static Outcome Save(Processor cpu, Operation op, bool wide, bool optimised)
    {
        if (!IsReady(cpu, supervisor: false))
            return Outcome.Fault;
        ulong requested = Requested(cpu, supervisor: false);
        if (!cpu.PrepareBlock(op, StateComponents.SizeFor(requested), Alignment, out ulong linear)
            || !cpu.ReadLinear(cpu.Offset(linear, StateVectorOffset), out ulong previous))
        {
            return Outcome.Fault;
        }

        ulong inUse = InUse(cpu);
        Span<byte> image = stackalloc byte[StateComponents.MaxSize];
        BinaryPrimitives.WriteUInt64LittleEndian(image[StateVectorOffset..], (previous & ~requested) | (requested & inUse));
        bool mxcsr = (requested & StateComponents.SseAndAvx) != 0;
        return WriteComponents(cpu, linear, image, optimised ? requested & inUse : requested, mxcsr, wide)
            && StateBlocks.Write(cpu, linear, image, StateVectorOffset, CompactionOffset)
            ? Outcome.Next
            : Outcome.Fault;
    }

    private static Outcome SaveCompacted(Processor cpu, Operation op, bool wide, bool supervisor)
    {
        if (!IsReady(cpu, supervisor))
            return Outcome.Fault;
        ulong requested = Requested(cpu, supervisor);
        if (!cpu.PrepareBlock(op, StateComponents.SizeFor(requested), Alignment, out ulong linear))
            return Outcome.Fault;

        // MXCSR counts as SSE state here. SDM vol. 1, 13.10.
        ulong inUse = InUse(cpu) | (cpu.S.Mxcsr == Mxcsr.Initial ? 0 : StateComponents.Sse);
        ulong saved = requested & inUse;
        Span<byte> image = stackalloc byte[StateComponents.MaxSize];
        BinaryPrimitives.WriteUInt64LittleEndian(image[StateVectorOffset..], saved);
        BinaryPrimitives.WriteUInt64LittleEndian(image[CompactionOffset..], requested | Compacted);
        return WriteComponents(cpu, linear, image, saved, (saved & StateComponents.Sse) != 0, wide)
            && StateBlocks.Write(cpu, linear, image, StateVectorOffset, CompactionOffset + sizeof(ulong))
            ? Outcome.Next
            : Outcome.Fault;
    }

    /// <summary>Writes components at their places. With no supervisor component and AVX the only extended one, both formats have the same places.</summary>
    private static bool WriteComponents(Processor cpu, ulong linear, Span<byte> image, ulong components, bool mxcsr, bool wide)
    {
        if ((components & StateComponents.X87) != 0)
        {
            LegacyRegion.StoreX87(cpu.S.X87.AsSavedBy(cpu.Model.Vendor), image, wide);
            foreach ((int start, int end) in LegacyRegion.X87Ranges)
            {
                if (!StateBlocks.Write(cpu, linear, image, start, end))
                    return false;
            }
        }

        if (mxcsr)
        {
            LegacyRegion.StoreMxcsr(cpu.S.Mxcsr, Mxcsr.Writable(cpu.Model), image);
            if (!StateBlocks.Write(cpu, linear, image, LegacyRegion.MxcsrOffset, LegacyRegion.MxcsrOffset + sizeof(ulong)))
                return false;
        }

        int count = FxsaveInstructions.VisibleVectors(cpu);
        if ((components & StateComponents.Sse) != 0)
        {
            LegacyRegion.StoreXmm(cpu.S.Vectors, count, image);
            (int start, int end) = LegacyRegion.XmmRange(count);
            if (!StateBlocks.Write(cpu, linear, image, start, end))
                return false;
        }

        if ((components & StateComponents.Avx) != 0)
        {
            for (int i = 0; i < count; i++)
                MemoryMarshal.Write(image[(StateComponents.AvxOffset + i * 16)..], cpu.S.Vectors[i].GetUpper());
            if (!StateBlocks.Write(cpu, linear, image, StateComponents.AvxOffset, StateComponents.AvxOffset + count * 16))
                return false;
        }

        return true;
    }

    private static Outcome Restore(Processor cpu, Operation op, bool wide, bool supervisor)
    {
        if (!IsReady(cpu, supervisor))
            return Outcome.Fault;
        ulong requested = Requested(cpu, supervisor);
        ulong enabled = cpu.S.Xcr0 | (supervisor ? cpu.S.Xss : 0);
        Span<byte> image = stackalloc byte[StateComponents.MaxSize];
        image.Clear();
        if (!cpu.ReadBlock(op, image[..StateComponents.SizeFor(requested)], Alignment))
            return Outcome.Fault;

        ulong present = BinaryPrimitives.ReadUInt64LittleEndian(image[StateVectorOffset..]);
        ulong compaction = BinaryPrimitives.ReadUInt64LittleEndian(image[CompactionOffset..]);
        bool compacted = (compaction & Compacted) != 0;
        if (!IsHeaderLegal(cpu, image, present, compaction, enabled, supervisor))
            return cpu.GeneralProtection();

        ulong loaded = requested & present;

        // The standard format has MXCSR apart from the components; the compacted one counts it as SSE state. SDM vol. 1, 13.8.
        bool readsMxcsr = compacted ? (loaded & StateComponents.Sse) != 0 : (requested & StateComponents.SseAndAvx) != 0;
        uint mxcsr = readsMxcsr ? LegacyRegion.LoadMxcsr(image) : Mxcsr.Initial;
        if ((mxcsr & ~Mxcsr.Writable(cpu.Model)) != 0)
            return cpu.GeneralProtection();
        if (readsMxcsr || (requested & StateComponents.Sse) != 0)
            cpu.S.Mxcsr = mxcsr;
        LoadComponents(cpu, image, requested, loaded, wide);
        return Outcome.Next;
    }

    private static bool IsHeaderLegal(Processor cpu, ReadOnlySpan<byte> image, ulong present, ulong compaction, ulong enabled, bool supervisor)
    {
        bool compacted = (compaction & Compacted) != 0;
        int firstReserved = StateComponents.LegacySize + (compacted ? 16 : 8);
        int endReserved = StateComponents.LegacySize + (compacted ? StateComponents.HeaderSize : 24);
        if (image[firstReserved..endReserved].ContainsAnyExcept((byte)0))
            return false;
        if (!compacted)
            return !supervisor && (present & ~enabled) == 0;
        ulong components = compaction & ~Compacted;
        return cpu.Model.Has(CpuFeature.Xsavec) && (components & ~enabled) == 0 && (present & ~components) == 0;
    }

    private static void LoadComponents(Processor cpu, Span<byte> image, ulong requested, ulong loaded, bool wide)
    {
        int count = FxsaveInstructions.VisibleVectors(cpu);
        if ((requested & StateComponents.X87) != 0)
            cpu.S.X87 = (loaded & StateComponents.X87) != 0 ? LegacyRegion.LoadX87(image, wide) : X87State.Initial;

        if ((requested & StateComponents.Sse) != 0)
        {
            for (int i = 0; i < count; i++)
            {
                Vector128<byte> value = (loaded & StateComponents.Sse) != 0 ? MemoryMarshal.Read<Vector128<byte>>(LegacyRegion.Xmm(image, i)) : default;
                cpu.SetXmm(i, value);
            }
        }

        if ((requested & StateComponents.Avx) != 0)
        {
            for (int i = 0; i < count; i++)
            {
                Vector128<byte> upper = (loaded & StateComponents.Avx) != 0
                    ? MemoryMarshal.Read<Vector128<byte>>(image[(StateComponents.AvxOffset + i * 16)..])
                    : default;
                cpu.S.Vectors[i] = cpu.S.Vectors[i].WithUpper(upper);
            }
        }
    }
}
