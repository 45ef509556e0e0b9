using System.Buffers.Binary;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>XSAVE, XSAVEOPT, XSAVEC, XSAVES, XRSTOR and XRSTORS. SDM vol. 1, 13.4 to 13.12; vol. 2D, each under its name.</summary>
internal static unsafe class XsaveInstructions
{
    private const int Alignment = 64;

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
            || !cpu.ReadLinear(cpu.Offset(linear, XsaveImage.StateVectorOffset), out ulong previous))
        {
            return Outcome.Fault;
        }

        ulong inUse = XsaveImage.InUse(cpu);
        Span<byte> image = stackalloc byte[StateComponents.MaxSize];
        BinaryPrimitives.WriteUInt64LittleEndian(image[XsaveImage.StateVectorOffset..], (previous & ~requested) | (requested & inUse));
        bool mxcsr = (requested & StateComponents.SseAndAvx) != 0;
        return WriteComponents(cpu, linear, image, optimised ? requested & inUse : requested, mxcsr, wide)
            && StateBlocks.Write(cpu, linear, image, XsaveImage.StateVectorOffset, XsaveImage.CompactionOffset)
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
        ulong inUse = XsaveImage.InUse(cpu) | (cpu.S.Mxcsr == Mxcsr.Initial ? 0 : StateComponents.Sse);
        ulong saved = requested & inUse;
        Span<byte> image = stackalloc byte[StateComponents.MaxSize];
        BinaryPrimitives.WriteUInt64LittleEndian(image[XsaveImage.StateVectorOffset..], saved);
        BinaryPrimitives.WriteUInt64LittleEndian(image[XsaveImage.CompactionOffset..], requested | XsaveImage.Compacted);
        return WriteComponents(cpu, linear, image, saved, (saved & StateComponents.Sse) != 0, wide)
            && StateBlocks.Write(cpu, linear, image, XsaveImage.StateVectorOffset, XsaveImage.CompactionOffset + sizeof(ulong))
            ? Outcome.Next
            : Outcome.Fault;
    }

    private static bool WriteComponents(Processor cpu, ulong linear, Span<byte> image, ulong components, bool mxcsr, bool wide)
    {
        int vectors = FxsaveInstructions.VisibleVectors(cpu);
        XsaveImage.Store(cpu, components, mxcsr, vectors, wide, image);
        Span<(int Start, int End)> ranges = stackalloc (int, int)[XsaveImage.MaxRanges];
        foreach ((int start, int end) in ranges[..XsaveImage.Ranges(components, mxcsr, vectors, ranges)])
        {
            if (!StateBlocks.Write(cpu, linear, image, start, end))
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

        return XsaveImage.TryLoad(cpu, requested, enabled, supervisor, FxsaveInstructions.VisibleVectors(cpu), wide, image) ? Outcome.Next : cpu.GeneralProtection();
    }
}
