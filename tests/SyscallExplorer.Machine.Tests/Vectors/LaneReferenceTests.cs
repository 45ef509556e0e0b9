using System.Runtime.Intrinsics;
using Iced.Intel;
using Xunit;

namespace SyscallExplorer.Machine.Tests;

/// <summary>Every encoding of a lane-wise instruction against one independent reference, with registers and with memory.</summary>
public sealed class LaneReferenceTests
{
    private const int Rounds = 12;
    private readonly VectorCase _case = new();

    public static TheoryData<string> Mnemonics => new(LaneReference.Table.Keys);

    [Theory, MemberData(nameof(Mnemonics))]
    public void Every_encoding_does_in_each_lane_what_the_elements_say(string mnemonic)
    {
        LaneFunction reference = LaneReference.Table[mnemonic];
        var samples = new VectorSamples(mnemonic.Length + mnemonic[^1]);
        List<Code> forms = [.. VectorCase.FormsOf(mnemonic)];
        Assert.NotEmpty(forms);
        foreach (Code code in forms)
        {
            for (int round = 0; round < Rounds; round++)
            {
                (Vector256<byte> left, Vector256<byte> right, byte immediate) = (samples.Next(), samples.Next(), samples.NextByte());
                bool memory = round % 2 == 1 && VectorCase.HasMemory(code);
                Vector256<byte> actual = _case.Run(code, left, right, default, immediate, memory);
                Assert.Equal(Expected(code, reference, left, right, immediate), actual);
            }
        }
    }

    public static TheoryData<string, int, string> Shifts => new()
    {
        { "Psllw", 16, "left" }, { "Pslld", 32, "left" }, { "Psllq", 64, "left" }, { "Psrlw", 16, "right" }, { "Psrld", 32, "right" },
        { "Psrlq", 64, "right" }, { "Psraw", 16, "signed" }, { "Psrad", 32, "signed" }, { "Pslldq", 8, "bytes left" }, { "Psrldq", 8, "bytes right" },
    };

    [Theory, MemberData(nameof(Shifts))]
    public void A_shift_takes_its_count_whole_from_an_immediate_or_from_64_bits(string mnemonic, int bits, string kind)
    {
        var samples = new VectorSamples(bits);
        foreach (Code code in VectorCase.FormsOf(mnemonic))
        {
            OpCodeInfo form = code.ToOpCode();
            bool byImmediate = form.GetOpKind(form.OpCount - 1) == OpCodeOperandKind.imm8;
            foreach (ulong count in new ulong[] { 0, 1, 7, 15, 16, 31, 32, 63, 64, 200, 0x1_0000_0000, 1ul << 63 })
            {
                if (byImmediate && count > 255)
                    continue;
                Vector256<byte> left = samples.Next();

                // What stands above the count's 64 bits must not matter. An immediate form with a V has its source where the others have the count.
                Vector256<byte> right = byImmediate ? left : samples.Next().AsUInt64().WithElement(0, count).AsByte();
                bool memory = VectorCase.HasMemory(code) && count % 2 == 1;
                LaneFunction reference = (value, _, _, _) => Shift(value, bits, kind, count);
                Assert.Equal(Expected(code, reference, left, right, 0), _case.Run(code, left, right, default, (byte)count, memory));
            }
        }
    }

    private static byte[] Shift(byte[] value, int bits, string kind, ulong count)
    {
        int places = (int)Math.Min(count, 1000);
        return kind switch
        {
            "bytes left" => [.. new byte[Math.Min(places, value.Length)].Concat(value).Take(value.Length)],
            "bytes right" => [.. value.Skip(places).Concat(new byte[value.Length]).Take(value.Length)],
            "left" => LaneReference.Pack(bits, LaneReference.Unpack(bits, false, value).Select(element => places < bits ? element << places : 0)),
            "right" => LaneReference.Pack(bits, LaneReference.Unpack(bits, false, value).Select(element => places < bits ? element >> places : 0)),
            _ => LaneReference.Pack(bits, LaneReference.Unpack(bits, true, value).Select(element => element >> Math.Min(places, bits - 1))),
        };
    }

    /// <summary>Legacy forms keep the upper half of the destination, 128-bit VEX forms clear it, MMX forms have but 8 bytes.</summary>
    private static Vector256<byte> Expected(Code code, LaneFunction reference, Vector256<byte> left, Vector256<byte> right, byte immediate)
    {
        OpCodeInfo form = code.ToOpCode();
        byte[] leftBytes = VectorCase.ToArray(left);
        byte[] rightBytes = VectorCase.ToArray(right);
        if (form.Op0Kind is OpCodeOperandKind.mm_reg or OpCodeOperandKind.mm_rm)
            return Vector256.Create([.. reference(leftBytes[..8], rightBytes[..8], immediate, 0), .. new byte[24]]);
        byte[] lower = reference(leftBytes[..16], rightBytes[..16], immediate, 0);
        if (form.Encoding == EncodingKind.Legacy)
            return Vector256.Create([.. lower, .. leftBytes[16..]]);
        bool wide = form.Op0Kind is OpCodeOperandKind.ymm_reg or OpCodeOperandKind.ymm_vvvv;
        return Vector256.Create([.. lower, .. wide ? reference(leftBytes[16..], rightBytes[16..], immediate, 1) : new byte[16]]);
    }
}
