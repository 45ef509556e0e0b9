using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 2B, RDMSR, WRMSR and SWAPGS; vol. 4.</summary>
public class MsrTests
{
    private const ulong Noncanonical = 1ul << 47;
    private readonly MachineBench _bench = new();

    public static TheoryData<string, uint> Registers => new()
    {
        { "Skylake", Msr.Star }, { "Skylake", Msr.Lstar }, { "Skylake", Msr.Cstar }, { "Skylake", Msr.Fmask }, { "Skylake", Msr.FsBase }, { "Skylake", Msr.GsBase },
        { "Skylake", Msr.KernelGsBase }, { "Skylake", Msr.SysenterCs }, { "Skylake", Msr.SysenterEsp }, { "Skylake", Msr.SysenterEip }, { "Skylake", Msr.TscAux },
        { "Zen2", Msr.Star }, { "Zen2", Msr.Lstar }, { "Zen2", Msr.Cstar }, { "Zen2", Msr.SysenterEip },
    };

    [Theory, MemberData(nameof(Registers))]
    public void A_register_reads_as_it_was_written(string model, uint address)
    {
        var bench = new MachineBench(Cpus.Find(model));
        Write(bench, address, 0x1234_5678);
        bench[Gpr.Rax] = bench[Gpr.Rdx] = ulong.MaxValue;
        bench[Gpr.Rcx] = address | 0xABCD_0000_0000_0000;
        bench.Run64(a => a.rdmsr());
        Assert.Equal((0x1234_5678ul, 0ul), (bench[Gpr.Rax], bench[Gpr.Rdx]));
    }

    [Theory]
    [InlineData(0x12345u), InlineData(0xC0000105u), InlineData(0x0u)]
    public void An_unknown_register_is_a_general_protection_fault(uint address)
    {
        _bench[Gpr.Rcx] = address;
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(_bench.Fault(BenchMode.Kernel64, a => a.rdmsr())));
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(_bench.Fault(BenchMode.Kernel64, a => a.wrmsr())));
    }

    [Fact]
    public void Ring_3_may_touch_no_register()
    {
        _bench[Gpr.Rcx] = Msr.FsBase;
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(_bench.Fault(BenchMode.User64, a => a.rdmsr())));
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(_bench.Fault(BenchMode.User64, a => a.wrmsr())));
    }

    [Theory]
    [InlineData(Msr.Lstar), InlineData(Msr.Cstar), InlineData(Msr.FsBase), InlineData(Msr.GsBase), InlineData(Msr.KernelGsBase), InlineData(Msr.SysenterEsp), InlineData(Msr.SysenterEip)]
    public void Addresses_must_be_canonical(uint address)
    {
        ulong before = _bench.Cpu.Registers.ReadMsr(address);
        Assert.Equal((Vector.GeneralProtection, 0u), Refused(_bench, address, Noncanonical));
        Assert.Equal(before, _bench.Cpu.Registers.ReadMsr(address));
        Write(_bench, address, 0xFFFF_8000_0000_0000);
    }

    [Theory]
    [InlineData(Msr.SysenterEsp), InlineData(Msr.SysenterEip)]
    public void Amd_keeps_32_bits_of_the_SYSENTER_addresses(uint address)
    {
        var bench = new MachineBench(Cpus.Zen2);
        Write(bench, address, 0xFFFF_8000_1234_5678);
        Assert.Equal(0x1234_5678ul, bench.Cpu.Registers.ReadMsr(address));
    }

    [Theory]
    [InlineData(Msr.Fmask), InlineData(Msr.TscAux)]
    public void The_upper_half_of_a_32_bit_register_is_reserved(uint address) =>
        Assert.Equal((Vector.GeneralProtection, 0u), Refused(_bench, address, 1ul << 32));

    [Fact]
    public void PRED_CMD_can_only_be_written()
    {
        Write(_bench, Msr.PredCmd, 0);
        Write(_bench, Msr.PredCmd, 1);
        Refused(_bench, Msr.PredCmd, 2);
        _bench[Gpr.Rcx] = Msr.PredCmd;
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(_bench.Fault(BenchMode.Kernel64, a => a.rdmsr())));
        Assert.Throws<ArgumentOutOfRangeException>(() => _bench.Cpu.Registers.ReadMsr(Msr.PredCmd));
    }

    [Fact]
    public void SPEC_CTRL_refuses_reserved_bits()
    {
        Write(_bench, Msr.SpecCtrl, 5);
        Refused(_bench, Msr.SpecCtrl, 8);
        Assert.Equal(5ul, _bench.Cpu.Registers.ReadMsr(Msr.SpecCtrl));
    }

    [Fact]
    public void PAT_has_its_reset_value_and_refuses_types_that_do_not_exist()
    {
        Assert.Equal(0x0007_0406_0007_0406ul, _bench.Cpu.Registers.ReadMsr(Msr.Pat));
        Refused(_bench, Msr.Pat, 0x0007_0206_0007_0406);
        Refused(_bench, Msr.Pat, 0x0807_0406_0007_0406);
        Write(_bench, Msr.Pat, 0x0007_0501_0007_0106);
    }

    [Fact]
    public void EFER_takes_no_unknown_bit_and_no_change_of_LME_under_paging()
    {
        const ulong before = Efer.SCE | Efer.LME | Efer.LMA | Efer.NXE;
        Refused(_bench, Msr.Efer, before | 2);
        Refused(_bench, Msr.Efer, before & ~Efer.LME);
        Assert.Equal(before, _bench.Cpu.Registers.ExtendedFeatures);
    }

    [Fact]
    public void LMA_cannot_be_written()
    {
        Write(_bench, Msr.Efer, Efer.LME | Efer.NXE);
        Assert.Equal(Efer.LME | Efer.LMA | Efer.NXE, _bench.Cpu.Registers.ExtendedFeatures);
    }

    [Fact]
    public void FS_and_GS_bases_are_those_of_the_segments()
    {
        Write(_bench, Msr.FsBase, BenchLayout.KernelData);
        Write(_bench, Msr.GsBase, BenchLayout.KernelData + 8);
        _bench.Write64(BenchLayout.KernelData, 11);
        _bench.Write64(BenchLayout.KernelData + 8, 22);
        _bench[Gpr.Rbx] = 0;
        _bench.Run64(a => { a.mov(rax, __.fs[rbx]); a.mov(rcx, __.gs[rbx]); });
        Assert.Equal((11ul, 22ul), (_bench[Gpr.Rax], _bench[Gpr.Rcx]));
    }

    [Fact]
    public void SWAPGS_exchanges_the_base_of_GS_with_KERNEL_GS_BASE()
    {
        Write(_bench, Msr.GsBase, 1);
        Write(_bench, Msr.KernelGsBase, 2);
        _bench.Run64(a => a.swapgs());
        Assert.Equal((2ul, 1ul), (_bench.Cpu.Registers.ReadMsr(Msr.GsBase), _bench.Cpu.Registers.ReadMsr(Msr.KernelGsBase)));
    }

    [Fact]
    public void SWAPGS_is_for_ring_0_of_64_bit_mode()
    {
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(_bench.Fault(BenchMode.User64, a => a.swapgs())));
        Assert.Equal(Vector.InvalidOpcode, _bench.Fault(BenchMode.Kernel32, 0x0F, 0x01, 0xF8).Vector);
    }

    [Fact]
    public void The_FSGSBASE_instructions_need_CR4_FSGSBASE_64_bit_mode_and_a_canonical_base()
    {
        _bench[Gpr.Rax] = 0x7FFF_0000_1234;
        Assert.Equal(Vector.InvalidOpcode, _bench.Fault(BenchMode.User64, a => a.wrgsbase(rax)).Vector);
        _bench.SetCr4(Cr4.FSGSBASE);
        _bench.RunUser64(a => { a.wrgsbase(rax); a.wrfsbase(eax); a.rdgsbase(rcx); a.rdfsbase(rdx); a.rdgsbase(esi); });
        Assert.Equal((0x7FFF_0000_1234ul, 0x1234ul, 0x1234ul), (_bench[Gpr.Rcx], _bench[Gpr.Rdx], _bench[Gpr.Rsi]));
        _bench[Gpr.Rax] = Noncanonical;
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(_bench.Fault(BenchMode.User64, a => a.wrfsbase(rax))));
        Assert.Equal(Vector.InvalidOpcode, _bench.Fault(BenchMode.User32, 0xF3, 0x0F, 0xAE, 0xC0).Vector);
    }

    [Fact]
    public void A_write_of_the_TSC_moves_it_and_it_goes_on_from_there()
    {
        Write(_bench, Msr.Tsc, 1_000_000_000);
        _bench.Run64(a => a.rdtsc());
        Assert.InRange(_bench[Gpr.Rax], 1_000_000_000ul, 1_000_100_000ul);
    }

    private static void Write(MachineBench bench, uint address, ulong value)
    {
        SetOperands(bench, address, value);
        bench.Run64(a => a.wrmsr());
    }

    private static (Vector, uint?) Refused(MachineBench bench, uint address, ulong value)
    {
        SetOperands(bench, address, value);
        return Codes(bench.Fault(BenchMode.Kernel64, a => a.wrmsr()));
    }

    private static void SetOperands(MachineBench bench, uint address, ulong value) =>
        (bench[Gpr.Rcx], bench[Gpr.Rax], bench[Gpr.Rdx]) = (address, value | 0xFFFF_FFFF_0000_0000, value >> 32 | 0xFFFF_FFFF_0000_0000);

    private static (Vector, uint?) Codes(TakenException taken) => (taken.Vector, taken.ErrorCode);
}
