using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 1, chapter 13; vol. 2D, XSAVE, XSAVEOPT, XSAVEC, XSAVES, XRSTOR, XRSTORS, XSETBV; vol. 2C, XGETBV.</summary>
public class XsaveTests
{
    private const ulong Area = BenchLayout.UserData;
    private const ulong Header = Area + 512;
    private const ulong Upper = Area + 576;
    private readonly MachineBench _bench = StateBench.Create();

    public XsaveTests()
    {
        _bench[Gpr.Rbx] = Area;
        _bench[Gpr.Rax] = 7;
    }

    public static TheoryData<string, string> Pairs => new()
    {
        { nameof(Assembler.xsave64), nameof(Assembler.xrstor64) },
        { nameof(Assembler.xsaveopt64), nameof(Assembler.xrstor64) },
        { nameof(Assembler.xsavec64), nameof(Assembler.xrstor64) },
        { nameof(Assembler.xsaves64), nameof(Assembler.xrstors64) },
    };

    [Theory, MemberData(nameof(Pairs))]
    public void A_restore_brings_back_what_a_save_saved(string save, string restore)
    {
        StateBench.Fill(_bench, seed: 1);
        byte[] saved = StateBench.StateOf(_bench);
        _bench.Run64(Form(save));
        StateBench.Fill(_bench, seed: 2);
        _bench.Run64(Form(restore));
        Assert.Equal(saved, StateBench.StateOf(_bench));
    }

    [Theory, MemberData(nameof(Pairs))]
    public void A_component_in_its_initial_state_is_restored_to_it(string save, string restore)
    {
        StateBench.Reset(_bench);
        byte[] initial = StateBench.StateOf(_bench);
        _bench.Run64(Form(save));
        Assert.Equal(0ul, _bench.Read64(Header));
        StateBench.Fill(_bench);
        _bench.Run64(Form(restore));
        Assert.Equal(initial, StateBench.StateOf(_bench));
    }

    [Fact]
    public void Only_the_requested_components_are_saved_and_the_others_bits_stay()
    {
        StateBench.Fill(_bench);
        _bench.WriteBytes(Area, [.. Enumerable.Repeat((byte)0xEE, XsaveArea.Size)]);
        _bench.Write64(Header, 1);
        _bench[Gpr.Rax] = StateComponents.Avx;
        _bench.RunUser64(a => a.xsave(__[rbx]));
        Assert.Equal(StateComponents.Avx | StateComponents.X87, _bench.Read64(Header));
        Assert.Equal(0xEEEEul, _bench.Read16(Area));
        Assert.Equal(0xEEEE_EEEE_EEEE_EEEEul, _bench.Read64(Area + 160));
        Assert.Equal(0x1FA5u, _bench.Read32(Area + 24));
        Assert.NotEqual(0xEEEE_EEEE_EEEE_EEEEul, _bench.Read64(Upper));
        Assert.Equal(0xEEEE_EEEE_EEEE_EEEEul, _bench.Read64(Header + 8));
    }

    [Fact]
    public void Xsaveopt_does_not_write_components_in_their_initial_state()
    {
        StateBench.Reset(_bench);
        _bench.WriteBytes(Area, [.. Enumerable.Repeat((byte)0xEE, XsaveArea.Size)]);
        _bench.RunUser64(a => a.xsaveopt(__[rbx]));
        Assert.Equal(0xEEEE_EEEE_EEEE_EEEEul, _bench.Read64(Area + 160));
        Assert.Equal(0xEEEE_EEEE_EEEE_EEEEul, _bench.Read64(Upper));
        _bench.RunUser64(a => a.xsave(__[rbx]));
        Assert.Equal(0ul, _bench.Read64(Area + 160));
        Assert.Equal(0ul, _bench.Read64(Upper));
    }

    [Fact]
    public void Xsavec_says_that_its_format_is_compacted_and_counts_MXCSR_as_SSE_state()
    {
        StateBench.Reset(_bench);
        _bench.Cpu.Registers.MediaControl = 0x1F81;
        _bench.RunUser64(a => a.xsavec(__[rbx]));
        Assert.Equal(StateComponents.Sse, _bench.Read64(Header));
        Assert.Equal(1ul << 63 | 7, _bench.Read64(Header + 8));
    }

    public static TheoryData<ulong, ulong> BadHeaders => new()
    {
        { 0, 8 }, { 8, 1 }, { 8, 7 }, { 16, 1 }, { 0, 1ul << 62 }, { 8, 1ul << 63 | 8 },
    };

    [Theory, MemberData(nameof(BadHeaders))]
    public void A_header_that_asks_for_what_is_not_there_is_a_general_protection_fault(ulong offset, ulong value)
    {
        StateBench.Fill(_bench);
        byte[] before = StateBench.StateOf(_bench);
        _bench.Write64(Header + offset, value);
        Assert.Equal(Vector.GeneralProtection, _bench.Fault(BenchMode.User64, a => a.xrstor(__[rbx])).Vector);
        Assert.Equal(before, StateBench.StateOf(_bench));
    }

    [Fact]
    public void A_component_outside_the_compacted_area_may_not_be_present()
    {
        _bench.Write64(Header, 4);
        _bench.Write64(Header + 8, 1ul << 63 | 3);
        Assert.Equal(Vector.GeneralProtection, _bench.Fault(BenchMode.User64, a => a.xrstor(__[rbx])).Vector);
    }

    [Fact]
    public void Xrstor_loads_MXCSR_of_the_standard_format_even_when_SSE_is_absent()
    {
        _bench.WriteBytes(Area + 24, 0xC0, 0x9F, 0, 0);
        _bench[Gpr.Rax] = StateComponents.Avx;
        _bench.RunUser64(a => a.xrstor(__[rbx]));
        Assert.Equal(0x9FC0u, _bench.Cpu.Registers.MediaControl);
    }

    [Fact]
    public void Xrstors_takes_the_compacted_format_only_and_ring_0_only()
    {
        Assert.Equal(Vector.GeneralProtection, _bench.Fault(BenchMode.Kernel64, a => a.xrstors(__[rbx])).Vector);
        _bench.Write64(Header + 8, 1ul << 63 | 7);
        _bench.Run64(a => a.xrstors(__[rbx]));
        Assert.Equal(Vector.GeneralProtection, _bench.Fault(BenchMode.User64, a => a.xrstors(__[rbx])).Vector);
        Assert.Equal(Vector.GeneralProtection, _bench.Fault(BenchMode.User64, a => a.xsaves(__[rbx])).Vector);
    }

    [Fact]
    public void Without_OSXSAVE_the_family_is_undefined_and_with_TS_not_available()
    {
        _bench.Cpu.Registers.ControlRegister0 |= Cr0.TS;
        Assert.Equal(Vector.DeviceNotAvailable, _bench.Fault(BenchMode.User64, a => a.xsave(__[rbx])).Vector);
        _bench[Gpr.Rcx] = 0;
        _bench.RunUser64(a => a.xgetbv());
        _bench.Cpu.Registers.ControlRegister4 &= ~Cr4.OSXSAVE;
        Assert.Equal(Vector.InvalidOpcode, _bench.Fault(BenchMode.User64, a => a.xsave(__[rbx])).Vector);
        Assert.Equal(Vector.InvalidOpcode, _bench.Fault(BenchMode.User64, a => a.xgetbv()).Vector);
    }

    [Fact]
    public void The_area_must_be_aligned_to_64_bytes()
    {
        _bench[Gpr.Rbx] = Area + 16;
        Assert.Equal(Vector.GeneralProtection, _bench.Fault(BenchMode.User64, a => a.xsave(__[rbx])).Vector);
        Assert.Equal(Vector.GeneralProtection, _bench.Fault(BenchMode.User64, a => a.xrstor(__[rbx])).Vector);
    }

    [Fact]
    public void A_model_without_XSAVEC_has_neither_it_nor_its_format()
    {
        MachineBench haswell = StateBench.Create(Cpus.Haswell);
        haswell[Gpr.Rbx] = Area;
        haswell[Gpr.Rax] = 7;
        Assert.Equal(Vector.InvalidOpcode, haswell.Fault(BenchMode.User64, a => a.xsavec(__[rbx])).Vector);
        haswell.Write64(Header + 8, 1ul << 63 | 7);
        Assert.Equal(Vector.GeneralProtection, haswell.Fault(BenchMode.User64, a => a.xrstor(__[rbx])).Vector);
    }

    [Theory]
    [InlineData(0ul), InlineData(5ul), InlineData(6ul), InlineData(9ul), InlineData(1ul << 63 | 1)]
    public void XCR0_refuses_what_the_manual_forbids(ulong value)
    {
        (_bench[Gpr.Rcx], _bench[Gpr.Rax], _bench[Gpr.Rdx]) = (0, value, value >> 32);
        Assert.Equal(Vector.GeneralProtection, _bench.Fault(BenchMode.Kernel64, a => a.xsetbv()).Vector);
        Assert.Equal(7ul, _bench.Cpu.Registers.ExtendedControlRegister0);
    }

    [Fact]
    public void XCR0_is_set_in_ring_0_and_read_in_every_ring()
    {
        (_bench[Gpr.Rcx], _bench[Gpr.Rax], _bench[Gpr.Rdx]) = (0, 3, 0);
        Assert.Equal(Vector.GeneralProtection, _bench.Fault(BenchMode.User64, a => a.xsetbv()).Vector);
        _bench.Run64(a => a.xsetbv());
        _bench[Gpr.Rax] = ulong.MaxValue;
        _bench.RunUser64(a => a.xgetbv());
        Assert.Equal((3ul, 0ul), (_bench[Gpr.Rax], _bench[Gpr.Rdx]));
        _bench[Gpr.Rcx] = 2;
        Assert.Equal(Vector.GeneralProtection, _bench.Fault(BenchMode.User64, a => a.xgetbv()).Vector);
    }

    [Fact]
    public void Xgetbv_with_1_tells_what_is_in_use()
    {
        StateBench.Reset(_bench);
        _bench.Cpu.Registers.SetVector(3, System.Runtime.Intrinsics.Vector256.Create((byte)1));
        _bench[Gpr.Rcx] = 1;
        _bench.RunUser64(a => a.xgetbv());
        Assert.Equal(6ul, _bench[Gpr.Rax]);
    }

    [Fact]
    public void Cpuid_follows_CR4_and_XCR0()
    {
        Assert.Equal(1u << 27, Cpuid(1, 0).Ecx & 1u << 27);
        Assert.Equal((7u, 832u, 832u), (Cpuid(0xD, 0).Eax, Cpuid(0xD, 0).Ebx, Cpuid(0xD, 0).Ecx));
        Assert.Equal(0xFu, Cpuid(0xD, 1).Eax);
        Assert.Equal((256u, 576u), (Cpuid(0xD, 2).Eax, Cpuid(0xD, 2).Ebx));
        _bench.Cpu.Registers.ExtendedControlRegister0 = 3;
        Assert.Equal((576u, 832u), (Cpuid(0xD, 0).Ebx, Cpuid(0xD, 0).Ecx));
        _bench.Cpu.Registers.ControlRegister4 &= ~Cr4.OSXSAVE;
        Assert.Equal(0u, Cpuid(1, 0).Ecx & 1u << 27);
    }

    private static Action<Assembler> Form(string name) => a =>
        typeof(Assembler).GetMethod(name, [typeof(AssemblerMemoryOperand)])!.Invoke(a, [__[rbx]]);

    private (uint Eax, uint Ebx, uint Ecx) Cpuid(uint leaf, uint subleaf)
    {
        (ulong rax, ulong rbx) = (_bench[Gpr.Rax], _bench[Gpr.Rbx]);
        (_bench[Gpr.Rax], _bench[Gpr.Rcx]) = (leaf, subleaf);
        _bench.RunUser64(a => a.cpuid());
        (uint, uint, uint) result = ((uint)_bench[Gpr.Rax], (uint)_bench[Gpr.Rbx], (uint)_bench[Gpr.Rcx]);
        (_bench[Gpr.Rax], _bench[Gpr.Rbx]) = (rax, rbx);
        return result;
    }
}
