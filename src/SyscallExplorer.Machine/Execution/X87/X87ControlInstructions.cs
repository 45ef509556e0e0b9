using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>
/// The control and status words, initialization, WAIT, and instructions that are history. SDM vol. 2A, each under its name. A form with 9B in front is
/// a WAIT and the form without it: a decoder gives both, an assembler knows them as one.
/// </summary>
internal static unsafe class X87ControlInstructions
{
    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Fldcw_m2byte, &Fldcw);
        table.One(Code.Fnstcw_m2byte, &Fnstcw);
        table.One(Code.Fstcw_m2byte, &Waiting<StoreControl>);
        table.One(Code.Fnstsw_m2byte, &Fnstsw);
        table.One(Code.Fstsw_m2byte, &Waiting<StoreStatus>);
        table.One(Code.Fnstsw_AX, &FnstswAx);
        table.One(Code.Fstsw_AX, &Waiting<StoreStatusInAx>);
        table.One(Code.Fninit, &Fninit);
        table.One(Code.Finit, &Waiting<Initialize>);
        table.One(Code.Fnclex, &Fnclex);
        table.One(Code.Fclex, &Waiting<ClearExceptions>);
        table.One(Code.Wait, &Wait);
        table.One(Code.Fneni, &Nothing);
        table.One(Code.Feni, &Waiting<DoNothing>);
        table.One(Code.Fndisi, &Nothing);
        table.One(Code.Fdisi, &Waiting<DoNothing>);
        table.One(Code.Fnsetpm, &Nothing);
        table.One(Code.Fsetpm, &Waiting<DoNothing>);
        table.One(Code.Frstpm, &Invalid);
        table.One(Code.Fstdw_AX, &Invalid);
        table.One(Code.Fnstdw_AX, &Invalid);
        table.One(Code.Fstsg_AX, &Invalid);
        table.One(Code.Fnstsg_AX, &Invalid);
    }

    private interface IControl
    {
        static abstract Outcome Execute(Processor cpu, Operation op);
    }

    private static Outcome Waiting<TControl>(Processor cpu, Operation op) where TControl : struct, IControl =>
        cpu.BeginX87() ? TControl.Execute(cpu, op) : Outcome.Fault;

    private static Outcome NotWaiting<TControl>(Processor cpu, Operation op) where TControl : struct, IControl =>
        cpu.BeginX87Control() ? TControl.Execute(cpu, op) : Outcome.Fault;

    private static Outcome Fnstcw(Processor cpu, Operation op) => NotWaiting<StoreControl>(cpu, op);

    private static Outcome Fnstsw(Processor cpu, Operation op) => NotWaiting<StoreStatus>(cpu, op);

    private static Outcome FnstswAx(Processor cpu, Operation op) => NotWaiting<StoreStatusInAx>(cpu, op);

    private static Outcome Fninit(Processor cpu, Operation op) => NotWaiting<Initialize>(cpu, op);

    private static Outcome Fnclex(Processor cpu, Operation op) => NotWaiting<ClearExceptions>(cpu, op);

    private static Outcome Nothing(Processor cpu, Operation op) => NotWaiting<DoNothing>(cpu, op);

    /// <summary>Instructions of the 80287XL and the 80387SL alone.</summary>
    private static Outcome Invalid(Processor cpu, Operation op) => cpu.Raise(Vector.InvalidOpcode);

    private static Outcome Fldcw(Processor cpu, Operation op)
    {
        if (!cpu.BeginX87() || !cpu.ReadMemory(op, out ushort value))
            return Outcome.Fault;
        ref X87State fpu = ref cpu.S.X87;
        fpu.Control = (ushort)((value & X87Control.Writable) | X87Control.Fixed);
        fpu.Status = X87Status.WithSummary(fpu.Status, fpu.Control);
        return Outcome.Next;
    }

    /// <summary>WAIT asks for the FPU only with both CR0.MP and CR0.TS, and CR0.EM does not matter. SDM vol. 3A, table 2-2 of 2.5.</summary>
    private static Outcome Wait(Processor cpu, Operation op)
    {
        if ((cpu.S.Cr0 & (Cr0.MP | Cr0.TS)) == (Cr0.MP | Cr0.TS))
            return cpu.Raise(Vector.DeviceNotAvailable);
        return cpu.IsX87ExceptionPending ? cpu.Raise(Vector.FloatingPoint) : Outcome.Next;
    }

    private readonly struct StoreControl : IControl
    {
        public static Outcome Execute(Processor cpu, Operation op) => cpu.WriteMemory(op, cpu.S.X87.Control) ? Outcome.Next : Outcome.Fault;
    }

    private readonly struct StoreStatus : IControl
    {
        public static Outcome Execute(Processor cpu, Operation op) => cpu.WriteMemory(op, cpu.S.X87.Status) ? Outcome.Next : Outcome.Fault;
    }

    private readonly struct StoreStatusInAx : IControl
    {
        public static Outcome Execute(Processor cpu, Operation op)
        {
            cpu.SetRegister((int)Gpr.Rax, cpu.S.X87.Status);
            return Outcome.Next;
        }
    }

    private readonly struct Initialize : IControl
    {
        public static Outcome Execute(Processor cpu, Operation op)
        {
            cpu.S.X87.Initialize();
            return Outcome.Next;
        }
    }

    private readonly struct ClearExceptions : IControl
    {
        public static Outcome Execute(Processor cpu, Operation op)
        {
            cpu.S.X87.Status &= unchecked((ushort)~(X87Status.Exceptions | X87Status.SF | X87Status.ES | X87Status.B));
            return Outcome.Next;
        }
    }

    /// <summary>FENI and FDISI did something on the 8087, FSETPM on the 80287.</summary>
    private readonly struct DoNothing : IControl
    {
        public static Outcome Execute(Processor cpu, Operation op) => Outcome.Next;
    }
}
