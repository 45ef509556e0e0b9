using System.Runtime.Intrinsics;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>
/// Faults of vector instructions: units that are off, alignment, and accesses that are suppressed or that happen in part. SDM vol. 2A, 2.4 and 2.7,
/// classes of exceptions; what the manuals leave open is as AMD's processors do it.
/// </summary>
public sealed class VectorFaultTests
{
    private const ulong Data = BenchLayout.UserData;
    private const ulong Missing = Data + 0x1000;
    private readonly MachineBench _bench = StateBench.Create(Cpus.Zen2);

    public VectorFaultTests()
    {
        _bench.Unmap(Missing);
        _bench[Gpr.Rbx] = Data;
    }

    [Fact]
    public void Legacy_forms_need_OSFXSR_and_VEX_forms_need_XCR0()
    {
        _bench.Cpu.Registers.ControlRegister4 &= ~Cr4.OSFXSR;
        Assert.Equal(Vector.InvalidOpcode, _bench.Fault(BenchMode.User64, a => a.pxor(xmm0, xmm0)).Vector);
        _bench.RunUser64(a =>
        {
            a.vpxor(xmm0, xmm0, xmm0);
            a.psubb(mm0, mm0);
        });
        _bench.Cpu.Registers.ExtendedControlRegister0 = 3;
        Assert.Equal(Vector.InvalidOpcode, _bench.Fault(BenchMode.User64, a => a.vpxor(xmm0, xmm0, xmm0)).Vector);
    }

    public static TheoryData<string, Action<Assembler>> OneOfEachKind => new()
    {
        { "MMX", a => a.paddb(mm0, __qword_ptr[0]) }, { "SSE", a => a.paddb(xmm0, __xmmword_ptr[1]) }, { "AVX", a => a.vpaddb(ymm0, ymm0, __ymmword_ptr[0]) },
        { "store", a => a.movaps(__xmmword_ptr[1], xmm0) }, { "part", a => a.movd(xmm0, __dword_ptr[0]) }, { "gather", a => a.vpgatherdd(xmm0, __[rbx + xmm1], xmm2) },
        { "masked", a => a.vpmaskmovd(xmm0, xmm1, __xmmword_ptr[0]) }, { "string", a => a.pcmpistri(xmm0, __xmmword_ptr[0], 0) },
        { "shift", a => a.vpsllw(ymm0, ymm1, __xmmword_ptr[0]) }, { "VZEROUPPER", a => a.vzeroupper() }, { "EMMS", a => a.emms() },
    };

    [Theory, MemberData(nameof(OneOfEachKind))]
    public void A_task_switch_makes_every_kind_not_available_before_memory_is_looked_at(string kind, Action<Assembler> code)
    {
        Assert.NotEmpty(kind);
        _bench.Cpu.Registers.ControlRegister0 |= Cr0.TS;
        Assert.Equal(Vector.DeviceNotAvailable, _bench.Fault(BenchMode.User64, code).Vector);
    }

    public static TheoryData<string, int, Action<Assembler>> Aligned => new()
    {
        { "PADDB", 8, a => a.paddb(xmm0, __xmmword_ptr[rbx]) }, { "PSLLW", 8, a => a.psllw(xmm0, __xmmword_ptr[rbx]) },
        { "PUNPCKLBW", 8, a => a.punpcklbw(xmm0, __xmmword_ptr[rbx]) }, { "MOVSLDUP", 8, a => a.movsldup(xmm0, __xmmword_ptr[rbx]) },
        { "MOVAPS", 8, a => a.movaps(xmm0, __xmmword_ptr[rbx]) }, { "MOVDQA", 8, a => a.movdqa(__xmmword_ptr[rbx], xmm0) },
        { "MOVNTDQA", 8, a => a.movntdqa(xmm0, __xmmword_ptr[rbx]) }, { "VMOVDQA", 16, a => a.vmovdqa(ymm0, __ymmword_ptr[rbx]) },
        { "VMOVNTPD", 16, a => a.vmovntpd(__ymmword_ptr[rbx], ymm0) }, { "AESENC", 8, a => a.aesenc(xmm0, __xmmword_ptr[rbx]) },
    };

    [Theory, MemberData(nameof(Aligned))]
    public void A_misaligned_operand_is_a_general_protection_fault_before_the_page_is(string name, int offset, Action<Assembler> code)
    {
        Assert.NotEmpty(name);
        _bench[Gpr.Rbx] = Missing + (ulong)offset;
        TakenException taken = _bench.Fault(BenchMode.User64, code);
        Assert.Equal((Vector.GeneralProtection, 0u), (taken.Vector, taken.ErrorCode));
        _bench[Gpr.Rbx] = Missing;
        Assert.Equal(Vector.PageFault, _bench.Fault(BenchMode.User64, code).Vector);
        _bench[Gpr.Rbx] = Data;
        _bench.RunUser64(code);
    }

    public static TheoryData<string, Action<Assembler>> Unaligned => new()
    {
        { "MOVDQU", a => a.movdqu(xmm0, __xmmword_ptr[rbx]) }, { "VPADDB", a => a.vpaddb(xmm0, xmm0, __xmmword_ptr[rbx]) },
        { "PCMPISTRI", a => a.pcmpistri(xmm0, __xmmword_ptr[rbx], 0) }, { "MOVHPS", a => a.movhps(xmm0, __qword_ptr[rbx]) },
        { "PMOVZXBW", a => a.pmovzxbw(xmm0, __qword_ptr[rbx]) }, { "VBROADCASTI128", a => a.vbroadcasti128(ymm0, __xmmword_ptr[rbx]) },
    };

    [Theory, MemberData(nameof(Unaligned))]
    public void An_operand_that_may_stand_anywhere_is_guarded_by_the_alignment_check_alone(string name, Action<Assembler> code)
    {
        Assert.NotEmpty(name);
        _bench[Gpr.Rbx] = Data + 1;
        _bench.Flags = Rflags.Fixed;
        _bench.RunUser64(code);
        _bench.Flags = Rflags.Fixed | Rflags.AC;
        Assert.Equal(Vector.AlignmentCheck, _bench.Fault(BenchMode.User64, code).Vector);
    }

    [Fact]
    public void An_operand_of_32_bytes_is_checked_for_alignment_as_one_of_16()
    {
        _bench.Flags = Rflags.Fixed | Rflags.AC;
        _bench.RunUser64(a => a.vmovdqu(ymm0, __ymmword_ptr[rbx + 16]));
        Assert.Equal(Vector.AlignmentCheck, _bench.Fault(BenchMode.User64, a => a.vmovdqu(ymm0, __ymmword_ptr[rbx + 8])).Vector);
    }

    /// <summary>APM vol. 2, 11.4.</summary>
    [Fact]
    public void MXCSR_MM_frees_operands_from_alignment_but_not_aligned_moves()
    {
        _bench.Cpu.Registers.MediaControl = Mxcsr.Initial | Mxcsr.MM;
        _bench.RunUser64(a => a.paddb(xmm0, __xmmword_ptr[rbx + 8]));
        Assert.Equal(Vector.GeneralProtection, _bench.Fault(BenchMode.User64, a => a.movaps(xmm0, __xmmword_ptr[rbx + 8])).Vector);
        Assert.Equal(Vector.GeneralProtection, _bench.Fault(BenchMode.User64, a => a.movntdq(__xmmword_ptr[rbx + 8], xmm0)).Vector);
    }

    public static TheoryData<string, int, Action<Assembler>> Parts => new()
    {
        { "PUNPCKLBW of MMX", 4, a => a.punpcklbw(mm0, __dword_ptr[rbx]) }, { "PMOVSXBQ", 2, a => a.pmovsxbq(xmm0, __word_ptr[rbx]) },
        { "VPMOVZXBQ", 4, a => a.vpmovzxbq(ymm0, __dword_ptr[rbx]) }, { "MOVDDUP", 8, a => a.movddup(xmm0, __qword_ptr[rbx]) },
        { "INSERTPS", 4, a => a.insertps(xmm0, __dword_ptr[rbx], 0xC0) }, { "VPBROADCASTB", 1, a => a.vpbroadcastb(ymm0, __byte_ptr[rbx]) },
        { "PINSRW", 2, a => a.pinsrw(xmm0, __word_ptr[rbx], 0) }, { "VPSRAD", 16, a => a.vpsrad(ymm0, ymm0, __xmmword_ptr[rbx]) },
    };

    [Theory, MemberData(nameof(Parts))]
    public void Memory_is_read_for_the_size_of_the_form_and_not_a_byte_more(string name, int size, Action<Assembler> code)
    {
        Assert.NotEmpty(name);
        _bench[Gpr.Rbx] = Missing - (ulong)size;
        _bench.RunUser64(code);
        _bench[Gpr.Rbx]++;
        Assert.Equal(Vector.PageFault, _bench.Fault(BenchMode.User64, code).Vector);
        Assert.Equal(Missing, _bench.Cpu.Registers.ControlRegister2);
    }

    [Fact]
    public void A_masked_move_touches_chosen_elements_alone_and_never_checks_alignment()
    {
        _bench.Cpu.Registers.SetVector(1, Vector256.Create(-1, -1, 0, 0, 0, 0, 0, 0).AsByte());
        _bench.Cpu.Registers.SetVector(2, Vector256.Create(11, 22, 33, 44, 55, 66, 77, 88).AsByte());
        _bench.Flags = Rflags.Fixed | Rflags.AC;
        _bench[Gpr.Rbx] = Missing - 9;
        _bench.RunUser64(a =>
        {
            a.vpmaskmovd(__ymmword_ptr[rbx], ymm1, ymm2);
            a.vmaskmovps(ymm3, ymm1, __ymmword_ptr[rbx]);
        });
        Assert.Equal(Vector256.Create(11, 22, 0, 0, 0, 0, 0, 0), _bench.Cpu.Registers.GetVector(3).AsInt32());

        // Nothing is stored when one of the chosen elements cannot be.
        _bench[Gpr.Rbx] = Missing - 4;
        _bench.WriteBytes(Missing - 4, 9, 9, 9, 9);
        Assert.Equal(Vector.PageFault, _bench.Fault(BenchMode.User64, a => a.vpmaskmovd(__xmmword_ptr[rbx], xmm1, xmm2)).Vector);
        Assert.Equal((Missing, 0x0909_0909u), (_bench.Cpu.Registers.ControlRegister2, _bench.Read32(Missing - 4)));

        // A mask of zeros may go with any address.
        _bench[Gpr.Rbx] = 1ul << 63;
        _bench.RunUser64(a =>
        {
            a.vpxor(xmm1, xmm1, xmm1);
            a.vmaskmovpd(__ymmword_ptr[rbx], ymm1, ymm2);
            a.vpmaskmovq(ymm3, ymm1, __ymmword_ptr[rbx]);
        });
        Assert.Equal(Vector256<byte>.Zero, _bench.Cpu.Registers.GetVector(3));
    }

    [Fact]
    public void A_masked_byte_store_needs_its_whole_operand_writable_and_aligned_to_quadwords()
    {
        _bench.Cpu.Registers.SetVector(1, Vector256.Create(0x80_00_80_00ul, 0, 0, 0).AsByte());
        _bench.Cpu.Registers.SetVector(2, Vector256.Create((byte)0x55));
        _bench[Gpr.Rdi] = Data + 8;
        _bench.Flags = Rflags.Fixed | Rflags.AC;
        _bench.RunUser64(a => a.maskmovdqu(xmm2, xmm1));
        Assert.Equal(0x5500_5500ul, _bench.Read64(Data + 8));
        _bench[Gpr.Rdi] = Data + 4;
        _bench.Flags = Rflags.Fixed | Rflags.AC;
        Assert.Equal(Vector.AlignmentCheck, _bench.Fault(BenchMode.User64, a => a.maskmovdqu(xmm2, xmm1)).Vector);
        _bench.Flags = Rflags.Fixed;
        _bench[Gpr.Rdi] = Missing - 8;
        Assert.Equal(Vector.PageFault, _bench.Fault(BenchMode.User64, a => a.vmaskmovdqu(xmm2, xmm1)).Vector);
        Assert.Equal(0ul, _bench.Read64(Missing - 8));
    }

    [Fact]
    public void A_masked_operand_that_runs_over_its_segment_is_a_fault_of_the_segment_and_does_not_wrap()
    {
        _bench.Cpu.Registers.SetVector(1, Vector256<byte>.AllBitsSet);
        _bench[Gpr.Rbp] = 0xFFFF_FFFC;
        _bench.Unmap(0xFFFF_F000);
        Assert.Equal(Vector.PageFault, _bench.Fault(BenchMode.User32, a => a.vpmaskmovd(__xmmword_ptr[ebp], xmm1, xmm2)).Vector);
        _bench.Cpu.Registers.SetVector(1, Vector256.Create(0, -1, 0, 0, 0, 0, 0, 0).AsByte());
        Assert.Equal(Vector.StackFault, _bench.Fault(BenchMode.User32, a => a.vpmaskmovd(__xmmword_ptr[ebp], xmm1, xmm2)).Vector);
    }

    [Fact]
    public void VEX_W_makes_an_element_move_invalid_in_32_bit_mode_on_Amd_and_nothing_on_Intel()
    {
        byte[] vpextrd = [0xC4, 0xE3, 0xF9, 0x16, 0xC8, 0x02];
        Assert.Equal(Vector.InvalidOpcode, _bench.Fault(BenchMode.User32, vpextrd).Vector);
        StateBench.Create(Cpus.Skylake).Complete(BenchMode.User32, vpextrd);
    }

    [Fact]
    public void A_gather_that_faults_keeps_what_it_has_and_goes_on_from_there()
    {
        for (uint i = 0; i < 8; i++)
            _bench.WriteBytes(Data + i * 5, (byte)(i + 1), 0, 0, 0);
        _bench.Cpu.Registers.SetVector(0, Vector256.Create(0xDDDD_DDDDu).AsByte());
        Vector256<uint> mask = Vector256.Create(0x8000_0001u, 0x7FFF_FFFF, 0xFFFF_FFFF, 0x8000_0000, 0x8000_0000, 0, 0x8000_0000, 0x8000_0000);
        _bench.Cpu.Registers.SetVector(1, mask.AsByte());
        _bench.Cpu.Registers.SetVector(2, Vector256.Create(0, 5, 10, 0x1000, 20, 25, 30, 35).AsByte());
        _bench.Flags = Rflags.Fixed | Rflags.AC;
        Assert.Equal(Vector.PageFault, _bench.Fault(BenchMode.User64, a => a.vpgatherdd(ymm0, __[rbx + ymm2], ymm1)).Vector);
        Assert.Equal(
            (Vector256.Create(1, 0xDDDD_DDDD, 3, 0xDDDD_DDDD, 0xDDDD_DDDD, 0xDDDD_DDDD, 0xDDDD_DDDD, 0xDDDD_DDDD),
                mask.WithElement(0, 0u).WithElement(1, 0u).WithElement(2, 0u)),
            (_bench.Cpu.Registers.GetVector(0).AsUInt32(), _bench.Cpu.Registers.GetVector(1).AsUInt32()));

        _bench.Protect(Missing, PageTables.Present | PageTables.User);
        _bench.WriteBytes(Missing, 4, 0, 0, 0);
        _bench.Rewind();
        Assert.Null(_bench.Go().Exception);
        Assert.Equal(
            (Vector256.Create(1, 0xDDDD_DDDD, 3, 4, 5, 0xDDDD_DDDD, 7, 8), Vector256<uint>.Zero),
            (_bench.Cpu.Registers.GetVector(0).AsUInt32(), _bench.Cpu.Registers.GetVector(1).AsUInt32()));
    }

    [Fact]
    public void A_gather_by_quadwords_fills_half_as_many_doublewords_and_clears_the_rest()
    {
        _bench.Write64(Data + 8, 0x2222_2222_1111_1111);
        _bench.Cpu.Registers.SetVector(0, Vector256<byte>.AllBitsSet);
        _bench.Cpu.Registers.SetVector(1, Vector256<byte>.AllBitsSet);
        _bench.Cpu.Registers.SetVector(2, Vector256.Create(2, -1, 2, 2).AsByte());
        _bench[Gpr.Rbx] = Data + 4;
        _bench.RunUser64(a => a.vgatherqps(xmm0, __[rbx + xmm2 * 4 - 4], xmm1));
        Assert.Equal(Vector256.Create(0x1111_1111u, 0, 0, 0, 0, 0, 0, 0), _bench.Cpu.Registers.GetVector(0).AsUInt32());
        Assert.Equal(Vector256<byte>.Zero, _bench.Cpu.Registers.GetVector(1));
    }

    [Fact]
    public void A_gather_wants_three_different_registers()
    {
        byte[] destinationIsMask = [0xC4, 0xE2, 0x71, 0x90, 0x0C, 0x10];
        byte[] destinationIsIndex = [0xC4, 0xE2, 0x71, 0x90, 0x14, 0x10];
        byte[] maskIsIndex = [0xC4, 0xE2, 0x69, 0x90, 0x04, 0x10];
        foreach (byte[] code in new[] { destinationIsMask, destinationIsIndex, maskIsIndex })
            Assert.Equal(Vector.InvalidOpcode, _bench.Fault(BenchMode.User64, code).Vector);
    }

    /// <summary>SDM vol. 2B, SHA256MSG1, exceptions of type 4; AMD's processors have no such rule.</summary>
    [Fact]
    public void Sha_instructions_take_unaligned_memory_on_Amd_alone()
    {
        _bench.RunUser64(a => a.sha256msg1(xmm0, __xmmword_ptr[rbx + 8]));
        MachineBench intel = StateBench.Create(Cpus.Skylake with { Features = Cpus.Zen2.Features });
        intel[Gpr.Rbx] = Data;
        Assert.Equal(Vector.GeneralProtection, intel.Fault(BenchMode.User64, a => a.sha256msg1(xmm0, __xmmword_ptr[rbx + 8])).Vector);
    }
}
