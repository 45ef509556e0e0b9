using System.Runtime.Intrinsics;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>What MMX instructions do to the FPU that they share registers with. SDM vol. 1, 9.5; vol. 3A, 12.2.</summary>
public sealed class MmxStateTests
{
    private const ushort Top6 = 6 << X87Status.TopShift;
    private readonly MachineBench _bench = StateBench.Create(Cpus.Zen2);

    public MmxStateTests()
    {
        ref X87State x87 = ref _bench.Cpu.S.X87;
        x87.Status = Top6;
        x87.Valid = 0xC0;
        for (int i = 0; i < 8; i++)
            x87.Registers[i] = new ExtendedReal(0x1111_1111_1111_1111ul * (ulong)i, 0x3FFF);
    }

    public static TheoryData<string, Action<Assembler>, int> Instructions => new()
    {
        { "MOVQ", a => a.movq(mm3, mm5), 3 }, { "PADDB", a => a.paddb(mm3, mm5), 3 }, { "PSLLW by an immediate", a => a.psllw(mm3, 4), 3 },
        { "MOVDQ2Q", a => a.movdq2q(mm3, xmm1), 3 }, { "PINSRW", a => a.pinsrw(mm3, eax, 1), 3 }, { "a store", a => a.movntq(__qword_ptr[rbx], mm3), -1 },
        { "MOVD to a register", a => a.movd(eax, mm3), -1 }, { "PMOVMSKB", a => a.pmovmskb(eax, mm3), -1 }, { "PEXTRW", a => a.pextrw(eax, mm3, 1), -1 },
        { "MOVQ2DQ", a => a.movq2dq(xmm1, mm3), -1 }, { "MASKMOVQ", a => a.maskmovq(mm3, mm4), -1 },
    };

    [Theory, MemberData(nameof(Instructions))]
    public void An_MMX_instruction_makes_TOP_0_and_every_register_valid_and_the_exponent_it_writes_all_ones(string name, Action<Assembler> code, int written)
    {
        Assert.NotEmpty(name);
        _bench[Gpr.Rbx] = _bench[Gpr.Rdi] = BenchLayout.KernelData;
        _bench.Run64(code);
        X87State x87 = _bench.Cpu.S.X87;
        Assert.Equal((0, 0xFF), (x87.Top, x87.Valid));
        for (int i = 0; i < 8; i++)
            Assert.Equal(i == written ? 0xFFFF : 0x3FFF, x87.Registers[i].SignAndExponent);
    }

    [Fact]
    public void Emms_empties_the_registers_and_keeps_what_they_hold()
    {
        _bench.Run64(a => a.emms());
        X87State x87 = _bench.Cpu.S.X87;
        Assert.Equal((0, 0, 0x3333_3333_3333_3333ul, 0x3FFF), (x87.Top, x87.Valid, x87.Registers[3].Significand, x87.Registers[3].SignAndExponent));
    }

    [Fact]
    public void An_instruction_that_faults_leaves_the_FPU_alone()
    {
        _bench[Gpr.Rbx] = BenchLayout.KernelData;
        _bench.Unmap(BenchLayout.KernelData);
        foreach (Action<Assembler> code in new Action<Assembler>[] { a => a.paddb(mm3, __qword_ptr[rbx]), a => a.movq(__qword_ptr[rbx], mm3), a => a.movd(mm3, __dword_ptr[rbx]) })
            Assert.Equal(Vector.PageFault, _bench.Fault(BenchMode.Kernel64, code).Vector);
        Assert.Equal((6, 0xC0), (_bench.Cpu.S.X87.Top, _bench.Cpu.S.X87.Valid));

        // MASKMOVQ is the exception, as AMD's processors have it.
        _bench[Gpr.Rdi] = BenchLayout.KernelData;
        Assert.Equal(Vector.PageFault, _bench.Fault(BenchMode.Kernel64, a => a.maskmovq(mm3, mm4)).Vector);
        Assert.Equal((0, 0xFF), (_bench.Cpu.S.X87.Top, _bench.Cpu.S.X87.Valid));
    }

    [Fact]
    public void A_pending_exception_of_the_FPU_comes_before_an_MMX_instruction_and_not_before_an_SSE_instruction()
    {
        _bench.Cpu.S.X87.Status |= X87Status.ES | 1;
        _bench.Run64(a => a.paddb(xmm0, xmm1));
        foreach (Action<Assembler> code in new Action<Assembler>[] { a => a.paddb(mm0, mm1), a => a.emms(), a => a.movdq2q(mm0, xmm0) })
            Assert.Equal(Vector.FloatingPoint, _bench.Fault(BenchMode.Kernel64, code).Vector);
    }

    [Fact]
    public void Quadwords_go_between_MMX_XMM_and_general_registers_whole()
    {
        _bench.Cpu.Registers.SetVector(1, Vector256<byte>.AllBitsSet);
        _bench.Run64(a =>
        {
            a.movq2dq(xmm1, mm3);
            a.movq(rax, mm5);
            a.movd(mm6, eax);
            a.movdq2q(mm7, xmm1);
        });
        Assert.Equal(Vector256.Create(0x3333_3333_3333_3333ul, 0, ulong.MaxValue, ulong.MaxValue), _bench.Cpu.Registers.GetVector(1).AsUInt64());
        Assert.Equal(
            (0x5555_5555_5555_5555ul, 0x5555_5555ul, 0x3333_3333_3333_3333ul),
            (_bench[Gpr.Rax], _bench.Cpu.S.X87.Registers[6].Significand, _bench.Cpu.S.X87.Registers[7].Significand));
    }
}
