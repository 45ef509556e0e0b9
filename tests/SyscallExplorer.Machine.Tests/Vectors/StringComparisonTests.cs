using System.Runtime.Intrinsics;
using Iced.Intel;
using Xunit;

namespace SyscallExplorer.Machine.Tests;

/// <summary>PCMPESTRI and its kin against the matrix of comparisons and the table of overrides of SDM vol. 2B, 4.1.6.</summary>
public sealed class StringComparisonTests
{
    private readonly MachineBench _bench = StateBench.Create(Cpus.Zen2);

    public static TheoryData<Code> Forms => new(
        Code.Pcmpistri_xmm_xmmm128_imm8, Code.Pcmpistrm_xmm_xmmm128_imm8, Code.Pcmpestri_xmm_xmmm128_imm8, Code.Pcmpestrm_xmm_xmmm128_imm8,
        Code.Pcmpestri64_xmm_xmmm128_imm8, Code.Pcmpestrm64_xmm_xmmm128_imm8, Code.VEX_Vpcmpistri_xmm_xmmm128_imm8,
        Code.VEX_Vpcmpistrm_xmm_xmmm128_imm8, Code.VEX_Vpcmpestri64_xmm_xmmm128_imm8, Code.VEX_Vpcmpestrm_xmm_xmmm128_imm8);

    [Theory, MemberData(nameof(Forms))]
    public void The_result_and_the_flags_follow_the_tables_of_the_manual(Code code)
    {
        string name = code.ToString();
        var random = new Random(name.Length);
        for (int round = 0; round < 640; round++)
        {
            byte control = (byte)(round % 128);
            byte[] first = Text(random);
            byte[] second = Text(random);
            ulong rax = Length(random);
            ulong rdx = Length(random);
            _bench.Cpu.Registers.SetVector(0, Vector256<byte>.AllBitsSet);
            _bench.Cpu.Registers.SetVector(1, Vector256.Create([.. first, .. new byte[16]]));
            _bench.WriteBytes(BenchLayout.KernelData + 3, second);
            (_bench[Gpr.Rax], _bench[Gpr.Rdx], _bench[Gpr.Rcx]) = (rax, rdx, ulong.MaxValue);
            _bench[Gpr.Rbx] = BenchLayout.KernelData + 3;
            _bench.Flags = Rflags.Fixed | Rflags.Arithmetic;
            var instruction = Instruction.Create(code, Register.XMM1, new MemoryOperand(Register.RBX), control);
            BenchRun run = _bench.Complete(BenchMode.Kernel64, VectorCase.Encode(instruction));

            int count = (control & 1) != 0 ? 8 : 16;
            (int firstLength, int secondLength) = name.Contains("istr", StringComparison.Ordinal)
                ? (Terminated(first, count), Terminated(second, count))
                : (Saturated(rax, count, name.Contains("64_", StringComparison.Ordinal)), Saturated(rdx, count, name.Contains("64_", StringComparison.Ordinal)));
            bool[] bits = Reference(Elements(first, control), firstLength, Elements(second, control), secondLength, control);
            Assert.Equal(Flags(bits, firstLength < count, secondLength < count), run.Flags & Rflags.Arithmetic);
            if (name.Contains("stri", StringComparison.Ordinal))
                Assert.Equal((ulong)Index(bits, control), _bench[Gpr.Rcx]);
            else
                Assert.Equal(Mask(bits, control, name.StartsWith("VEX", StringComparison.Ordinal)), _bench.Cpu.Registers.GetVector(0));
        }
    }

    /// <summary>BoolRes[j][i] compares element j of the first with element i of the second operand.</summary>
    private static bool[] Reference(int[] first, int firstLength, int[] second, int secondLength, byte control)
    {
        int count = first.Length;
        int aggregation = control >> 2 & 3;
        bool BoolRes(int j, int i)
        {
            bool equal = aggregation == 1 ? (j % 2 == 0 ? second[i] >= first[j] : second[i] <= first[j]) : first[j] == second[i];
            return (j < firstLength, i < secondLength, aggregation) switch
            {
                (true, true, _) => equal,
                (_, _, 0 or 1) => false,
                (false, false, 2) => true,
                (_, _, 2) => false,
                (false, _, _) => true,
                _ => false,
            };
        }

        bool[] result = new bool[count];
        for (int i = 0; i < count; i++)
        {
            result[i] = aggregation switch
            {
                0 => Enumerable.Range(0, count).Any(j => BoolRes(j, i)),
                1 => Enumerable.Range(0, count / 2).Any(j => BoolRes(2 * j, i) && BoolRes(2 * j + 1, i)),
                2 => BoolRes(i, i),
                _ => Enumerable.Range(0, count - i).All(j => BoolRes(j, i + j)),
            };
            int polarity = control >> 4 & 3;
            result[i] ^= polarity == 1 || (polarity == 3 && i < secondLength);
        }

        return result;
    }

    private static int[] Elements(byte[] bytes, byte control) => (control & 3) switch
    {
        0 => [.. bytes.Select(value => (int)value)],
        2 => [.. bytes.Select(value => (int)(sbyte)value)],
        1 => [.. bytes.Chunk(2).Select(pair => (int)BitConverter.ToUInt16(pair))],
        _ => [.. bytes.Chunk(2).Select(pair => (int)BitConverter.ToInt16(pair))],
    };

    private static int Terminated(byte[] bytes, int count)
    {
        int end = Array.FindIndex(Elements(bytes, (byte)(count == 8 ? 1 : 0)), element => element == 0);
        return end < 0 ? count : end;
    }

    private static int Saturated(ulong register, int count, bool wide) =>
        (int)Int128.Min(Int128.Abs(wide ? (long)register : (int)register), count);

    private static ulong Flags(bool[] bits, bool firstEnds, bool secondEnds) =>
        (bits.Any(bit => bit) ? Rflags.CF : 0) | (secondEnds ? Rflags.ZF : 0) | (firstEnds ? Rflags.SF : 0) | (bits[0] ? Rflags.OF : 0);

    private static int Index(bool[] bits, byte control)
    {
        int index = (control & 0x40) != 0 ? Array.LastIndexOf(bits, true) : Array.IndexOf(bits, true);
        return index < 0 ? bits.Length : index;
    }

    private static Vector256<byte> Mask(bool[] bits, byte control, bool vex)
    {
        byte[] lower = (control & 0x40) != 0
            ? [.. bits.SelectMany(bit => Enumerable.Repeat(bit ? (byte)0xFF : (byte)0, 16 / bits.Length))]
            : LaneReference.Pack(128, [bits.Select((bit, i) => bit ? Int128.One << i : 0).Aggregate(Int128.Zero, (sum, bit) => sum | bit)]);
        return Vector256.Create([.. lower, .. Enumerable.Repeat(vex ? (byte)0 : (byte)0xFF, 16)]);
    }

    private static byte[] Text(Random random)
    {
        byte[] alphabet = [0, 1, 0x61, 0x62, 0x63, 0x80, 0xFF];
        int letters = random.Next(2, alphabet.Length + 1);
        return Enumerable.Range(0, 16).Select(_ => random.Next(12) == 0 ? (byte)0 : alphabet[random.Next(1, letters)]).ToArray();
    }

    private static ulong Length(Random random) => random.Next(4) switch
    {
        0 => (ulong)random.NextInt64(),
        1 => unchecked((ulong)-random.Next(20)),
        2 => 0x8000_0000_8000_0000,
        _ => (ulong)random.Next(20),
    };
}
