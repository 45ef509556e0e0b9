using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>An operation on two numbers of the x87 FPU, of which the first is the destination.</summary>
internal interface IX87Rule
{
    static abstract ExtendedReal Apply(in FloatNumber destination, in FloatNumber source, ref FloatContext context);
}

/// <summary>FADD, FSUB, FSUBR, FMUL, FDIV, FDIVR in all their forms. SDM vol. 2A, each under its name.</summary>
internal static unsafe class X87Arithmetic
{
    public static void Register(InstructionTableBuilder table)
    {
        Memory<AddRule>(table, Code.Fadd_m32fp, Code.Fadd_m64fp, Code.Fiadd_m16int, Code.Fiadd_m32int);
        Memory<MultiplyRule>(table, Code.Fmul_m32fp, Code.Fmul_m64fp, Code.Fimul_m16int, Code.Fimul_m32int);
        Memory<SubtractRule>(table, Code.Fsub_m32fp, Code.Fsub_m64fp, Code.Fisub_m16int, Code.Fisub_m32int);
        Memory<SubtractReverseRule>(table, Code.Fsubr_m32fp, Code.Fsubr_m64fp, Code.Fisubr_m16int, Code.Fisubr_m32int);
        Memory<DivideRule>(table, Code.Fdiv_m32fp, Code.Fdiv_m64fp, Code.Fidiv_m16int, Code.Fidiv_m32int);
        Memory<DivideReverseRule>(table, Code.Fdivr_m32fp, Code.Fdivr_m64fp, Code.Fidivr_m16int, Code.Fidivr_m32int);
        Stack<AddRule>(table, Code.Fadd_st0_sti, Code.Fadd_sti_st0, Code.Faddp_sti_st0);
        Stack<MultiplyRule>(table, Code.Fmul_st0_sti, Code.Fmul_sti_st0, Code.Fmulp_sti_st0);
        Stack<SubtractRule>(table, Code.Fsub_st0_sti, Code.Fsub_sti_st0, Code.Fsubp_sti_st0);
        Stack<SubtractReverseRule>(table, Code.Fsubr_st0_sti, Code.Fsubr_sti_st0, Code.Fsubrp_sti_st0);
        Stack<DivideRule>(table, Code.Fdiv_st0_sti, Code.Fdiv_sti_st0, Code.Fdivp_sti_st0);
        Stack<DivideReverseRule>(table, Code.Fdivr_st0_sti, Code.Fdivr_sti_st0, Code.Fdivrp_sti_st0);
    }

    private static void Memory<TRule>(InstructionTableBuilder table, Code single, Code @double, Code integer16, Code integer32)
        where TRule : struct, IX87Rule
    {
        table.One(single, &Memory<TRule, SingleSource>);
        table.One(@double, &Memory<TRule, DoubleSource>);
        table.One(integer16, &Memory<TRule, Integer16Source>);
        table.One(integer32, &Memory<TRule, Integer32Source>);
    }

    private static void Stack<TRule>(InstructionTableBuilder table, Code toTop, Code fromTop, Code pop) where TRule : struct, IX87Rule
    {
        table.One(toTop, &Stack<TRule>);
        table.One(fromTop, &Stack<TRule>);
        table.One(pop, &StackAndPop<TRule>);
    }

    private static Outcome Memory<TRule, TSource>(Processor cpu, Operation op)
        where TRule : struct, IX87Rule
        where TSource : struct, IX87Source
    {
        if (!cpu.BeginX87() || !TSource.Read(cpu, op, out FloatNumber source))
            return Outcome.Fault;
        FloatContext context = cpu.S.X87.Context;
        ExtendedReal result = cpu.S.X87.IsEmpty(0) ? X87StackFault.Underflow(ref context) : TRule.Apply(cpu.S.X87.Number(0), source, ref context);
        return cpu.EndX87(op, context, 0, result);
    }

    private static Outcome Stack<TRule>(Processor cpu, Operation op) where TRule : struct, IX87Rule => Stack<TRule>(cpu, op, pops: 0);

    private static Outcome StackAndPop<TRule>(Processor cpu, Operation op) where TRule : struct, IX87Rule => Stack<TRule>(cpu, op, pops: 1);

    private static Outcome Stack<TRule>(Processor cpu, Operation op, int pops) where TRule : struct, IX87Rule
    {
        if (!cpu.BeginX87())
            return Outcome.Fault;
        FloatContext context = cpu.S.X87.Context;
        int destination = op.Op0.Index, source = op.Op1.Index;
        ExtendedReal result = cpu.S.X87.IsEmpty(destination) || cpu.S.X87.IsEmpty(source)
            ? X87StackFault.Underflow(ref context)
            : TRule.Apply(cpu.S.X87.Number(destination), cpu.S.X87.Number(source), ref context);
        return cpu.EndX87(op, context, destination, result, pops);
    }

    private readonly struct AddRule : IX87Rule
    {
        public static ExtendedReal Apply(in FloatNumber destination, in FloatNumber source, ref FloatContext context) =>
            FloatArithmetic.Add<Extended, ExtendedReal>(destination, source, ref context);
    }

    private readonly struct MultiplyRule : IX87Rule
    {
        public static ExtendedReal Apply(in FloatNumber destination, in FloatNumber source, ref FloatContext context) =>
            FloatArithmetic.Multiply<Extended, ExtendedReal>(destination, source, ref context);
    }

    private readonly struct SubtractRule : IX87Rule
    {
        public static ExtendedReal Apply(in FloatNumber destination, in FloatNumber source, ref FloatContext context) =>
            FloatArithmetic.Subtract<Extended, ExtendedReal>(destination, source, ref context);
    }

    private readonly struct SubtractReverseRule : IX87Rule
    {
        public static ExtendedReal Apply(in FloatNumber destination, in FloatNumber source, ref FloatContext context) =>
            FloatArithmetic.Subtract<Extended, ExtendedReal>(source, destination, ref context);
    }

    private readonly struct DivideRule : IX87Rule
    {
        public static ExtendedReal Apply(in FloatNumber destination, in FloatNumber source, ref FloatContext context) =>
            FloatArithmetic.Divide<Extended, ExtendedReal>(destination, source, ref context);
    }

    private readonly struct DivideReverseRule : IX87Rule
    {
        public static ExtendedReal Apply(in FloatNumber destination, in FloatNumber source, ref FloatContext context) =>
            FloatArithmetic.Divide<Extended, ExtendedReal>(source, destination, ref context);
    }
}
