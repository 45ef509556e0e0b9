using System.Runtime.InteropServices;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>FXSAVE, FXRSTOR, LDMXCSR and STMXCSR. SDM vol. 2A and 2B, each under its name.</summary>
internal static unsafe class FxsaveInstructions
{
    private const int Alignment = 16;

    /// <summary>Bytes that FXSAVE writes; the rest of its 512 belongs to software.</summary>
    private const int WrittenWith16Vectors = 416;

    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Fxsave_m512byte, &Fxsave);
        table.One(Code.Fxsave64_m512byte, &Fxsave64);
        table.One(Code.Fxrstor_m512byte, &Fxrstor);
        table.One(Code.Fxrstor64_m512byte, &Fxrstor64);
        table.One(Code.Ldmxcsr_m32, &Ldmxcsr);
        table.One(Code.Stmxcsr_m32, &Stmxcsr);
        table.One(Code.VEX_Vldmxcsr_m32, &Vldmxcsr);
        table.One(Code.VEX_Vstmxcsr_m32, &Vstmxcsr);
    }

    /// <summary>XMM registers that the mode can name.</summary>
    internal static int VisibleVectors(Processor cpu) => cpu.Is64Bit ? 16 : 8;

    private static Outcome Fxsave(Processor cpu, Operation op) => Save(cpu, op, wide: false);

    private static Outcome Fxsave64(Processor cpu, Operation op) => Save(cpu, op, wide: true);

    private static Outcome Fxrstor(Processor cpu, Operation op) => Restore(cpu, op, wide: false);

    private static Outcome Fxrstor64(Processor cpu, Operation op) => Restore(cpu, op, wide: true);

    private static Outcome Save(Processor cpu, Operation op, bool wide)
    {
        if ((cpu.Ready & ExecutionUnits.X87) == 0)
            return cpu.Raise(Vector.DeviceNotAvailable);
        if (!cpu.PrepareBlock(op, StateComponents.LegacySize, Alignment, out ulong linear))
            return Outcome.Fault;

        // With CR4.OSFXSR clear the XMM registers and MXCSR are left out, as the manual allows.
        bool vectors = (cpu.S.Cr4 & Cr4.OSFXSR) != 0;
        int count = vectors ? VisibleVectors(cpu) : 0;
        Span<byte> image = stackalloc byte[WrittenWith16Vectors];
        image.Clear();
        XsaveImage.Store(cpu, vectors ? StateComponents.X87 | StateComponents.Sse : StateComponents.X87, mxcsr: vectors, count, wide, image);
        return StateBlocks.Write(cpu, linear, image, 0, LegacyRegion.XmmRange(count).End) ? Outcome.Next : Outcome.Fault;
    }

    private static Outcome Restore(Processor cpu, Operation op, bool wide)
    {
        if ((cpu.Ready & ExecutionUnits.X87) == 0)
            return cpu.Raise(Vector.DeviceNotAvailable);
        Span<byte> image = stackalloc byte[StateComponents.LegacySize];
        if (!cpu.ReadBlock(op, image, Alignment))
            return Outcome.Fault;
        bool vectors = (cpu.S.Cr4 & Cr4.OSFXSR) != 0;
        if (vectors)
            return TryLoad(cpu, VisibleVectors(cpu), wide, image) ? Outcome.Next : cpu.GeneralProtection();
        cpu.S.X87 = LegacyRegion.LoadX87(image, wide);
        return Outcome.Next;
    }

    /// <summary>Loads x87, MXCSR and the first XMM registers from an image.</summary>
    /// <returns>False, and nothing has changed, when MXCSR has a reserved bit set, which is #GP(0).</returns>
    internal static bool TryLoad(Processor cpu, int vectors, bool wide, Span<byte> image)
    {
        uint mxcsr = LegacyRegion.LoadMxcsr(image);
        if ((mxcsr & ~Mxcsr.Writable(cpu.Model)) != 0)
            return false;
        cpu.S.X87 = LegacyRegion.LoadX87(image, wide);
        cpu.S.Mxcsr = mxcsr;
        LegacyRegion.LoadXmm(ref cpu.S.Vectors, vectors, image);
        return true;
    }

    private static Outcome Ldmxcsr(Processor cpu, Operation op) =>
        (cpu.Ready & ExecutionUnits.Sse) == 0 ? cpu.RaiseUnavailable(ExecutionUnits.Sse) : LoadMxcsr(cpu, op);

    private static Outcome Vldmxcsr(Processor cpu, Operation op) =>
        (cpu.Ready & ExecutionUnits.Avx) == 0 ? cpu.RaiseUnavailable(ExecutionUnits.Avx) : LoadMxcsr(cpu, op);

    private static Outcome Stmxcsr(Processor cpu, Operation op) =>
        (cpu.Ready & ExecutionUnits.Sse) == 0 ? cpu.RaiseUnavailable(ExecutionUnits.Sse) : StoreMxcsr(cpu, op);

    private static Outcome Vstmxcsr(Processor cpu, Operation op) =>
        (cpu.Ready & ExecutionUnits.Avx) == 0 ? cpu.RaiseUnavailable(ExecutionUnits.Avx) : StoreMxcsr(cpu, op);

    private static Outcome LoadMxcsr(Processor cpu, Operation op)
    {
        if (!cpu.ReadMemory(op, out uint value))
            return Outcome.Fault;
        if ((value & ~Mxcsr.Writable(cpu.Model)) != 0)
            return cpu.GeneralProtection();
        cpu.S.Mxcsr = value;
        return Outcome.Next;
    }

    private static Outcome StoreMxcsr(Processor cpu, Operation op) => cpu.WriteMemory(op, cpu.S.Mxcsr) ? Outcome.Next : Outcome.Fault;
}

/// <summary>Writes of parts of a state image to an address that was prepared.</summary>
internal static class StateBlocks
{
    /// <summary>Writes bytes from start to end of an image, at their places behind the address; both are multiples of 8.</summary>
    public static bool Write(Processor cpu, ulong linear, ReadOnlySpan<byte> image, int start, int end)
    {
        for (int at = start; at < end; at += sizeof(ulong))
        {
            if (!cpu.WriteLinear(cpu.Offset(linear, at), MemoryMarshal.Read<ulong>(image[at..])))
                return false;
        }

        return true;
    }
}
