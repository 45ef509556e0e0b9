namespace SyscallExplorer.Machine;

/// <content>How x87 instructions begin and end. SDM vol. 1, 8.1.8, 8.6 and 8.7.</content>
public sealed partial class Processor
{
    /// <summary>Begins a waiting instruction: #NM where the FPU is switched off, #MF where an unmasked exception is pending.</summary>
    /// <remarks>
    /// With CR0.NE clear a PC answers a pending exception by an external interrupt, through FERR# and a chip outside the processor. That chip is not
    /// modelled: #MF is raised whatever CR0.NE says, so that the error is not lost. Kernels of today always set NE.
    /// </remarks>
    /// <returns>False with the exception pending.</returns>
    internal bool BeginX87()
    {
        if (!BeginX87Control())
            return false;
        if (!IsX87ExceptionPending)
            return true;
        Raise(Vector.FloatingPoint);
        return false;
    }

    /// <summary>Begins an instruction that does not wait for pending exceptions: FNSTSW, FNINIT and their kin.</summary>
    internal bool BeginX87Control()
    {
        if ((Ready & ExecutionUnits.X87) != 0)
            return true;
        RaiseUnavailable(ExecutionUnits.X87);
        return false;
    }

    /// <summary>Ends an instruction that has no result to store or has stored it.</summary>
    internal Outcome EndX87(Operation op, in FloatContext context)
    {
        S.X87.Report(context);
        RecordX87Pointers(op, context.Unmasked != 0);
        return Outcome.Next;
    }

    /// <summary>Ends an instruction with a result for ST(i). After an unmasked exception that came before it was computed, the stack stays as it was.</summary>
    internal Outcome EndX87(Operation op, in FloatContext context, int destination, ExtendedReal result, int pops = 0)
    {
        if ((context.Unmasked & FloatExceptions.BeforeComputation) == 0)
        {
            S.X87.Set(destination, result);
            S.X87.Pop(pops);
        }

        return EndX87(op, context);
    }

    /// <summary>Ends an instruction that pushes its result, unless an unmasked exception came before it was computed.</summary>
    internal Outcome EndX87Push(Operation op, in FloatContext context, ExtendedReal result)
    {
        if ((context.Unmasked & FloatExceptions.BeforeComputation) == 0)
            S.X87.Push(result);
        return EndX87(op, context);
    }

    /// <summary>
    /// FIP, FCS, FOP, FDP and FDS of a non-control instruction. Intel keeps the opcode only at an unmasked exception, newer ones the data pointer too, and no
    /// selectors; AMD keeps everything always. SDM vol. 1, 8.1.8 and 8.1.9; APM vol. 1, 6.2.5.
    /// </summary>
    private void RecordX87Pointers(Operation op, bool unmasked)
    {
        ref X87State fpu = ref S.X87;
        bool selectors = !Model.Has(CpuFeature.ZeroFcsFds);
        fpu.InstructionPointer = S.Rip;
        fpu.InstructionSelector = selectors ? S.Segments[(int)SegmentName.CS].Selector : (ushort)0;
        if (unmasked || Model.Vendor == CpuVendor.Amd)
            fpu.Opcode = op.FloatOpcode;
        if (op.Op0.Kind != OperandKind.Memory && op.Op1.Kind != OperandKind.Memory)
            return;
        if (unmasked || !Model.Has(CpuFeature.FdpExcptnOnly))
        {
            fpu.DataPointer = EffectiveAddress(op);
            fpu.DataSelector = selectors ? S.Segments[(int)op.Segment].Selector : (ushort)0;
        }
    }
}
