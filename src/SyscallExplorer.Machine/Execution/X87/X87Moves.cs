using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>FXCH, FCMOVcc, FABS, FCHS, and what moves TOP or marks registers empty. SDM vol. 2A, each under its name.</summary>
internal static unsafe class X87Moves
{
    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Fxch_st0_sti, &Fxch);
        table.One(Code.Fxch_st0_sti_DDC8, &Fxch);
        table.One(Code.Fxch_st0_sti_DFC8, &Fxch);
        table.One(Code.Fcmovb_st0_sti, &Fcmov<Below>);
        table.One(Code.Fcmove_st0_sti, &Fcmov<Equal>);
        table.One(Code.Fcmovbe_st0_sti, &Fcmov<BelowOrEqual>);
        table.One(Code.Fcmovu_st0_sti, &Fcmov<Unordered>);
        table.One(Code.Fcmovnb_st0_sti, &Fcmov<Not<Below>>);
        table.One(Code.Fcmovne_st0_sti, &Fcmov<Not<Equal>>);
        table.One(Code.Fcmovnbe_st0_sti, &Fcmov<Not<BelowOrEqual>>);
        table.One(Code.Fcmovnu_st0_sti, &Fcmov<Not<Unordered>>);
        table.One(Code.Fabs, &Fabs);
        table.One(Code.Fchs, &Fchs);
        table.One(Code.Ffree_sti, &Ffree);
        table.One(Code.Ffreep_sti, &Ffreep);
        table.One(Code.Fincstp, &Fincstp);
        table.One(Code.Fdecstp, &Fdecstp);
        table.One(Code.Fnop, &Fnop);
    }

    /// <summary>A condition of FCMOVcc on RFLAGS.</summary>
    private interface ICondition
    {
        static abstract bool Holds(ulong flags);
    }

    private readonly struct Below : ICondition
    {
        public static bool Holds(ulong flags) => (flags & Rflags.CF) != 0;
    }

    private readonly struct Equal : ICondition
    {
        public static bool Holds(ulong flags) => (flags & Rflags.ZF) != 0;
    }

    private readonly struct BelowOrEqual : ICondition
    {
        public static bool Holds(ulong flags) => (flags & (Rflags.CF | Rflags.ZF)) != 0;
    }

    private readonly struct Unordered : ICondition
    {
        public static bool Holds(ulong flags) => (flags & Rflags.PF) != 0;
    }

    private readonly struct Not<TCondition> : ICondition where TCondition : struct, ICondition
    {
        public static bool Holds(ulong flags) => !TCondition.Holds(flags);
    }

    /// <summary>An empty register takes part as the indefinite when the exception is masked.</summary>
    private static Outcome Fxch(Processor cpu, Operation op)
    {
        if (!cpu.BeginX87())
            return Outcome.Fault;
        ref X87State fpu = ref cpu.S.X87;
        FloatContext context = fpu.Context;
        int other = op.Op1.Index;
        ExtendedReal top = fpu.IsEmpty(0) ? X87StackFault.Underflow(ref context) : fpu.Get(0);
        ExtendedReal value = fpu.IsEmpty(other) ? X87StackFault.Underflow(ref context) : fpu.Get(other);
        if (context.Unmasked == 0)
        {
            fpu.Set(0, value);
            fpu.Set(other, top);
        }

        return cpu.EndX87(op, context);
    }

    private static Outcome Fcmov<TCondition>(Processor cpu, Operation op) where TCondition : struct, ICondition
    {
        if (!cpu.BeginX87())
            return Outcome.Fault;
        ref X87State fpu = ref cpu.S.X87;
        FloatContext context = fpu.Context;
        int source = op.Op1.Index;
        ExtendedReal value = fpu.IsEmpty(0) || fpu.IsEmpty(source) ? X87StackFault.Underflow(ref context)
            : TCondition.Holds(cpu.S.Rflags) ? fpu.Get(source) : fpu.Get(0);
        if (context.Raised == 0)
            context.RoundedUp = (fpu.Status & X87Status.C1) != 0;
        return cpu.EndX87(op, context, 0, value);
    }

    private static Outcome Fabs(Processor cpu, Operation op) => Sign(cpu, op, clear: 0x8000, flip: 0);

    private static Outcome Fchs(Processor cpu, Operation op) => Sign(cpu, op, clear: 0, flip: 0x8000);

    /// <summary>The sign bit alone: no operand is invalid.</summary>
    private static Outcome Sign(Processor cpu, Operation op, int clear, int flip)
    {
        if (!cpu.BeginX87())
            return Outcome.Fault;
        FloatContext context = cpu.S.X87.Context;
        ExtendedReal value = cpu.S.X87.Get(0);
        value = cpu.S.X87.IsEmpty(0) ? X87StackFault.Underflow(ref context)
            : value with { SignAndExponent = (ushort)((value.SignAndExponent & ~clear) ^ flip) };
        return cpu.EndX87(op, context, 0, value);
    }

    private static Outcome Ffree(Processor cpu, Operation op)
    {
        if (!cpu.BeginX87())
            return Outcome.Fault;
        cpu.S.X87.Free(op.Op0.Index);
        return Plain(cpu, op);
    }

    private static Outcome Ffreep(Processor cpu, Operation op)
    {
        if (!cpu.BeginX87())
            return Outcome.Fault;
        cpu.S.X87.Free(op.Op0.Index);
        cpu.S.X87.Pop();
        return Plain(cpu, op);
    }

    private static Outcome Fincstp(Processor cpu, Operation op) => Turn(cpu, op, 1);

    private static Outcome Fdecstp(Processor cpu, Operation op) => Turn(cpu, op, -1);

    private static Outcome Turn(Processor cpu, Operation op, int registers)
    {
        if (!cpu.BeginX87())
            return Outcome.Fault;
        cpu.S.X87.Rotate(registers);
        return Plain(cpu, op);
    }

    /// <summary>Ends an instruction that cannot raise anything; it clears C1.</summary>
    private static Outcome Plain(Processor cpu, Operation op)
    {
        FloatContext context = cpu.S.X87.Context;
        return cpu.EndX87(op, context);
    }

    /// <summary>Does nothing but wait, and leaves the condition codes alone.</summary>
    private static Outcome Fnop(Processor cpu, Operation op)
    {
        if (!cpu.BeginX87())
            return Outcome.Fault;
        FloatContext context = cpu.S.X87.Context;
        context.RoundedUp = (cpu.S.X87.Status & X87Status.C1) != 0;
        return cpu.EndX87(op, context);
    }
}
