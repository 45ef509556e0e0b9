using Iced.Intel;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Silicon;

/// <summary>One encoding of the instruction table, with what its generator must know.</summary>
internal sealed class Form
{
    private Form(Code code)
    {
        Code = code;
        Info = code.ToOpCode();
        for (int i = 0; i < Info.OpCount; i++)
        {
            OpCodeOperandKind operand = Info.GetOpKind(i);
            string kind = operand.ToString();
            TakesMemory |= kind.Contains("mem", StringComparison.Ordinal) && operand != OpCodeOperandKind.mem_offs;
            TakesRegister |= kind.Contains("_or_mem", StringComparison.Ordinal) || kind.EndsWith("_rm", StringComparison.Ordinal)
                || kind.EndsWith("reg_mem", StringComparison.Ordinal);
            HasModRm |= kind.EndsWith("_reg", StringComparison.Ordinal);
            HasSecondSource |= kind.EndsWith("vvvv", StringComparison.Ordinal);
            HasRegisterInOpcode |= kind.EndsWith("_opcode", StringComparison.Ordinal);
            IsGather |= kind.StartsWith("mem_vsib", StringComparison.Ordinal);
        }

        HasModRm |= TakesMemory || TakesRegister || Info.IsGroup || Info.IsRmGroup;
        NeedsIndex = IsGather;
        string name = code.Mnemonic().ToString();
        Contents = IsGather ? VectorContents.Index
            : name.StartsWith("Vcvtph", StringComparison.Ordinal) || name.EndsWith("2ph", StringComparison.Ordinal) ? VectorContents.Half
            : name.EndsWith("ps", StringComparison.Ordinal) || name.EndsWith("ss", StringComparison.Ordinal) ? VectorContents.Single
            : name.EndsWith("pd", StringComparison.Ordinal) || name.EndsWith("sd", StringComparison.Ordinal) ? VectorContents.Double
            : VectorContents.Integer;
    }

    public Code Code { get; }

    public OpCodeInfo Info { get; }

    public bool HasModRm { get; }

    /// <summary>An operand may be memory.</summary>
    public bool TakesMemory { get; }

    /// <summary>The operand of ModRM.rm may be a register.</summary>
    public bool TakesRegister { get; }

    /// <summary>VEX.vvvv is an operand.</summary>
    public bool HasSecondSource { get; }

    public bool HasRegisterInOpcode { get; }

    /// <summary>The index is a vector.</summary>
    public bool IsGather { get; }

    /// <summary>Most of its encodings should have a SIB byte.</summary>
    public bool NeedsIndex { get; }

    /// <summary>What its vector operands should hold most of the time.</summary>
    public VectorContents Contents { get; }

    /// <summary>The form of a code.</summary>
    public static Form Of(Code code) => new(code);
}
