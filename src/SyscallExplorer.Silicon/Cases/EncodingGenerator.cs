using Iced.Intel;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Silicon;

/// <summary>
/// Makes encodings of a form: its opcode with whatever prefixes, ModRM, SIB, displacement and immediate chance gives. The decoder then says
/// what came out.
/// </summary>
internal sealed class EncodingGenerator
{
    /// <summary>Longer than any instruction, so that those that are too long are among them.</summary>
    public const int MaxLength = 18;

    private static readonly byte[] Extremes = [0x00, 0x00, 0xFF, 0xFF, 0x80, 0x7F, 0x01, 0x40];

    private readonly CaseRandom _random;
    private readonly ByteReader _reader = new();
    private readonly Decoder _decoder64;
    private readonly Decoder _decoder32;
    private readonly Decoder _decoder16;

    public EncodingGenerator(CaseRandom random, CpuVendor vendor)
    {
        DecoderOptions options = vendor == CpuVendor.Amd ? DecoderOptions.AMD : DecoderOptions.None;
        _random = random;
        _decoder64 = Decoder.Create(64, _reader, options);
        _decoder32 = Decoder.Create(32, _reader, options);
        _decoder16 = Decoder.Create(16, _reader, options);
    }

    /// <summary>Where the displacement and the immediate of the last instruction lie.</summary>
    public ConstantOffsets Offsets { get; private set; }

    /// <summary>Decodes the instruction at the start of some bytes, as if it stood at an address.</summary>
    public Instruction Decode(byte[] bytes, int bitness, ulong address)
    {
        Decoder decoder = bitness switch { 64 => _decoder64, 32 => _decoder32, _ => _decoder16 };
        _reader.Rewind(bytes);
        decoder.IP = address;
        decoder.Decode(out Instruction instruction);
        Offsets = decoder.GetConstantOffsets(instruction);
        return instruction;
    }

    /// <summary>Writes an encoding of a form, with random bytes behind it.</summary>
    public void Encode(Form shape, int bitness, byte[] bytes)
    {
        OpCodeInfo form = shape.Info;
        int length = 0;
        bool vector = form.Encoding is EncodingKind.VEX or EncodingKind.XOP;
        if (form.Fwait)
            bytes[length++] = 0x9B;
        if (_random.Percent(25))
        {
            for (int i = _random.Below(3); i >= 0; i--)
                bytes[length++] = _random.Of(InstructionPrefixes.Legacy);
        }

        if (_random.Percent(vector ? 5 : 15) && bitness == 64 && form.CanUseLockPrefix)
            bytes[length++] = 0xF0;
        if (form.CanUseRepPrefix && _random.Percent(50))
            bytes[length++] = 0xF3;
        if (form.CanUseRepnePrefix && _random.Percent(20))
            bytes[length++] = 0xF2;
        if (form.AddressSize != 0 && form.AddressSize != bitness)
            bytes[length++] = 0x67;
        if (!vector && form.OperandSize == (bitness == 16 ? 32 : 16))
            bytes[length++] = 0x66;
        length = vector ? VectorPrefix(shape, bitness, bytes, length) : LegacyPrefixes(form, bitness, bytes, length);
        Opcode(shape, bytes, ref length);
        if (_random.Percent(60))
            _random.Fill(bytes.AsSpan(length));
        else
            bytes.AsSpan(length).Fill(_random.Of<byte>(Extremes));
        ModRm(shape, bytes.AsSpan(length));
    }

    /// <summary>Random bytes: whatever they are.</summary>
    public void Scramble(byte[] bytes, int bitness)
    {
        _random.Fill(bytes);
        int length = 0;
        for (int i = _random.Below(4); i > 0; i--)
            bytes[length++] = _random.Of(InstructionPrefixes.Legacy);
        if (bitness == 64 && _random.Percent(30))
            bytes[length++] = (byte)(0x40 | _random.Below(16));
        switch (_random.Below(6))
        {
            case 0 or 1:
                bytes[length++] = 0x0F;
                break;
            case 2:
                bytes[length++] = 0x0F;
                bytes[length++] = (byte)(_random.Percent(50) ? 0x38 : 0x3A);
                break;
            case 3:
                bytes[length++] = 0xC5;
                break;
            case 4:
                bytes[length++] = 0xC4;
                bytes[length] = (byte)((bytes[length] & 0xE0) | (1 + _random.Below(3)));
                break;
        }
    }

    private int LegacyPrefixes(OpCodeInfo form, int bitness, byte[] bytes, int length)
    {
        byte mandatory = form.MandatoryPrefix switch { MandatoryPrefix.P66 => 0x66, MandatoryPrefix.PF3 => 0xF3, MandatoryPrefix.PF2 => 0xF2, _ => 0 };
        if (mandatory != 0)
            bytes[length++] = mandatory;
        if (bitness != 64)
            return length;
        bool wide = form.OperandSize == 64 || form.W != 0;
        if (wide || _random.Percent(40))
            bytes[length++] = (byte)(0x40 | _random.Below(8) | (wide ? 8 : _random.Percent(10) ? 8 : 0));
        return length;
    }

    /// <summary>VEX in two or three bytes, XOP in three; in 32-bit code R and X must be set, which are inverted bits of register numbers.</summary>
    private int VectorPrefix(Form shape, int bitness, byte[] bytes, int length)
    {
        OpCodeInfo form = shape.Info;
        int map = (int)form.Table switch
        {
            (int)OpCodeTableKind.T0F => 1,
            (int)OpCodeTableKind.T0F38 => 2,
            (int)OpCodeTableKind.T0F3A => 3,
            (int)OpCodeTableKind.MAP8 => 8,
            (int)OpCodeTableKind.MAP9 => 9,
            (int)OpCodeTableKind.MAP10 => 10,
            _ => 1,
        };
        int pp = form.MandatoryPrefix switch { MandatoryPrefix.P66 => 1, MandatoryPrefix.PF3 => 2, MandatoryPrefix.PF2 => 3, _ => 0 };
        int second = shape.HasSecondSource || _random.Percent(4) ? _random.Below(16) : 15;
        int w = form.IsWIG || form.IsWIG32 ? _random.Below(2) : (int)form.W;
        int l = form.IsLIG ? _random.Below(2) : (int)form.L;
        int inverted = bitness == 64 && _random.Percent(60) ? _random.Below(8) : 7;
        if (bitness != 64 && second < 8 && shape.HasSecondSource)
            second |= 8;
        bool isXop = form.Encoding == EncodingKind.XOP;
        if (!isXop && map == 1 && w == 0 && (inverted & 3) == 3 && _random.Percent(60))
        {
            bytes[length++] = 0xC5;
            bytes[length++] = (byte)((inverted & 4) << 5 | second << 3 | l << 2 | pp);
            return length;
        }

        bytes[length++] = (byte)(isXop ? 0x8F : 0xC4);
        bytes[length++] = (byte)(inverted << 5 | map);
        bytes[length++] = (byte)(w << 7 | second << 3 | l << 2 | pp);
        return length;
    }

    private void Opcode(Form shape, byte[] bytes, ref int length)
    {
        OpCodeInfo form = shape.Info;
        if (form.Encoding == EncodingKind.Legacy)
        {
            switch (form.Table)
            {
                case OpCodeTableKind.T0F:
                    bytes[length++] = 0x0F;
                    break;
                case OpCodeTableKind.T0F38:
                    bytes[length++] = 0x0F;
                    bytes[length++] = 0x38;
                    break;
                case OpCodeTableKind.T0F3A:
                    bytes[length++] = 0x0F;
                    bytes[length++] = 0x3A;
                    break;
            }
        }

        if (form.OpCodeLength == 2)
            bytes[length++] = (byte)(form.OpCode >> 8);
        byte last = (byte)form.OpCode;
        if (shape.HasRegisterInOpcode)
            last |= (byte)_random.Below(8);
        bytes[length++] = last;
    }

    /// <summary>Steers ModRM where the form asks for it; where it has none, the byte is one of an immediate and as good as any.</summary>
    private void ModRm(Form shape, Span<byte> bytes)
    {
        if (!shape.HasModRm)
            return;
        byte value = (byte)_random.Next();
        if (shape.TakesRegister && (!shape.TakesMemory || _random.Percent(35)))
            value |= 0xC0;
        else if (shape.TakesMemory && value >= 0xC0)
            value = (byte)((value & 0x3F) | _random.Below(3) << 6);
        if (shape.TakesMemory && _random.Percent(shape.NeedsIndex ? 95 : 10))
            value = (byte)((value & 0xF8) | 4);
        if (shape.Info.IsGroup)
            value = (byte)((value & 0xC7) | shape.Info.GroupIndex << 3);
        if (shape.Info.IsRmGroup)
            value = (byte)(0xC0 | (value & 0x38) | shape.Info.RmGroupIndex);
        bytes[0] = value;
        if ((value & 7) == 4 && value < 0xC0)
            bytes[1] = (byte)_random.Next();
    }

    private sealed class ByteReader : CodeReader
    {
        private byte[] _bytes = [];
        private int _next;

        public void Rewind(byte[] bytes) => (_bytes, _next) = (bytes, 0);

        public override int ReadByte() => _next < _bytes.Length ? _bytes[_next++] : -1;
    }
}
