using System.Runtime.Intrinsics;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>Moves: what a form reads, what it clears and what it keeps. In YMM(n) every byte is 16n and more; memory holds 1, 2, 3 and so on.</summary>
public sealed class VectorMoveTests
{
    private const ulong Data = BenchLayout.KernelData + 0x800;
    private const string Zeros16 = "00000000000000000000000000000000";
    private readonly MachineBench _bench = StateBench.Create(Cpus.Zen2);

    public VectorMoveTests()
    {
        for (int i = 0; i < 16; i++)
            _bench.Cpu.Registers.SetVector(i, Vector256.Create([.. Enumerable.Range(0, 32).Select(at => (byte)(i * 16 + (at & 15) + (at < 16 ? 0 : 0x80)))]));
        _bench.WriteBytes(Data, [.. Enumerable.Range(1, 64).Select(at => (byte)at)]);
        _bench[Gpr.Rbx] = Data;
        _bench[Gpr.Rax] = 0x8877_6655_4433_2211;
    }

    private const string Upper1 = "909192939495969798999A9B9C9D9E9F";

    public static TheoryData<string, Action<Assembler>, string> LowerHalves => new()
    {
        { "MOVSS from memory", a => a.movss(xmm1, __dword_ptr[rbx]), "01020304000000000000000000000000" },
        { "MOVSS of registers", a => a.movss(xmm1, xmm2), "202122231415161718191A1B1C1D1E1F" },
        { "MOVSD from memory", a => a.movsd(xmm1, __qword_ptr[rbx]), "01020304050607080000000000000000" },
        { "MOVSD of registers", a => a.movsd(xmm1, xmm2), "202122232425262718191A1B1C1D1E1F" },
        { "MOVQ of registers", a => a.movq(xmm1, xmm2), "20212223242526270000000000000000" },
        { "MOVD", a => a.movd(xmm1, eax), "11223344000000000000000000000000" },
        { "MOVQ from a general register", a => a.movq(xmm1, rax), "11223344556677880000000000000000" },
        { "MOVLPS", a => a.movlps(xmm1, __qword_ptr[rbx]), "010203040506070818191A1B1C1D1E1F" },
        { "MOVHPD", a => a.movhpd(xmm1, __qword_ptr[rbx]), "10111213141516170102030405060708" },
        { "MOVHLPS", a => a.movhlps(xmm1, xmm2), "28292A2B2C2D2E2F18191A1B1C1D1E1F" },
        { "MOVLHPS", a => a.movlhps(xmm1, xmm2), "10111213141516172021222324252627" },
        { "MOVDDUP", a => a.movddup(xmm1, __qword_ptr[rbx + 1]), "02030405060708090203040506070809" },
        { "LDDQU", a => a.lddqu(xmm1, __xmmword_ptr[rbx + 1]), "02030405060708090A0B0C0D0E0F1011" },
        { "PMOVZXBQ", a => a.pmovzxbq(xmm1, __word_ptr[rbx + 1]), "02000000000000000300000000000000" },
        { "PMOVSXWD", a => a.pmovsxwd(xmm1, xmm9), "9091FFFF9293FFFF9495FFFF9697FFFF" },
        { "PINSRB", a => a.pinsrb(xmm1, eax, 0x13), "101112111415161718191A1B1C1D1E1F" },
        { "PINSRD", a => a.pinsrd(xmm1, __dword_ptr[rbx], 2), "1011121314151617010203041C1D1E1F" },
        { "INSERTPS of registers", a => a.insertps(xmm1, xmm2, 0xD4), "101112132C2D2E2F000000001C1D1E1F" },
        { "INSERTPS from memory", a => a.insertps(xmm1, __dword_ptr[rbx], 0xD0), "101112130102030418191A1B1C1D1E1F" },
        { "EXTRQ", a => a.extrq(xmm1, 12, 4), "11010000000000000000000000000000" },
        { "INSERTQ", a => a.insertq(xmm1, xmm2, 16, 8), "10202113141516170000000000000000" },
        { "PBLENDVB by XMM0", a => { a.pcmpeqb(xmm0, xmm0); a.psrlq(xmm0, 32); a.pblendvb(xmm1, xmm2); }, "202122231415161728292A2B1C1D1E1F" },
    };

    [Theory, MemberData(nameof(LowerHalves))]
    public void A_legacy_move_leaves_bits_255_to_128(string name, Action<Assembler> code, string expected)
    {
        Assert.NotEmpty(name);
        _bench.Run64(code);
        Assert.Equal(expected + Upper1, Ymm1);
    }

    public static TheoryData<string, Action<Assembler>, string> Whole => new()
    {
        { "VMOVSS of registers", a => a.vmovss(xmm1, xmm2, xmm3), "303132332425262728292A2B2C2D2E2F" + Zeros16 },
        { "VMOVSD from memory", a => a.vmovsd(xmm1, __qword_ptr[rbx]), "01020304050607080000000000000000" + Zeros16 },
        { "VMOVHPS", a => a.vmovhps(xmm1, xmm2, __qword_ptr[rbx]), "20212223242526270102030405060708" + Zeros16 },
        { "VMOVLPS", a => a.vmovlps(xmm1, xmm2, __qword_ptr[rbx]), "010203040506070828292A2B2C2D2E2F" + Zeros16 },
        { "VMOVDQU", a => a.vmovdqu(ymm1, __ymmword_ptr[rbx + 1]), "02030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F2021" },
        { "VMOVDDUP of 256 bits", a => a.vmovddup(ymm1, ymm2), "20212223242526272021222324252627A0A1A2A3A4A5A6A7A0A1A2A3A4A5A6A7" },
        { "VPMOVZXBW of 256 bits", a => a.vpmovzxbw(ymm1, xmm2), "20002100220023002400250026002700280029002A002B002C002D002E002F00" },
        { "VPMOVSXBQ of 256 bits", a => a.vpmovsxbq(ymm1, __dword_ptr[rbx]), "0100000000000000020000000000000003000000000000000400000000000000" },
        { "VPBROADCASTB", a => a.vpbroadcastb(ymm1, __byte_ptr[rbx + 2]), string.Concat(Enumerable.Repeat("03", 32)) },
        { "VBROADCASTSS", a => a.vbroadcastss(xmm1, xmm2), "20212223202122232021222320212223" + Zeros16 },
        { "VBROADCASTI128", a => a.vbroadcasti128(ymm1, __xmmword_ptr[rbx]), "0102030405060708090A0B0C0D0E0F100102030405060708090A0B0C0D0E0F10" },
        { "VPERM2I128", a => a.vperm2i128(ymm1, ymm2, ymm3, 0x83), "B0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF" + Zeros16 },
        { "VPERMQ", a => a.vpermq(ymm1, ymm2, 0b00_01_10_11), "A8A9AAABACADAEAFA0A1A2A3A4A5A6A728292A2B2C2D2E2F2021222324252627" },
        {
            "VPERMD", a => { a.vpcmpeqb(ymm4, ymm4, ymm4); a.vpslldq(ymm4, ymm4, 8); a.vpermd(ymm1, ymm4, ymm2); },
            "2021222320212223ACADAEAFACADAEAF2021222320212223ACADAEAFACADAEAF"
        },
        { "VINSERTI128", a => a.vinserti128(ymm1, ymm2, __xmmword_ptr[rbx + 1], 1), "202122232425262728292A2B2C2D2E2F02030405060708090A0B0C0D0E0F1011" },
        { "VEXTRACTF128", a => a.vextractf128(xmm1, ymm2, 1), "A0A1A2A3A4A5A6A7A8A9AAABACADAEAF" + Zeros16 },
        { "VPERMILPS by a vector", a => a.vpermilps(ymm1, ymm2, ymm3), "20212223202122232021222320212223A0A1A2A3A0A1A2A3A0A1A2A3A0A1A2A3" },
        { "VPERMILPD by bits", a => a.vpermilpd(ymm1, ymm2, 0b0110), "202122232425262728292A2B2C2D2E2FA8A9AAABACADAEAFA0A1A2A3A4A5A6A7" },
        { "VBLENDVPD", a => a.vblendvpd(ymm1, ymm2, ymm3, ymm8), "303132333435363738393A3B3C3D3E3FA0A1A2A3A4A5A6A7A8A9AAABACADAEAF" },
        { "VZEROUPPER", a => a.vzeroupper(), "101112131415161718191A1B1C1D1E1F" + Zeros16 },
        { "VZEROALL", a => a.vzeroall(), Zeros16 + Zeros16 },
    };

    [Theory, MemberData(nameof(Whole))]
    public void A_VEX_move_decides_all_256_bits(string name, Action<Assembler> code, string expected)
    {
        Assert.NotEmpty(name);
        _bench.Run64(code);
        Assert.Equal(expected, Ymm1);
    }

    public static TheoryData<string, Action<Assembler>, string> Stores => new()
    {
        { "MOVSS", a => a.movss(__dword_ptr[rbx], xmm2), "20212223" },
        { "MOVNTSD", a => a.movntsd(__qword_ptr[rbx], xmm2), "2021222324252627" },
        { "MOVHPS", a => a.movhps(__qword_ptr[rbx], xmm2), "28292A2B2C2D2E2F" },
        { "MOVQ", a => a.movq(__qword_ptr[rbx], xmm2), "2021222324252627" },
        { "MOVDQU", a => a.movdqu(__xmmword_ptr[rbx], xmm2), "202122232425262728292A2B2C2D2E2F" },
        { "VMOVNTPS", a => a.vmovntps(__ymmword_ptr[rbx], ymm2), "202122232425262728292A2B2C2D2E2FA0A1A2A3A4A5A6A7A8A9AAABACADAEAF" },
        { "PEXTRB", a => a.pextrb(__byte_ptr[rbx], xmm2, 0x15), "25" },
        { "PEXTRQ", a => a.pextrq(__qword_ptr[rbx], xmm2, 1), "28292A2B2C2D2E2F" },
        { "EXTRACTPS", a => a.extractps(__dword_ptr[rbx], xmm2, 3), "2C2D2E2F" },
        { "VEXTRACTI128", a => a.vextracti128(__xmmword_ptr[rbx], ymm2, 1), "A0A1A2A3A4A5A6A7A8A9AAABACADAEAF" },
    };

    [Theory, MemberData(nameof(Stores))]
    public void A_store_writes_its_bytes_and_no_more(string name, Action<Assembler> code, string expected)
    {
        Assert.NotEmpty(name);
        _bench.Run64(code);
        byte[] memory = [.. Convert.FromHexString(expected), .. Enumerable.Range(1, 64).Select(at => (byte)at).Skip(expected.Length / 2)];
        Assert.Equal(Convert.ToHexString(memory), Convert.ToHexString(_bench.ReadBytes(Data, 64)));
    }

    [Fact]
    public void Masks_of_signs_and_extracted_elements_clear_the_rest_of_a_general_register()
    {
        _bench.Cpu.Registers.SetVector(4, Vector256.Create([.. Enumerable.Range(0, 32).Select(at => (byte)(at % 3 == 0 ? 0x80 : 0x7F))]));
        _bench.Run64(a =>
        {
            a.vpmovmskb(eax, ymm4);
            a.pmovmskb(rcx, xmm4);
            a.vmovmskps(edx, ymm4);
            a.movmskpd(esi, xmm4);
            a.pextrw(edi, xmm2, 9);
            a.vpextrb(r8d, xmm9, 1);
        });
        Assert.Equal((0x4924_9249ul, 0x9249ul), (_bench[Gpr.Rax], _bench[Gpr.Rcx]));

        // Bytes 3, 15 and 27 are the tops of doublewords 0, 3 and 6; byte 15 is that of quadword 1.
        Assert.Equal((0b0100_1001ul, 0b10ul, 0x2322ul, 0x91ul), (_bench[Gpr.Rdx], _bench[Gpr.Rsi], _bench[Gpr.Rdi], _bench[Gpr.R8]));
    }

    [Theory]
    [InlineData(0x0Ful, 0xF0ul, Rflags.ZF)]
    [InlineData(0xFFul, 0xF0ul, Rflags.CF)]
    [InlineData(0x3Cul, 0xF0ul, 0ul)]
    [InlineData(0xFFul, 0x00ul, Rflags.ZF | Rflags.CF)]
    public void Ptest_sets_ZF_for_nothing_in_common_and_CF_for_nothing_outside(ulong destination, ulong source, ulong flags)
    {
        // The bits stand in the upper lane: the 128-bit form does not see them and finds two zeros.
        _bench.Cpu.Registers.SetVector(1, Vector256.Create(0, 0, 0, destination).AsByte());
        _bench.Cpu.Registers.SetVector(2, Vector256.Create(0, 0, 0, source).AsByte());
        _bench.Flags = Rflags.Fixed | Rflags.Arithmetic;
        Assert.Equal(flags, _bench.Run64(a => a.vptest(ymm1, ymm2)).Flags & Rflags.Arithmetic);
        Assert.Equal(Rflags.ZF | Rflags.CF, _bench.Run64(a => a.vptest(xmm1, xmm2)).Flags & Rflags.Arithmetic);
    }

    [Fact]
    public void Vtestps_looks_at_sign_bits_alone()
    {
        _bench.Cpu.Registers.SetVector(1, Vector256.Create(0x7FFF_FFFFu).AsByte());
        _bench.Cpu.Registers.SetVector(2, Vector256.Create(0x7FFF_FFFFu).WithElement(5, 0xFFFF_FFFFu).AsByte());
        Assert.Equal(Rflags.ZF, _bench.Run64(a => a.vtestps(ymm1, ymm2)).Flags & Rflags.Arithmetic);
        Assert.Equal(Rflags.ZF | Rflags.CF, _bench.Run64(a => a.vtestpd(ymm1, ymm1)).Flags & Rflags.Arithmetic);
    }

    private string Ymm1 => Convert.ToHexString(VectorCase.ToArray(_bench.Cpu.Registers.GetVector(1)));
}
