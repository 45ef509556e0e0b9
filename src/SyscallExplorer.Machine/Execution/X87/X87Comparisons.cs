using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>FCOM, FUCOM, FICOM, FTST, FXAM, FCOMI and FUCOMI in all their forms. SDM vol. 2A, each under its name; vol. 1, 8.3.6.</summary>
internal static unsafe class X87Comparisons
{
    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Fcom_m32fp, &Memory<SingleSource, Keep>);
        table.One(Code.Fcom_m64fp, &Memory<DoubleSource, Keep>);
        table.One(Code.Ficom_m16int, &Memory<Integer16Source, Keep>);
        table.One(Code.Ficom_m32int, &Memory<Integer32Source, Keep>);
        table.One(Code.Fcomp_m32fp, &Memory<SingleSource, PopOne>);
        table.One(Code.Fcomp_m64fp, &Memory<DoubleSource, PopOne>);
        table.One(Code.Ficomp_m16int, &Memory<Integer16Source, PopOne>);
        table.One(Code.Ficomp_m32int, &Memory<Integer32Source, PopOne>);
        table.One(Code.Fcom_st0_sti, &Ordered<Keep>);
        table.One(Code.Fcom_st0_sti_DCD0, &Ordered<Keep>);
        table.One(Code.Fcomp_st0_sti, &Ordered<PopOne>);
        table.One(Code.Fcomp_st0_sti_DCD8, &Ordered<PopOne>);
        table.One(Code.Fcomp_st0_sti_DED0, &Ordered<PopOne>);
        table.One(Code.Fcompp, &OrderedPopBoth);
        table.One(Code.Fucom_st0_sti, &Unordered<Keep>);
        table.One(Code.Fucomp_st0_sti, &Unordered<PopOne>);
        table.One(Code.Fucompp, &UnorderedPopBoth);
        table.One(Code.Fcomi_st0_sti, &ToFlags<Signaling, Keep>);
        table.One(Code.Fcomip_st0_sti, &ToFlags<Signaling, PopOne>);
        table.One(Code.Fucomi_st0_sti, &ToFlags<Quiet, Keep>);
        table.One(Code.Fucomip_st0_sti, &ToFlags<Quiet, PopOne>);
        table.One(Code.Ftst, &Ftst);
        table.One(Code.Fxam, &Fxam);
    }

    private interface IPops
    {
        static abstract int Count { get; }
    }

    private readonly struct Keep : IPops
    {
        public static int Count => 0;
    }

    private readonly struct PopOne : IPops
    {
        public static int Count => 1;
    }

    private interface IQuietNaNRule
    {
        static abstract bool IsSignaling { get; }
    }

    private readonly struct Signaling : IQuietNaNRule
    {
        public static bool IsSignaling => true;
    }

    private readonly struct Quiet : IQuietNaNRule
    {
        public static bool IsSignaling => false;
    }

    private static Outcome Memory<TSource, TPops>(Processor cpu, Operation op)
        where TSource : struct, IX87Source
        where TPops : struct, IPops
    {
        if (!cpu.BeginX87() || !TSource.Read(cpu, op, out FloatNumber source))
            return Outcome.Fault;
        return ToConditions(cpu, op, source, sourceIsEmpty: false, signaling: true, TPops.Count);
    }

    private static Outcome Ordered<TPops>(Processor cpu, Operation op) where TPops : struct, IPops => WithRegister(cpu, op, op.Op1.Index, true, TPops.Count);

    private static Outcome Unordered<TPops>(Processor cpu, Operation op) where TPops : struct, IPops => WithRegister(cpu, op, op.Op1.Index, false, TPops.Count);

    private static Outcome OrderedPopBoth(Processor cpu, Operation op) => WithRegister(cpu, op, 1, true, 2);

    private static Outcome UnorderedPopBoth(Processor cpu, Operation op) => WithRegister(cpu, op, 1, false, 2);

    private static Outcome WithRegister(Processor cpu, Operation op, int index, bool signaling, int pops) =>
        cpu.BeginX87() ? ToConditions(cpu, op, cpu.S.X87.Number(index), cpu.S.X87.IsEmpty(index), signaling, pops) : Outcome.Fault;

    private static Outcome Ftst(Processor cpu, Operation op) =>
        cpu.BeginX87() ? ToConditions(cpu, op, FloatNumber.Zero(negative: false), sourceIsEmpty: false, signaling: true, pops: 0) : Outcome.Fault;

    /// <summary>Whether the answer is given although an unmasked exception came first: by AMD's processors, not by Intel's. SDM vol. 2A, FCOM.</summary>
    private static bool Answers(Processor cpu, in FloatContext context) =>
        cpu.Model.Vendor == CpuVendor.Amd || (context.Unmasked & FloatExceptions.BeforeComputation) == 0;

    /// <summary>Compares ST(0) and answers in C3, C2 and C0.</summary>
    private static Outcome ToConditions(Processor cpu, Operation op, in FloatNumber source, bool sourceIsEmpty, bool signaling, int pops)
    {
        ref X87State fpu = ref cpu.S.X87;
        FloatOrder order = Compare(fpu, source, sourceIsEmpty, signaling, out FloatContext context);
        if (Answers(cpu, context))
        {
            fpu.SetConditions(X87Status.Comparison, order switch
            {
                FloatOrder.Greater => 0,
                FloatOrder.Less => X87Status.C0,
                FloatOrder.Equal => X87Status.C3,
                _ => X87Status.Comparison,
            });
        }

        if ((context.Unmasked & FloatExceptions.BeforeComputation) == 0)
            fpu.Pop(pops);
        return cpu.EndX87(op, context);
    }

    /// <summary>Compares ST(0) with ST(i) and answers in ZF, PF and CF.</summary>
    private static Outcome ToFlags<TRule, TPops>(Processor cpu, Operation op)
        where TRule : struct, IQuietNaNRule
        where TPops : struct, IPops
    {
        if (!cpu.BeginX87())
            return Outcome.Fault;
        ref X87State fpu = ref cpu.S.X87;
        int index = op.Op1.Index;
        FloatOrder order = Compare(fpu, fpu.Number(index), fpu.IsEmpty(index), TRule.IsSignaling, out FloatContext context);
        if (Answers(cpu, context))
        {
            cpu.S.Rflags = (cpu.S.Rflags & ~Rflags.Arithmetic) | order switch
            {
                FloatOrder.Greater => 0,
                FloatOrder.Less => Rflags.CF,
                FloatOrder.Equal => Rflags.ZF,
                _ => Rflags.ZF | Rflags.PF | Rflags.CF,
            };
        }

        // Intel clears C1, AMD only at a stack fault. SDM vol. 2A, FCOMI; APM vol. 5, FCOMI.
        if (cpu.Model.Vendor == CpuVendor.Amd && (context.Raised & FloatExceptions.StackFault) == 0)
            context.RoundedUp = (fpu.Status & X87Status.C1) != 0;
        if ((context.Unmasked & FloatExceptions.BeforeComputation) == 0)
            fpu.Pop(TPops.Count);
        return cpu.EndX87(op, context);
    }

    private static FloatOrder Compare(in X87State fpu, in FloatNumber source, bool sourceIsEmpty, bool signaling, out FloatContext context)
    {
        context = fpu.Context;
        if (!sourceIsEmpty && !fpu.IsEmpty(0))
            return FloatComparison.Compare(fpu.Number(0), source, signaling, ref context);
        X87StackFault.Underflow(ref context);
        return FloatOrder.Unordered;
    }

    /// <summary>The class of ST(0) in C3, C2 and C0, and its sign in C1, empty or not.</summary>
    private static Outcome Fxam(Processor cpu, Operation op)
    {
        if (!cpu.BeginX87())
            return Outcome.Fault;
        ref X87State fpu = ref cpu.S.X87;
        FloatContext context = fpu.Context;
        context.RoundedUp = fpu.Get(0).Negative;
        FloatNumber number = fpu.Number(0);
        int conditions = fpu.IsEmpty(0) ? X87Status.C3 | X87Status.C0 : number.Class switch
        {
            FloatClass.Unsupported => 0,
            FloatClass.QuietNaN or FloatClass.SignalingNaN => X87Status.C0,
            FloatClass.Infinity => X87Status.C2 | X87Status.C0,
            FloatClass.Zero => X87Status.C3,
            _ => number.Denormal ? X87Status.C3 | X87Status.C2 : X87Status.C2,
        };
        fpu.SetConditions(X87Status.Comparison, (ushort)conditions);
        return cpu.EndX87(op, context);
    }
}
