using System.Runtime.Intrinsics;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>AES, GHASH's product and SHA by the published examples, run as guest code.</summary>
public sealed class CryptographyTests
{
    private const ulong Data = BenchLayout.KernelData + 0x800;
    private readonly MachineBench _bench = StateBench.Create(Cpus.Zen2);

    /// <summary>FIPS 197, appendix C.1.</summary>
    [Fact]
    public void Aes_128_encrypts_and_decrypts_the_example_of_the_standard()
    {
        const ulong keys = Data;
        Set(0, "00112233445566778899AABBCCDDEEFF");
        Set(1, "000102030405060708090A0B0C0D0E0F");
        _bench[Gpr.Rbx] = keys;
        _bench.Run64(a =>
        {
            a.movdqa(__[rbx], xmm1);
            byte constant = 1;
            for (int round = 1; round <= 10; round++)
            {
                a.aeskeygenassist(xmm2, xmm1, constant);
                a.pshufd(xmm2, xmm2, 0xFF);
                for (int i = 0; i < 3; i++)
                {
                    a.movdqa(xmm3, xmm1);
                    a.pslldq(xmm3, 4);
                    a.pxor(xmm1, xmm3);
                }

                a.pxor(xmm1, xmm2);
                a.movdqa(__[rbx + round * 16], xmm1);
                constant = (byte)((constant << 1) ^ (constant >> 7) * 0x1B);
            }

            a.pxor(xmm0, __[rbx]);
            for (int round = 1; round < 10; round++)
                a.aesenc(xmm0, __[rbx + round * 16]);
            a.aesenclast(xmm0, __[rbx + 160]);
        });
        Assert.Equal("69C4E0D86A7B0430D8CDB78070B4C55A", Get(0));

        _bench.Run64(a =>
        {
            a.vpxor(xmm0, xmm0, __[rbx + 160]);
            for (int round = 9; round > 0; round--)
            {
                a.vaesimc(xmm1, __[rbx + round * 16]);
                a.vaesdec(xmm0, xmm0, xmm1);
            }

            a.vaesdeclast(xmm0, xmm0, __[rbx]);
        });
        Assert.Equal("00112233445566778899AABBCCDDEEFF", Get(0));
    }

    /// <summary>Intel, Carry-Less Multiplication Instruction and its Usage for Computing the GCM Mode, section on PCLMULQDQ, example.</summary>
    [Theory]
    [InlineData(0x00, 0x1D4D84C85C3440C0, 0x929633D5D36F0451)]
    [InlineData(0x10, 0x1BD17C8D556AB5A1, 0x7FA540AC2A281315)]
    [InlineData(0x01, 0x1A2BF6DB3A30862F, 0xBABF262DF4B7D5C9)]
    [InlineData(0x11, 0x1D1E1F2C592E7C45, 0xD66EE03E410FD4ED)]
    public void A_carry_less_product_of_chosen_quadwords(byte control, ulong high, ulong low)
    {
        _bench.Cpu.Registers.SetVector(1, Vector256.Create(0x63746F725D53475Dul, 0x7B5B546573745665ul, 1, 1).AsByte());
        _bench.Cpu.Registers.SetVector(2, Vector256.Create(0x5B477565726F6E5Dul, 0x4869285368617929ul, 1, 1).AsByte());
        _bench.Run64(a => a.vpclmulqdq(xmm3, xmm1, xmm2, control));
        Assert.Equal(Vector256.Create(low, high, 0, 0), _bench.Cpu.Registers.GetVector(3).AsUInt64());
    }

    /// <summary>FIPS 180, the one-block message "abc".</summary>
    [Fact]
    public void Sha_256_of_abc()
    {
        uint[] initial = [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19];
        for (int i = 0; i < 64; i++)
            _bench.WriteBytes(Data + (ulong)i * 4, BitConverter.GetBytes(RoundConstant(i)));
        PlaceBlock(reversedWords: false);
        SetWords(1, initial[5], initial[4], initial[1], initial[0]);
        SetWords(2, initial[7], initial[6], initial[3], initial[2]);
        _bench[Gpr.Rbx] = Data;
        _bench.Run64(a =>
        {
            AssemblerRegisterXMM[] schedule = [xmm3, xmm4, xmm5, xmm6];
            for (int group = 0; group < 16; group++)
            {
                AssemblerRegisterXMM words = schedule[group & 3];
                if (group >= 4)
                {
                    a.sha256msg1(words, schedule[(group + 1) & 3]);
                    a.movdqa(xmm7, schedule[(group + 3) & 3]);
                    a.palignr(xmm7, schedule[(group + 2) & 3], 4);
                    a.paddd(words, xmm7);
                    a.sha256msg2(words, schedule[(group + 3) & 3]);
                }

                a.movdqa(xmm0, words);
                a.paddd(xmm0, __[rbx + group * 16]);
                a.sha256rnds2(xmm2, xmm1);
                a.pshufd(xmm0, xmm0, 0x0E);
                a.sha256rnds2(xmm1, xmm2);
            }
        });
        uint[] abef = Words(1);
        uint[] cdgh = Words(2);
        uint[] working = [abef[3], abef[2], cdgh[3], cdgh[2], abef[1], abef[0], cdgh[1], cdgh[0]];
        string digest = string.Concat(working.Zip(initial, (word, start) => (word + start).ToString("x8")));
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", digest);
    }

    /// <summary>FIPS 180, the one-block message "abc".</summary>
    [Fact]
    public void Sha_1_of_abc()
    {
        uint[] initial = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0];
        PlaceBlock(reversedWords: true);
        SetWords(1, initial[3], initial[2], initial[1], initial[0]);
        SetWords(2, 0, 0, 0, initial[4]);
        SetWords(0, 0, 0, 0, initial[4]);
        _bench.Run64(a =>
        {
            AssemblerRegisterXMM[] schedule = [xmm3, xmm4, xmm5, xmm6];
            for (int group = 0; group < 20; group++)
            {
                AssemblerRegisterXMM words = schedule[group & 3];
                if (group >= 4)
                {
                    a.sha1msg1(words, schedule[(group + 1) & 3]);
                    a.pxor(words, schedule[(group + 2) & 3]);
                    a.sha1msg2(words, schedule[(group + 3) & 3]);
                }

                // E of this group comes from A of the last but one, except the first time.
                if (group == 0)
                    a.paddd(xmm2, words);
                else
                    a.sha1nexte(xmm2, words);
                a.movdqa(xmm7, xmm1);
                a.sha1rnds4(xmm1, xmm2, (byte)(group / 5));
                a.movdqa(xmm2, xmm7);
            }

            a.sha1nexte(xmm2, xmm0);
        });
        uint[] state = [.. Words(1).Reverse(), Words(2)[3] - initial[4]];
        string digest = string.Concat(state.Zip(initial, (word, start) => (word + start).ToString("x8")));
        Assert.Equal("a9993e364706816aba3e25717850c26c9cd0d89d", digest);
    }

    /// <summary>The padded block in XMM3 to XMM6, the first word in the lowest or the highest doubleword.</summary>
    private void PlaceBlock(bool reversedWords)
    {
        uint[] block = [0x61626380, .. new uint[14], 24];
        for (int i = 0; i < 4; i++)
        {
            uint[] words = block[(i * 4)..(i * 4 + 4)];
            if (reversedWords)
                Array.Reverse(words);
            SetWords(3 + i, words);
        }
    }

    /// <summary>The fraction of the cube root of a prime. FIPS 180-4, 4.2.2.</summary>
    private static uint RoundConstant(int index)
    {
        int prime = 2;
        for (int found = 0; found < index; found++)
        {
            do
                prime++;
            while (Enumerable.Range(2, prime - 2).Any(divisor => prime % divisor == 0));
        }

        // floor(cbrt(prime) * 2^32), by bisection of integers.
        System.Numerics.BigInteger target = new System.Numerics.BigInteger(prime) << 96;
        System.Numerics.BigInteger root = 0;
        for (int bit = 40; bit >= 0; bit--)
        {
            System.Numerics.BigInteger trial = root + (System.Numerics.BigInteger.One << bit);
            if (trial * trial * trial <= target)
                root = trial;
        }

        return (uint)(root & uint.MaxValue);
    }

    private void Set(int register, string hex) =>
        _bench.Cpu.Registers.SetVector(register, Vector256.Create([.. Convert.FromHexString(hex), .. new byte[16]]));

    private string Get(int register) => Convert.ToHexString(VectorCase.ToArray(_bench.Cpu.Registers.GetVector(register)), 0, 16);

    private void SetWords(int register, params uint[] words) =>
        _bench.Cpu.Registers.SetVector(register, Vector256.Create(words[0], words[1], words[2], words[3], 0u, 0, 0, 0).AsByte());

    private uint[] Words(int register)
    {
        Vector128<uint> words = _bench.Cpu.Registers.GetVector(register).GetLower().AsUInt32();
        return [words[0], words[1], words[2], words[3]];
    }
}
