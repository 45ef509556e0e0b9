using Iced.Intel;

namespace SyscallExplorer.Machine.Tests;

/// <summary>The first bytes of every form that the decoder knows, so that random code is made of instructions and not of #UD.</summary>
internal static class OpcodeSamples
{
    private static readonly OpCodeInfo[] s_forms = Enum.GetValues<Code>().Distinct().Select(code => code.ToOpCode())
        .Where(form => form.IsInstruction && form.Encoding is EncodingKind.Legacy or EncodingKind.VEX && (form.Mode32 || form.Mode64))
        .ToArray();

    /// <summary>Writes a random instruction; operands, displacement and immediate are random bytes.</summary>
    /// <returns>Bytes that were written, at most 15.</returns>
    public static int Write(Random random, Span<byte> code)
    {
        OpCodeInfo form = s_forms[random.Next(s_forms.Length)];
        int at = 0;
        if (random.Next(8) == 0)
            code[at++] = InstructionPrefixes.Legacy[random.Next(InstructionPrefixes.Legacy.Length)];
        if (form.Encoding == EncodingKind.VEX)
            at = WriteVex(random, form, code, at);
        else
            at = WriteLegacy(random, form, code, at);
        int modrm = random.Next(256);
        if (form.GroupIndex >= 0)
            modrm = (modrm & 0xC7) | form.GroupIndex << 3;
        if (form.RmGroupIndex >= 0)
            modrm = (modrm & 0xF8) | 0xC0 | form.RmGroupIndex;
        code[at++] = (byte)modrm;
        int rest = random.Next(5);
        random.NextBytes(code.Slice(at, rest));
        return at + rest;
    }

    private static int WriteLegacy(Random random, OpCodeInfo form, Span<byte> code, int at)
    {
        if (form.OperandSize == 16 || (form.OperandSize != 0 && random.Next(8) == 0))
            code[at++] = 0x66;
        byte prefix = form.MandatoryPrefix switch
        {
            MandatoryPrefix.P66 => 0x66,
            MandatoryPrefix.PF3 => 0xF3,
            MandatoryPrefix.PF2 => 0xF2,
            _ => 0,
        };
        if (prefix != 0)
            code[at++] = prefix;
        if (form.OperandSize == 64 || form.W == 1)
            code[at++] = (byte)(0x48 | random.Next(8));
        else if (!form.Mode32 || random.Next(8) == 0)
            code[at++] = (byte)(0x40 | random.Next(16));
        if (form.Table != OpCodeTableKind.Normal)
            code[at++] = 0x0F;
        if (form.Table == OpCodeTableKind.T0F38)
            code[at++] = 0x38;
        else if (form.Table == OpCodeTableKind.T0F3A)
            code[at++] = 0x3A;
        return WriteOpcode(form, code, at);
    }

    private static int WriteVex(Random random, OpCodeInfo form, Span<byte> code, int at)
    {
        int map = form.Table switch
        {
            OpCodeTableKind.T0F => 1,
            OpCodeTableKind.T0F38 => 2,
            OpCodeTableKind.T0F3A => 3,
            _ => 0,
        };
        int pp = form.MandatoryPrefix switch
        {
            MandatoryPrefix.P66 => 1,
            MandatoryPrefix.PF3 => 2,
            MandatoryPrefix.PF2 => 3,
            _ => 0,
        };
        int vvvv = random.Next(2) == 0 ? 15 : random.Next(16);
        code[at++] = 0xC4;
        code[at++] = (byte)(random.Next(8) << 5 | map);
        code[at++] = (byte)((int)form.W << 7 | vvvv << 3 | (int)form.L << 2 | pp);
        return WriteOpcode(form, code, at);
    }

    private static int WriteOpcode(OpCodeInfo form, Span<byte> code, int at)
    {
        if (form.OpCodeLength == 2)
            code[at++] = (byte)(form.OpCode >> 8);
        code[at++] = (byte)form.OpCode;
        return at;
    }
}
