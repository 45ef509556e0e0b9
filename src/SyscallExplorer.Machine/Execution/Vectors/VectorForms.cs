using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>How a vector instruction is encoded and how wide it is.</summary>
internal enum VectorShape
{
    /// <summary>EVEX and what else is not built here.</summary>
    Other,

    /// <summary>64 bits, legacy encoding.</summary>
    Mmx,

    /// <summary>128 bits, legacy encoding.</summary>
    Legacy,

    /// <summary>128 bits or scalar, VEX encoding.</summary>
    Vex128,

    /// <summary>256 bits, VEX encoding.</summary>
    Vex256,
}

/// <summary>Enters a rule under every encoding of a mnemonic: MMX, SSE, and with a V before the name AVX.</summary>
internal static unsafe class VectorForms
{
    /// <summary>rule(left, right).</summary>
    public static void Binary<TRule>(this InstructionTableBuilder table, Mnemonic mnemonic) where TRule : struct, ILaneRule =>
        BinaryImmediate<Plain<TRule>, Plain<TRule>>(table, mnemonic);

    /// <summary>rule(left, right), with another rule for the MMX form, which sees 64-bit operands in the low half of zeros.</summary>
    public static void Binary<TRule, TMmx>(this InstructionTableBuilder table, Mnemonic mnemonic)
        where TRule : struct, ILaneRule
        where TMmx : struct, ILaneRule =>
        BinaryImmediate<Plain<TRule>, Plain<TMmx>>(table, mnemonic);

    /// <summary>rule(left, right, immediate).</summary>
    public static void BinaryImmediate<TRule>(this InstructionTableBuilder table, Mnemonic mnemonic) where TRule : struct, ILaneImmediateRule =>
        BinaryImmediate<TRule, TRule>(table, mnemonic);

    /// <inheritdoc cref="Binary{TRule, TMmx}"/>
    public static void BinaryImmediate<TRule, TMmx>(this InstructionTableBuilder table, Mnemonic mnemonic)
        where TRule : struct, ILaneImmediateRule
        where TMmx : struct, ILaneImmediateRule
    {
        foreach (Code code in CodesOf(mnemonic))
        {
            switch (ShapeOf(code))
            {
                case VectorShape.Mmx when MemoryBytes(code) == sizeof(uint):
                    table.One(code, &BinaryHandlers.Mmx<uint, TMmx>);
                    break;
                case VectorShape.Mmx:
                    table.One(code, &BinaryHandlers.Mmx<ulong, TMmx>);
                    break;
                case VectorShape.Legacy:
                    table.One(code, &BinaryHandlers.Legacy<TRule>);
                    break;
                case VectorShape.Vex128:
                    table.One(code, &BinaryHandlers.Vex128<TRule>);
                    break;
                case VectorShape.Vex256:
                    table.One(code, &BinaryHandlers.Vex256<TRule>);
                    break;
            }
        }
    }

    /// <summary>rule(source).</summary>
    public static void Unary<TRule>(this InstructionTableBuilder table, Mnemonic mnemonic) where TRule : struct, IUnaryLaneRule =>
        UnaryImmediate<PlainUnary<TRule>>(table, mnemonic);

    /// <summary>rule(source, immediate).</summary>
    public static void UnaryImmediate<TRule>(this InstructionTableBuilder table, Mnemonic mnemonic, Func<OpCodeInfo, bool>? accepts = null)
        where TRule : struct, IUnaryImmediateRule
    {
        foreach (Code code in CodesOf(mnemonic))
        {
            if (accepts is not null && !accepts(code.ToOpCode()))
                continue;
            ByShape(table, code, &UnaryHandlers.Mmx<TRule>, &UnaryHandlers.Legacy<TRule>, &UnaryHandlers.Vex128<TRule>, &UnaryHandlers.Vex256<TRule>);
        }
    }

    /// <summary>Enters the handler of a form's shape.</summary>
    public static void ByShape(
        this InstructionTableBuilder table,
        Code code,
        delegate*<Processor, Operation, Outcome> mmx,
        delegate*<Processor, Operation, Outcome> legacy,
        delegate*<Processor, Operation, Outcome> vex128,
        delegate*<Processor, Operation, Outcome> vex256)
    {
        delegate*<Processor, Operation, Outcome> handler = ShapeOf(code) switch
        {
            VectorShape.Mmx => mmx,
            VectorShape.Legacy => legacy,
            VectorShape.Vex128 => vex128,
            VectorShape.Vex256 => vex256,
            _ => null,
        };
        if (handler != null)
            table.One(code, handler);
    }

    /// <summary>The forms of a mnemonic and of its VEX namesake, but those of other encodings.</summary>
    public static IEnumerable<Code> CodesOf(Mnemonic mnemonic)
    {
        IEnumerable<Code> codes = InstructionTableBuilder.CodesOf(mnemonic);
        if (Enum.TryParse("V" + mnemonic, ignoreCase: true, out Mnemonic vex))
            codes = codes.Concat(InstructionTableBuilder.CodesOf(vex));
        return codes.Where(code => ShapeOf(code) != VectorShape.Other);
    }

    /// <summary>A form's shape, by its encoding and the widest of its registers.</summary>
    public static VectorShape ShapeOf(Code code)
    {
        OpCodeInfo form = code.ToOpCode();
        bool mmx = false;
        bool ymm = false;
        for (int i = 0; i < form.OpCount; i++)
        {
            OpCodeOperandKind kind = form.GetOpKind(i);
            mmx |= kind is OpCodeOperandKind.mm_reg or OpCodeOperandKind.mm_rm or OpCodeOperandKind.mm_or_mem;
            ymm |= kind is OpCodeOperandKind.ymm_reg or OpCodeOperandKind.ymm_rm or OpCodeOperandKind.ymm_or_mem or OpCodeOperandKind.ymm_vvvv;
        }

        return form.Encoding switch
        {
            EncodingKind.Legacy => mmx ? VectorShape.Mmx : VectorShape.Legacy,
            EncodingKind.VEX => ymm ? VectorShape.Vex256 : VectorShape.Vex128,
            _ => VectorShape.Other,
        };
    }

    /// <summary>Bytes of a form's memory operand.</summary>
    public static int MemoryBytes(Code code) => code.ToOpCode().MemorySize.GetInfo().Size;
}
