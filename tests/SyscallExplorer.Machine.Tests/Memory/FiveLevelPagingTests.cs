using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 3A, 4.5: 5-level paging, on a processor that no model is yet; vol. 1, 3.3.7.1: which addresses are canonical.</summary>
public class FiveLevelPagingTests
{
    private const ulong High = 0x00FE_0000_0000_0000;
    private const ulong TopTable = 0x5_F000;
    private static readonly CpuModel s_model = Cpus.Skylake with { Features = new HashSet<CpuFeature>([.. Cpus.Skylake.Features, CpuFeature.La57]) };
    private readonly MachineBench _bench = new(s_model);

    /// <summary>The bench's tables below one entry of a fifth level, at the bottom, at the top and at <see cref="High"/>.</summary>
    public FiveLevelPagingTests()
    {
        foreach (ulong linear in (ulong[])[0, High, ulong.MaxValue])
            _bench.Write64(TopTable + (linear >> 48 & 511) * 8, _bench.Pages.Root | 7);
    }

    [Fact]
    public void A_57_bit_address_goes_through_five_tables()
    {
        Enable();
        _bench.Write64(BenchLayout.KernelData, 42);
        _bench[Gpr.Rbx] = High + BenchLayout.KernelData;
        _bench.Run64(a => a.mov(rax, __qword_ptr[rbx]));
        Assert.Equal(42ul, _bench[Gpr.Rax]);
        Assert.NotEqual(0ul, _bench.Read64(TopTable + (High >> 48) * 8) & PageEntry.A);
        Assert.True(_bench.Cpu.TryTranslate(High + BenchLayout.KernelData + 5, out ulong physical));
        Assert.Equal(BenchLayout.KernelData + 5, physical);
    }

    [Fact]
    public void A_missing_entry_of_the_fifth_level_is_a_page_fault_and_PS_in_it_is_reserved()
    {
        Enable();
        _bench[Gpr.Rbx] = 0x0080_0000_0000_0000;
        Assert.Equal((Vector.PageFault, 0u), Codes(_bench.Fault(BenchMode.Kernel64, a => a.mov(rax, __qword_ptr[rbx]))));
        _bench.Write64(TopTable + 0x80 * 8, _bench.Pages.Root | 7 | PageEntry.PS);
        Assert.Equal((Vector.PageFault, 9u), Codes(_bench.Fault(BenchMode.Kernel64, a => a.mov(rax, __qword_ptr[rbx]))));
    }

    [Theory]
    [InlineData(0x0100_0000_0000_0000ul), InlineData(0xFEFF_FFFF_FFFF_FFFFul), InlineData(0x00FF_FFFF_FFFF_FFFCul)]
    public void An_address_beyond_57_bits_is_a_general_protection_fault(ulong address)
    {
        Enable();
        _bench[Gpr.Rbx] = address;
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(_bench.Fault(BenchMode.Kernel64, a => a.mov(rax, __qword_ptr[rbx]))));
    }

    [Fact]
    public void Code_runs_at_a_57_bit_address()
    {
        Enable();
        _bench.WriteBytes(BenchLayout.KernelCode + 0x800, 0xF4);
        _bench[Gpr.Rbx] = High + BenchLayout.KernelCode + 0x800;
        _bench.Run64(a => a.jmp(rbx));
        Assert.Equal(High + BenchLayout.KernelCode + 0x801, _bench.Cpu.Registers.Rip);
    }

    [Fact]
    public void With_four_levels_the_same_address_is_not_canonical_but_a_base_may_hold_it()
    {
        _bench[Gpr.Rbx] = High;
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(_bench.Fault(BenchMode.Kernel64, a => a.mov(rax, __qword_ptr[rbx]))));
        _bench.Cpu.Registers.WriteMsr(Msr.KernelGsBase, High);
        Assert.Throws<ArgumentOutOfRangeException>(() => new MachineBench().Cpu.Registers.WriteMsr(Msr.KernelGsBase, High));
    }

    /// <summary>SDM vol. 2B, MOV—Control Registers; vol. 3A, 4.1.2.</summary>
    [Fact]
    public void LA57_cannot_change_in_long_mode()
    {
        _bench[Gpr.Rax] = Cr4.PAE | Cr4.LA57;
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(_bench.Fault(BenchMode.Kernel64, a => a.mov(cr4, rax))));
        Enable();
        _bench[Gpr.Rax] = Cr4.PAE;
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(_bench.Fault(BenchMode.Kernel64, a => a.mov(cr4, rax))));
    }

    [Fact]
    public void CPUID_tells_the_feature_and_the_width()
    {
        _bench[Gpr.Rax] = 7;
        _bench[Gpr.Rcx] = 0;
        _bench.Run64(a => a.cpuid());
        Assert.Equal(1u, (uint)_bench[Gpr.Rcx] >> 16 & 1);
        _bench[Gpr.Rax] = 0x8000_0008;
        _bench.Run64(a => a.cpuid());
        Assert.Equal(57u, (uint)_bench[Gpr.Rax] >> 8 & 0xFF);
    }

    private void Enable()
    {
        _bench.Cpu.Registers.ControlRegister4 |= Cr4.LA57;
        _bench.Cpu.Registers.ControlRegister3 = TopTable;
    }

    private static (Vector, uint?) Codes(TakenException taken) => (taken.Vector, taken.ErrorCode);
}
