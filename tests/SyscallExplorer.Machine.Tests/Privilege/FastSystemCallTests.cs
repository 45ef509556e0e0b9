using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 2B and APM vol. 3: SYSCALL, SYSRET, SYSENTER, SYSEXIT, and where the vendors differ.</summary>
public class FastSystemCallTests
{
    private const ulong Entry = BenchLayout.KernelCode + 0x400;
    private const ulong CompatEntry = BenchLayout.KernelCode + 0x500;
    private const ulong EntryStack = BenchLayout.KernelStackTop - 0x800;
    private const ulong UserTarget = BenchLayout.UserCode + 0x400;
    private const ulong Star = (ulong)BenchSelectors.UserCode32 << 48 | (ulong)BenchSelectors.KernelCode64 << 32;
    private static readonly Segment KernelCode = new(BenchSelectors.KernelCode64, 0, uint.MaxValue, 0xA09B);
    private static readonly Segment KernelStack = new(BenchSelectors.KernelData, 0, uint.MaxValue, 0xC093);
    private static readonly Segment UserStack = new(BenchSelectors.UserData, 0, uint.MaxValue, 0xC0F3);

    public static TheoryData<string> Vendors => ["Skylake", "Zen2"];

    [Theory, MemberData(nameof(Vendors))]
    public void SYSCALL_saves_RIP_and_RFLAGS_and_loads_fixed_segments(string model)
    {
        MachineBench bench = Make(model);
        bench.Flags = Rflags.IF | Rflags.DF | Rflags.AC | Rflags.CF | Rflags.NT;
        bench.Place(BenchMode.User64, a => a.syscall());
        bench.Go();
        Assert.Equal(Entry + 1, bench.Cpu.Registers.Rip);
        Assert.Equal((BenchLayout.UserCode + 2, Rflags.IF | Rflags.DF | Rflags.AC | Rflags.CF | Rflags.NT | Rflags.Fixed), (bench[Gpr.Rcx], bench[Gpr.R11]));
        Assert.Equal(BenchLayout.UserStackTop, bench[Gpr.Rsp]);
        Assert.Equal((KernelCode, KernelStack), (bench.Cpu.Registers[SegmentName.CS], bench.Cpu.Registers[SegmentName.SS]));
        Assert.Equal((Rflags.AC | Rflags.CF | Rflags.NT | Rflags.Fixed, 0), (bench.Flags, bench.Cpu.CurrentPrivilegeLevel));
    }

    [Fact]
    public void SYSCALL_reads_no_descriptor()
    {
        MachineBench bench = Make("Skylake");
        bench.Cpu.Registers.Gdtr = default;
        bench.Place(BenchMode.User64, a => a.syscall());
        Assert.Equal(StopReason.Halted, bench.Go().Result.Reason);
        Assert.Equal(Entry + 1, bench.Cpu.Registers.Rip);
    }

    [Fact]
    public void SYSCALL_saves_R11_with_RF_clear()
    {
        MachineBench bench = Make("Skylake");
        bench.Flags = Rflags.RF;
        bench.Place(BenchMode.User64, a => a.syscall());
        bench.Go();
        Assert.Equal(Rflags.Fixed, bench[Gpr.R11]);
    }

    [Fact]
    public void SYSCALL_leaves_GS_and_its_base()
    {
        MachineBench bench = Make("Skylake");
        bench.Cpu.Registers.WriteMsr(Msr.GsBase, 0x1234);
        bench.Cpu.Registers.WriteMsr(Msr.KernelGsBase, 0x5678);
        bench.Place(BenchMode.User64, a => a.syscall());
        bench.Go();
        Assert.Equal((0x1234ul, 0x5678ul), (bench.Cpu.Registers[SegmentName.GS].Base, bench.Cpu.Registers.KernelGsBase));
    }

    [Theory]
    [InlineData("Skylake", BenchMode.User64), InlineData("Zen2", BenchMode.User64), InlineData("Zen2", BenchMode.User32)]
    public void SYSCALL_and_SYSRET_without_SCE_are_no_instructions(string model, BenchMode mode)
    {
        MachineBench bench = Make(model);
        bench.Cpu.Registers.ExtendedFeatures &= ~Efer.SCE;
        Assert.Equal(Vector.InvalidOpcode, bench.Fault(mode, 0x0F, 0x05).Vector);
        Assert.Equal(Vector.InvalidOpcode, bench.Fault(BenchMode.Kernel64, a => a.sysretq()).Vector);
    }

    [Fact]
    public void SYSCALL_in_compatibility_mode_is_no_instruction_on_Intel()
    {
        TakenException taken = Make("Skylake").Fault(BenchMode.User32, 0x0F, 0x05);
        Assert.Equal((Vector.InvalidOpcode, BenchLayout.UserCode), (taken.Vector, taken.Rip));
    }

    [Fact]
    public void SYSCALL_in_compatibility_mode_goes_to_CSTAR_on_Amd()
    {
        MachineBench bench = Make("Zen2");
        bench[Gpr.Rcx] = ulong.MaxValue;
        bench.Flags = Rflags.IF;
        bench.Place(BenchMode.User32, 0x0F, 0x05);
        bench.Go();
        Assert.Equal((CompatEntry + 1, BenchLayout.UserCode + 2, Rflags.IF | Rflags.Fixed), (bench.Cpu.Registers.Rip, bench[Gpr.Rcx], bench[Gpr.R11]));
        Assert.Equal((KernelCode, Rflags.Fixed), (bench.Cpu.Registers[SegmentName.CS], bench.Flags));
    }

    [Fact]
    public void A_TF_that_FMASK_clears_does_not_trap_in_the_kernel()
    {
        MachineBench bench = Make("Skylake");
        bench.Flags = Rflags.TF;
        bench.Place(BenchMode.User64, a => a.syscall());
        Assert.Null(bench.Go().Exception);
        Assert.Equal((Entry + 1, Rflags.TF | Rflags.Fixed), (bench.Cpu.Registers.Rip, bench[Gpr.R11]));
    }

    [Fact]
    public void A_TF_that_FMASK_leaves_traps_at_the_first_kernel_instruction()
    {
        MachineBench bench = Make("Skylake");
        bench.Cpu.Registers.WriteMsr(Msr.Fmask, 0);
        bench.Flags = Rflags.TF;
        TakenException taken = bench.Fault(BenchMode.User64, a => a.syscall());
        Assert.Equal((Vector.Debug, Entry, BenchSelectors.KernelCode64, BenchLayout.UserStackTop), (taken.Vector, taken.Rip, taken.Cs, taken.Rsp));
    }

    [Fact]
    public void SYSCALL_at_the_end_of_the_canonical_range_saves_a_noncanonical_address()
    {
        MachineBench bench = Make("Skylake");
        const ulong last = 0x0000_7FFF_FFFF_F000;
        bench.Pages.Map(last, BenchLayout.UserData, 7);
        bench.WriteBytes(BenchLayout.UserData + 0xFFE, 0x0F, 0x05);
        bench.Place(BenchMode.User64);
        bench.Cpu.Registers.Rip = last + 0xFFE;
        bench.Go();
        Assert.Equal((Entry + 1, 1ul << 47), (bench.Cpu.Registers.Rip, bench[Gpr.Rcx]));
    }

    [Theory, MemberData(nameof(Vendors))]
    public void SYSRET_goes_to_64_bit_code_in_ring_3(string model)
    {
        MachineBench bench = Make(model);
        BenchRun run = Sysret(bench, UserTarget, Rflags.CF);
        Assert.Null(run.Exception);
        Assert.Equal((BenchSelectors.UserCode64, BenchLayout.KernelStackTop), (Saved(bench, 1), run.Rsp));
        Assert.Equal((UserTarget + 2, Rflags.CF | Rflags.Fixed, BenchSelectors.UserData), (Saved(bench, 0), run.Flags, Saved(bench, 4)));
    }

    [Theory, MemberData(nameof(Vendors))]
    public void SYSRET_without_REX_W_goes_to_compatibility_mode_at_ECX(string model)
    {
        MachineBench bench = Make(model);
        BenchRun run = Sysret(bench, 0xABCD_0000_0000_0000 | UserTarget, 0, a => a.sysret());
        Assert.Null(run.Exception);
        Assert.Equal((BenchSelectors.UserCode32, UserTarget + 2), (Saved(bench, 1), Saved(bench, 0)));
    }

    [Fact]
    public void SYSRET_takes_the_flags_that_exist_but_RF_and_VM()
    {
        MachineBench bench = Make("Skylake");
        BenchRun run = Sysret(bench, UserTarget, ~Rflags.TF);
        Assert.Equal(0x3C7FD7ul & ~Rflags.TF, run.Flags);
    }

    [Fact]
    public void The_TF_that_SYSRET_brings_traps_before_the_next_instruction()
    {
        MachineBench bench = Make("Skylake");
        TakenException? taken = Sysret(bench, UserTarget, Rflags.TF).Exception;
        Assert.Equal((Vector.Debug, UserTarget, BenchSelectors.UserCode64), (taken?.Vector, taken?.Rip, taken?.Cs));
    }

    [Fact]
    public void Sysret_to_a_noncanonical_address_faults_in_ring_0_on_Intel()
    {
        MachineBench bench = Make("Skylake");
        TakenException? taken = Sysret(bench, 1ul << 47, 0).Exception;
        Assert.Equal((Vector.GeneralProtection, 0u, BenchLayout.KernelCode, BenchSelectors.KernelCode64), (taken?.Vector, taken?.ErrorCode, taken?.Rip, taken?.Cs));
        Assert.Equal((BenchSelectors.KernelData, BenchLayout.KernelStackTop), (taken?.Ss, taken?.Rsp));
    }

    [Fact]
    public void Sysret_to_a_noncanonical_address_faults_in_ring_3_on_Amd()
    {
        MachineBench bench = Make("Zen2");
        TakenException? taken = Sysret(bench, 1ul << 47, 0).Exception;
        Assert.Equal((Vector.GeneralProtection, 0u, 1ul << 47, BenchSelectors.UserCode64), (taken?.Vector, taken?.ErrorCode, taken?.Rip, taken?.Cs));
    }

    [Theory]
    [InlineData("Skylake", true), InlineData("Zen2", false)]
    public void Sysret_loads_the_attributes_of_SS_on_Intel_only(string model, bool loaded)
    {
        MachineBench bench = Make(model);
        bench.WriteBytes(UserTarget, 0x90);
        bench.Place(BenchMode.Kernel64, a => a.sysretq());
        bench.Cpu.Registers[SegmentName.SS] = new Segment(0, 0, 0, 0);
        bench[Gpr.Rcx] = UserTarget;
        bench.Cpu.Run(RunLimits.Instructions(1));
        Assert.Equal(loaded ? UserStack : new Segment(BenchSelectors.UserData, 0, 0, 0), bench.Cpu.Registers[SegmentName.SS]);
    }

    [Fact]
    public void A_null_SS_that_SYSRET_left_on_Amd_faults_at_the_first_use_in_compatibility_mode()
    {
        MachineBench bench = Make("Zen2");
        bench.WriteBytes(UserTarget, 0x50);
        bench.Place(BenchMode.Kernel64, a => a.sysret());
        bench.Cpu.Registers[SegmentName.SS] = new Segment(0, 0, 0, 0);
        bench[Gpr.Rcx] = UserTarget;
        TakenException? taken = bench.Go().Exception;
        Assert.Equal((Vector.StackFault, 0u, UserTarget), (taken?.Vector, taken?.ErrorCode, taken?.Rip));
    }

    [Fact]
    public void SYSRET_and_SYSEXIT_in_ring_3_are_refused()
    {
        MachineBench bench = Make("Skylake");
        Assert.Equal(Vector.GeneralProtection, bench.Fault(BenchMode.User64, a => a.sysretq()).Vector);
        Assert.Equal(Vector.GeneralProtection, bench.Fault(BenchMode.User64, a => a.sysexitq()).Vector);
        Assert.Equal(Vector.GeneralProtection, bench.Fault(BenchMode.User32, a => a.sysexit()).Vector);
    }

    [Theory]
    [InlineData("Skylake", false), InlineData("Zen2", true)]
    public void SYSRET_in_compatibility_mode_is_for_Amd(string model, bool legal)
    {
        MachineBench bench = Make(model);
        bench.WriteBytes(UserTarget, 0xCD, 0xFF);
        bench[Gpr.Rcx] = UserTarget;
        Assert.Equal(legal ? null : Vector.InvalidOpcode, bench.Try(BenchMode.Kernel32, 0x0F, 0x07).Exception?.Vector);
    }

    [Theory]
    [InlineData(BenchMode.User32), InlineData(BenchMode.User64)]
    public void SYSENTER_loads_everything_from_its_MSRs_and_clears_IF_alone(BenchMode mode)
    {
        MachineBench bench = Make("Skylake");
        bench.Flags = Rflags.IF | Rflags.DF | Rflags.AC | Rflags.NT | Rflags.IOPL;
        bench[Gpr.Rcx] = 0x11;
        bench.Place(mode, 0x0F, 0x34);
        bench.Go();
        Assert.Equal((Entry + 1, EntryStack), (bench.Cpu.Registers.Rip, bench[Gpr.Rsp]));
        Assert.Equal((KernelCode, KernelStack), (bench.Cpu.Registers[SegmentName.CS], bench.Cpu.Registers[SegmentName.SS]));
        Assert.Equal(Rflags.DF | Rflags.AC | Rflags.NT | Rflags.IOPL | Rflags.Fixed, bench.Flags);
        Assert.Equal(0x11ul, bench[Gpr.Rcx]);
    }

    [Fact]
    public void SYSENTER_with_TF_traps_in_the_kernel()
    {
        MachineBench bench = Make("Skylake");
        bench.Flags = Rflags.TF;
        TakenException taken = bench.Fault(BenchMode.User32, 0x0F, 0x34);
        Assert.Equal((Vector.Debug, Entry, BenchSelectors.KernelCode64, EntryStack), (taken.Vector, taken.Rip, taken.Cs, taken.Rsp));
        Assert.Equal(Rflags.TF | Rflags.Fixed, taken.Flags);
    }

    [Theory]
    [InlineData(0ul), InlineData(3ul)]
    public void SYSENTER_and_SYSEXIT_with_a_null_selector_are_refused(ulong selector)
    {
        MachineBench bench = Make("Skylake");
        bench.Cpu.Registers.WriteMsr(Msr.SysenterCs, selector);
        TakenException taken = bench.Fault(BenchMode.User32, 0x0F, 0x34);
        Assert.Equal((Vector.GeneralProtection, 0u, BenchLayout.UserCode), (taken.Vector, taken.ErrorCode, taken.Rip));
        Assert.Equal(Vector.GeneralProtection, bench.Fault(BenchMode.Kernel64, a => a.sysexitq()).Vector);
    }

    [Theory]
    [InlineData(BenchMode.User32), InlineData(BenchMode.User64), InlineData(BenchMode.Kernel64)]
    public void SYSENTER_and_SYSEXIT_are_no_instructions_in_long_mode_on_Amd(BenchMode mode)
    {
        Assert.Equal(Vector.InvalidOpcode, Make("Zen2").Fault(mode, 0x0F, 0x34).Vector);

        // SYSEXIT looks at the privilege level first: so silicon does.
        Vector ofSysexit = mode == BenchMode.Kernel64 ? Vector.InvalidOpcode : Vector.GeneralProtection;
        Assert.Equal(ofSysexit, Make("Zen2").Fault(mode, 0x0F, 0x35).Vector);
    }

    [Fact]
    public void SYSEXIT_goes_to_32_bit_code_at_EDX_with_the_stack_of_ECX_and_leaves_the_flags()
    {
        MachineBench bench = Make("Skylake");
        bench.Flags = Rflags.AC | Rflags.NT;
        BenchRun run = Sysexit(bench, a => a.sysexit(), 0xFFFF_0000_0000_0000);
        Assert.Null(run.Exception);
        Assert.Equal((BenchLayout.UserStackTop, Rflags.AC | Rflags.NT | Rflags.Fixed), (run.Rsp, run.Flags));
        Assert.Equal((UserTarget + 2, BenchSelectors.KernelCode64 + 16 | 3, BenchSelectors.KernelCode64 + 24 | 3), (Saved(bench, 0), (int)Saved(bench, 1), (int)Saved(bench, 4)));
    }

    [Fact]
    public void SYSEXIT_with_REX_W_goes_to_64_bit_code()
    {
        MachineBench bench = Make("Skylake");
        Sysexit(bench, a => a.sysexitq(), 0);
        Assert.Equal((UserTarget + 2, BenchSelectors.KernelCode64 + 32 | 3, BenchSelectors.KernelCode64 + 40 | 3), (Saved(bench, 0), (int)Saved(bench, 1), (int)Saved(bench, 4)));
    }

    [Theory]
    [InlineData(Gpr.Rcx), InlineData(Gpr.Rdx)]
    public void SYSEXIT_with_REX_W_wants_canonical_addresses(Gpr register)
    {
        MachineBench bench = Make("Skylake");
        bench[Gpr.Rcx] = BenchLayout.UserStackTop;
        bench[Gpr.Rdx] = UserTarget;
        bench[register] = 1ul << 47;
        TakenException taken = bench.Fault(BenchMode.Kernel64, a => a.sysexitq());
        Assert.Equal((Vector.GeneralProtection, 0u, BenchSelectors.KernelCode64), (taken.Vector, taken.ErrorCode, taken.Cs));
    }

    [Fact]
    public void Masks_and_selectors_come_from_the_MSRs_without_their_RPL()
    {
        MachineBench bench = Make("Skylake");
        bench.Cpu.Registers.WriteMsr(Msr.Star, Star | 3ul << 32);
        bench.Place(BenchMode.User64, a => a.syscall());
        bench.Go();
        Assert.Equal(KernelCode, bench.Cpu.Registers[SegmentName.CS]);
    }

    private static MachineBench Make(string model)
    {
        var bench = new MachineBench(Cpus.Find(model));
        bench.Cpu.Registers.WriteMsr(Msr.Star, Star);
        bench.Cpu.Registers.WriteMsr(Msr.Lstar, Entry);
        bench.Cpu.Registers.WriteMsr(Msr.Cstar, CompatEntry);
        bench.Cpu.Registers.WriteMsr(Msr.Fmask, Rflags.TF | Rflags.IF | Rflags.DF);
        bench.Cpu.Registers.WriteMsr(Msr.SysenterCs, BenchSelectors.KernelCode64);
        bench.Cpu.Registers.WriteMsr(Msr.SysenterEsp, EntryStack);
        bench.Cpu.Registers.WriteMsr(Msr.SysenterEip, Entry);
        bench.WriteBytes(Entry, 0xF4);
        bench.WriteBytes(CompatEntry, 0xF4);
        return bench;
    }

    private static BenchRun Sysret(MachineBench bench, ulong target, ulong flags, Action<Assembler>? code = null)
    {
        bench.WriteBytes(UserTarget, 0xCD, 0xFF);
        bench[Gpr.Rcx] = target;
        bench[Gpr.R11] = flags;
        return bench.Try(BenchMode.Kernel64, code ?? (a => a.sysretq()));
    }

    private static BenchRun Sysexit(MachineBench bench, Action<Assembler> code, ulong upper)
    {
        bench.WriteBytes(UserTarget, 0xCD, 0xFF);
        bench[Gpr.Rcx] = BenchLayout.UserStackTop | upper;
        bench[Gpr.Rdx] = UserTarget | upper;
        return bench.Try(BenchMode.Kernel64, code);
    }

    /// <summary>A word of the frame that INT FFh built.</summary>
    private static ulong Saved(MachineBench bench, int word) => bench.Read64(bench[Gpr.Rsp] + (ulong)word * 8);
}
