using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>How many vectors an elementwise instruction computes from.</summary>
internal enum ElementSources
{
    One,
    Two,
}

/// <summary>Enters the forms of floating-point vector instructions: a name has a legacy, a VEX.128 and a VEX.256 form, and each of them one handler.</summary>
internal sealed unsafe class VectorFloatForms(InstructionTableBuilder table)
{
    /// <summary>Enters a name that only has legacy forms.</summary>
    public void AddLegacy(string name, delegate*<Processor, Operation, Outcome> handler) => Enter(name, EncodingKind.Legacy, handler, handler);

    /// <summary>Enters one name, such as <c>addps</c> with <c>vaddps</c>. Without a handler for an encoding that encoding is left alone.</summary>
    public void Add(
        string name,
        delegate*<Processor, Operation, Outcome> sse,
        delegate*<Processor, Operation, Outcome> vex128,
        delegate*<Processor, Operation, Outcome> vex256)
    {
        if (sse != null)
            Enter(name, EncodingKind.Legacy, sse, sse);
        Enter("v" + name, EncodingKind.VEX, vex128, vex256);
    }

    /// <summary>Enters a rule for packed and scalar elements of single and double precision: the stem <c>add</c> for ADDPS, ADDPD, ADDSS and ADDSD.</summary>
    public void Elementwise<TRule>(string stem, ElementSources sources) where TRule : struct, IFloatElementRule
    {
        Elementwise<Binary32, uint, TRule>(stem, "s", sources);
        Elementwise<Binary64, ulong, TRule>(stem, "d", sources);
    }

    /// <summary>Enters a rule for packed and scalar elements of one precision, <c>s</c> or <c>d</c>.</summary>
    public void Elementwise<TFormat, TBits, TRule>(string stem, string precision, ElementSources sources)
        where TFormat : struct, IFloatFormat<TBits>
        where TBits : unmanaged, System.Numerics.IBinaryInteger<TBits>
        where TRule : struct, IFloatElementRule
    {
        if (sources == ElementSources.Two)
        {
            Add($"{stem}p{precision}", &FloatElementHandlers.Packed<TFormat, TBits, TRule, SseFloats>,
                &FloatElementHandlers.Packed<TFormat, TBits, TRule, Vex128Floats>, &FloatElementHandlers.Packed<TFormat, TBits, TRule, Vex256Floats>);
        }
        else
        {
            Add($"{stem}p{precision}", &FloatElementHandlers.PackedOfOne<TFormat, TBits, TRule, SseFloats>,
                &FloatElementHandlers.PackedOfOne<TFormat, TBits, TRule, Vex128Floats>, &FloatElementHandlers.PackedOfOne<TFormat, TBits, TRule, Vex256Floats>);
        }

        Add($"{stem}s{precision}", &FloatElementHandlers.Scalar<TFormat, TBits, TRule, SseFloats>,
            &FloatElementHandlers.Scalar<TFormat, TBits, TRule, Vex128Floats>, null);
    }

    /// <summary>Enters a name whose forms differ by the width of a general register, 32 or 64 bits.</summary>
    public void AddByGeneralRegister(
        string name,
        delegate*<Processor, Operation, Outcome> sse32,
        delegate*<Processor, Operation, Outcome> sse64,
        delegate*<Processor, Operation, Outcome> vex32,
        delegate*<Processor, Operation, Outcome> vex64)
    {
        foreach (Code code in Of(name, EncodingKind.Legacy))
            table.One(code, Operands(code.ToOpCode()).Any(IsGeneral64) ? sse64 : sse32);
        foreach (Code code in Of("v" + name, EncodingKind.VEX))
            table.One(code, Operands(code.ToOpCode()).Any(IsGeneral64) ? vex64 : vex32);
    }

    /// <summary>The forms of a name in one encoding. CMPSD is a string instruction too, which has no vector operand.</summary>
    public static IEnumerable<Code> Of(string name, EncodingKind encoding) =>
        InstructionTableBuilder.CodesOf(Enum.Parse<Mnemonic>(name, ignoreCase: true))
            .Where(code => code.ToOpCode() is { } form && form.Encoding == encoding && Operands(form).Any(kind => IsXmm(kind) || IsYmm(kind)));

    private static IEnumerable<OpCodeOperandKind> Operands(OpCodeInfo form) => Enumerable.Range(0, form.OpCount).Select(form.GetOpKind);

    private static bool IsXmm(OpCodeOperandKind kind) =>
        kind is OpCodeOperandKind.xmm_reg or OpCodeOperandKind.xmm_rm or OpCodeOperandKind.xmm_vvvv or OpCodeOperandKind.xmm_or_mem;

    private static bool IsYmm(OpCodeOperandKind kind) =>
        kind is OpCodeOperandKind.ymm_reg or OpCodeOperandKind.ymm_rm or OpCodeOperandKind.ymm_vvvv or OpCodeOperandKind.ymm_or_mem;

    private static bool IsGeneral64(OpCodeOperandKind kind) => kind is OpCodeOperandKind.r64_reg or OpCodeOperandKind.r64_or_mem;

    private void Enter(string name, EncodingKind encoding, delegate*<Processor, Operation, Outcome> narrow, delegate*<Processor, Operation, Outcome> wide)
    {
        foreach (Code code in Of(name, encoding))
            table.One(code, Operands(code.ToOpCode()).Any(IsYmm) ? wide : narrow);
    }
}
