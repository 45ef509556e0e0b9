namespace SyscallExplorer.Machine;

/// <summary>The parts of the instruction set that an operating system must switch on.</summary>
[Flags]
internal enum ExecutionUnits : byte
{
    None = 0,
    X87 = 1,
    Mmx = 2,
    Sse = 4,
    Avx = 8,

    /// <summary>XSAVE and its kin, XGETBV and XSETBV are switched on but for CR0.TS.</summary>
    Xsave = 16,
}

/// <content>Which units may be used now, and the fault of one that may not. SDM vol. 3A, 2.5 and 13.1; vol. 2A, 2.4 and 2.7, tables of exceptions.</content>
public sealed partial class Processor
{
    /// <summary>The units whose instructions may run.</summary>
    internal ExecutionUnits Ready;

    /// <summary>Whether an unmasked x87 exception waits for the next waiting instruction, which then is #MF.</summary>
    internal bool IsX87ExceptionPending => (S.X87.Status & X87Status.ES) != 0;

    /// <summary>Recomputes <see cref="Ready"/> after a change of CR0, CR4 or XCR0.</summary>
    internal void RefreshUnits()
    {
        bool emulated = (S.Cr0 & Cr0.EM) != 0;
        bool switched = (S.Cr0 & Cr0.TS) != 0;
        bool osxsave = (S.Cr4 & Cr4.OSXSAVE) != 0;
        ExecutionUnits ready = osxsave ? ExecutionUnits.Xsave : ExecutionUnits.None;
        if (!switched)
        {
            if (!emulated)
                ready |= ExecutionUnits.X87 | ExecutionUnits.Mmx;
            if (!emulated && (S.Cr4 & Cr4.OSFXSR) != 0)
                ready |= ExecutionUnits.Sse;
            if (osxsave && (S.Xcr0 & StateComponents.SseAndAvx) == StateComponents.SseAndAvx)
                ready |= ExecutionUnits.Avx;
        }

        Ready = ready;
    }

    /// <summary>Raises the fault of an instruction whose unit is not <see cref="Ready"/>: #UD where the operating system has not enabled it, else #NM.</summary>
    internal Outcome RaiseUnavailable(ExecutionUnits unit)
    {
        bool undefined = unit switch
        {
            ExecutionUnits.X87 => false,
            ExecutionUnits.Mmx => (S.Cr0 & Cr0.EM) != 0,
            ExecutionUnits.Sse => (S.Cr0 & Cr0.EM) != 0 || (S.Cr4 & Cr4.OSFXSR) == 0,
            ExecutionUnits.Avx => (S.Cr4 & Cr4.OSXSAVE) == 0 || (S.Xcr0 & StateComponents.SseAndAvx) != StateComponents.SseAndAvx,
            _ => true,
        };
        return Raise(undefined ? Vector.InvalidOpcode : Vector.DeviceNotAvailable);
    }
}
