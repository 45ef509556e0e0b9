using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>
/// The table from Iced's <see cref="Code"/> to the handler that executes it. Families enter their forms here; what has no entry is
/// not supported yet and is reported when a program meets it.
/// </summary>
internal static unsafe class InstructionTable
{
    private static readonly nint[] Handlers = Build();

    /// <summary>The handler of a form, or null when it is not supported yet.</summary>
    public static delegate*<Processor, Operation, Outcome> HandlerOf(Code code) => (delegate*<Processor, Operation, Outcome>)Handlers[(int)code];

    /// <summary>Whether a form is supported.</summary>
    public static bool Supports(Code code) => Handlers[(int)code] != 0;

    private static nint[] Build()
    {
        var table = new InstructionTableBuilder();
        IntegerFamilies.Register(table);
        FastSystemCalls.Register(table);
        Interrupts.Register(table);
        EventReturns.Register(table);
        FarTransfers.Register(table);
        ControlRegisters.Register(table);
        SystemTables.Register(table);
        SegmentMoves.Register(table);
        SystemFlags.Register(table);
        SystemInstructions.Register(table);
        PortInstructions.Register(table);
        StringPorts.Register(table);
        FarPointerLoads.Register(table);
        SelectorAdjustment.Register(table);
        MonitorInstructions.Register(table);
        PerformanceCounters.Register(table);
        Identification.Register(table);
        ExtendedControl.Register(table);
        FxsaveInstructions.Register(table);
        XsaveInstructions.Register(table);
        VectorFloatFamilies.Register(table);
        X87Families.Register(table);
        VectorFamilies.Register(table);
        return table.Handlers;
    }
}

/// <summary>Collects the forms of the instruction families.</summary>
internal sealed unsafe class InstructionTableBuilder
{
    private static readonly ILookup<Mnemonic, Code> CodesByMnemonic = Enum.GetValues<Code>().Distinct().ToLookup(code => code.Mnemonic());

    public nint[] Handlers { get; } = new nint[(int)Enum.GetValues<Code>().Max() + 1];

    /// <summary>Every form of a mnemonic.</summary>
    public static IEnumerable<Code> CodesOf(Mnemonic mnemonic) => CodesByMnemonic[mnemonic];

    /// <summary>Enters one form.</summary>
    public void One(Code code, delegate*<Processor, Operation, Outcome> handler)
    {
        if (Handlers[(int)code] != 0)
            throw new InvalidOperationException($"The form {code} has two handlers.");
        Handlers[(int)code] = (nint)handler;
    }

    /// <summary>Enters every form of a mnemonic.</summary>
    public void Every(Mnemonic mnemonic, delegate*<Processor, Operation, Outcome> handler)
    {
        foreach (Code code in CodesByMnemonic[mnemonic])
            One(code, handler);
    }

    /// <summary>
    /// Enters every form of a mnemonic whose first operand is a general register, memory or the target of a near branch, by the width of that
    /// operand; with a filter only the forms that it takes.
    /// </summary>
    public void Sized(
        Mnemonic mnemonic,
        delegate*<Processor, Operation, Outcome> bits8,
        delegate*<Processor, Operation, Outcome> bits16,
        delegate*<Processor, Operation, Outcome> bits32,
        delegate*<Processor, Operation, Outcome> bits64,
        Func<OpCodeInfo, bool>? accepts = null)
    {
        foreach (Code code in CodesByMnemonic[mnemonic])
        {
            if (accepts is not null && !accepts(code.ToOpCode()))
                continue;
            delegate*<Processor, Operation, Outcome> handler = FormWidth.OfFirstOperand(code) switch
            {
                8 => bits8,
                16 => bits16,
                32 => bits32,
                64 => bits64,
                _ => null,
            };
            if (handler != null)
                One(code, handler);
        }
    }
}

/// <summary>The operand width of a form of the general-purpose instruction set.</summary>
internal static class FormWidth
{
    /// <summary>Bits of the first operand when it is a general register, the memory alternative of one, or a near branch's target; 0 otherwise.</summary>
    public static int OfFirstOperand(Code code)
    {
        OpCodeInfo form = code.ToOpCode();
        if (form.Encoding is not (EncodingKind.Legacy or EncodingKind.VEX) || form.OpCount == 0)
            return 0;
        return form.Op0Kind switch
        {
            OpCodeOperandKind.r8_or_mem or OpCodeOperandKind.r8_reg or OpCodeOperandKind.r8_opcode or OpCodeOperandKind.al
                or OpCodeOperandKind.cl => 8,
            OpCodeOperandKind.r16_or_mem or OpCodeOperandKind.r16_reg or OpCodeOperandKind.r16_rm or OpCodeOperandKind.r16_opcode
                or OpCodeOperandKind.ax or OpCodeOperandKind.r16_reg_mem => 16,
            OpCodeOperandKind.r32_or_mem or OpCodeOperandKind.r32_reg or OpCodeOperandKind.r32_rm or OpCodeOperandKind.r32_opcode
                or OpCodeOperandKind.eax or OpCodeOperandKind.r32_reg_mem or OpCodeOperandKind.r32_vvvv => 32,
            OpCodeOperandKind.r64_or_mem or OpCodeOperandKind.r64_reg or OpCodeOperandKind.r64_rm or OpCodeOperandKind.r64_opcode
                or OpCodeOperandKind.rax or OpCodeOperandKind.r64_reg_mem or OpCodeOperandKind.r64_vvvv => 64,
            OpCodeOperandKind.br16_1 or OpCodeOperandKind.br16_2 => 16,
            OpCodeOperandKind.br32_1 or OpCodeOperandKind.br32_4 => 32,
            OpCodeOperandKind.br64_1 or OpCodeOperandKind.br64_4 => 64,
            OpCodeOperandKind.mem or OpCodeOperandKind.mem_offs => form.MemorySize.GetInfo().Size * 8,
            _ => 0,
        };
    }
}
