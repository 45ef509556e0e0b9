using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>Names the kinds of an instruction's operands: <c>r,m</c>, <c>m,i</c>, <c>r64,r64</c>, <c>cr3,r</c>.</summary>
internal static class OperandShape
{
    /// <summary>The shape of a decoded instruction; empty when it has no operands.</summary>
    /// <param name="instruction">The instruction.</param>
    /// <param name="sized">Whether general registers and memory operands carry their width in bits.</param>
    public static string Of(in Instruction instruction, bool sized)
    {
        var tokens = new string[instruction.OpCount];
        for (var i = 0; i < tokens.Length; i++)
            tokens[i] = Operand(instruction, i, sized);
        return string.Join(',', tokens);
    }

    private static string Operand(in Instruction instruction, int index, bool sized) => instruction.GetOpKind(index) switch
    {
        OpKind.Register => RegisterToken(instruction, index, sized),
        OpKind.NearBranch16 or OpKind.NearBranch32 or OpKind.NearBranch64 => "rel",
        OpKind.FarBranch16 or OpKind.FarBranch32 => "far",
        >= OpKind.Immediate8 and <= OpKind.Immediate32to64 => "i",
        _ when instruction.IsCallFarIndirect || instruction.IsJmpFarIndirect => "mfar",
        _ => sized ? $"m{instruction.MemorySize.GetSize() * 8}" : "m",
    };

    private static string RegisterToken(in Instruction instruction, int index, bool sized)
    {
        var register = instruction.GetOpRegister(index);
        // A count in CL makes a shift dearer than an immediate one; elsewhere CL is any register.
        if (register == Register.CL && index == instruction.OpCount - 1 && index > 0 && FigureVocabulary.ShiftsByCl.Contains(instruction.Mnemonic))
            return "cl";
        return register switch
        {
            _ when register.IsGPR() => sized ? $"r{register.GetSize() * 8}" : "r",
            _ when register.IsSegmentRegister() => "s",
            _ when register.IsCR() || register.IsDR() => ControlOrDebug(register),
            _ when register.IsXMM() => "x",
            _ when register.IsYMM() => "y",
            _ when register.IsZMM() => "z",
            _ when register.IsMM() => "mm",
            _ when register.IsST() => "st",
            _ when register.IsK() => "k",
            _ => "reg",
        };
    }

    private static string ControlOrDebug(Register register) =>
        register.IsDR() ? "dr" : register.ToString().ToLowerInvariant();
}
