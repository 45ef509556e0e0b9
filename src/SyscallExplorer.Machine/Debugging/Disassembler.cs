using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>Text of instructions in Intel's syntax, as the whole kit prints them.</summary>
public static class Disassembler
{
    private static readonly FormatterOptions Options = MakeOptions();

    /// <summary>Formats one instruction.</summary>
    public static string Format(in Instruction instruction)
    {
        var output = new StringOutput();
        new IntelFormatter(Options).Format(instruction, output);
        return output.ToStringAndReset();
    }

    /// <summary>Decodes and formats a run of bytes.</summary>
    /// <param name="bytes">The code.</param>
    /// <param name="bitness">16, 32 or 64.</param>
    /// <param name="address">Address of the first byte.</param>
    public static IEnumerable<(ulong Address, string Text)> Lines(byte[] bytes, int bitness, ulong address)
    {
        var decoder = Decoder.Create(bitness, new ByteArrayCodeReader(bytes), address);
        ulong end = address + (ulong)bytes.Length;
        while (decoder.IP < end)
        {
            Instruction instruction = decoder.Decode();
            yield return (instruction.IP, instruction.IsInvalid ? "(bad)" : Format(instruction));
        }
    }

    private static FormatterOptions MakeOptions()
    {
        FormatterOptions options = FormatterOptions.CreateIntel();
        options.SpaceAfterOperandSeparator = true;
        options.HexPrefix = "0x";
        options.HexSuffix = null;
        options.UppercaseHex = false;
        options.RipRelativeAddresses = false;
        options.BranchLeadingZeros = false;
        options.SmallHexNumbersInDecimal = true;
        return options;
    }
}
