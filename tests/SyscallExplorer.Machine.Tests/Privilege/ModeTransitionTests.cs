using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 3A, 9.8.5 (into and out of long mode) and 4.1.2; vol. 2B, MOV—Control Registers; and the modes that are not emulated.</summary>
public class ModeTransitionTests
{
    private const uint LongTables = 0x5_8000;
    private const ushort Code64 = LegacySelectors.Free;
    private const ulong Protected = Cr0.PE | Cr0.MP | Cr0.ET | Cr0.NE | Cr0.WP | Cr0.AM;
    private static readonly CpuModel s_withLa57 = Cpus.Skylake with { Features = new HashSet<CpuFeature>([.. Cpus.Skylake.Features, CpuFeature.La57]) };

    public static TheoryData<LegacyPaging, bool> Ways => new()
    {
        { LegacyPaging.None, false }, { LegacyPaging.TwoLevel, false }, { LegacyPaging.Pae, false }, { LegacyPaging.Pae, true },
    };

    [Theory, MemberData(nameof(Ways))]
    public void Long_mode_is_entered_in_the_documented_order_and_left_again(LegacyPaging paging, bool fiveLevels)
    {
        LegacyBench bench = BenchWithLongTables(paging, fiveLevels);
        bench.Complete(a =>
        {
            EnterCompatibilityMode(a, fiveLevels);
            a.jmp(Code64, LegacyLayout.KernelCode + 0x400);
        }, LegacyLayout.KernelCode + 0x400, MachineBench.Assemble(64, LegacyLayout.KernelCode + 0x400, a =>
        {
            a.mov(rsi, 0x1122_3344_5566_7788);
            a.mov(rdi, rsi);
            a.push(LegacySelectors.KernelCode);
            a.push((int)(LegacyLayout.KernelCode + 0x600));
            a.AddInstruction(Instruction.Create(Code.Retfq));
        }), LegacyLayout.KernelCode + 0x600, MachineBench.Assemble(32, LegacyLayout.KernelCode + 0x600, a =>
        {
            a.mov(eax, cr0);
            a.and(eax, 0x7FFF_FFFF);
            a.mov(cr0, eax);
            a.mov(ecx, Msr.Efer);
            a.rdmsr();
            a.hlt();
        }));
        ProcessorRegisters registers = bench.Cpu.Registers;
        Assert.Equal((0x1122_3344_5566_7788ul, Efer.LME), (bench[Gpr.Rdi], bench[Gpr.Rax] & (Efer.LME | Efer.LMA)));
        Assert.Equal((Efer.LME, 0ul), (registers.ExtendedFeatures & (Efer.LME | Efer.LMA), registers.ControlRegister0 & Cr0.PG));
        Assert.False(bench.Cpu.IsIn64BitMode);
    }

    [Fact]
    public void After_PG_is_set_the_code_goes_on_in_compatibility_mode()
    {
        LegacyBench bench = BenchWithLongTables(LegacyPaging.None, fiveLevels: false);
        bench.Complete(a =>
        {
            EnterCompatibilityMode(a, fiveLevels: false);
            a.mov(ecx, Msr.Efer);
            a.rdmsr();
        });
        Assert.Equal(Efer.LME | Efer.LMA, bench[Gpr.Rax]);
        Assert.False(bench.Cpu.IsIn64BitMode);
    }

    public static TheoryData<string> Refusals => ["without PAE", "in a segment with L", "with a 16-bit TSS"];

    [Theory, MemberData(nameof(Refusals))]
    public void PG_with_LME_is_refused(string why)
    {
        LegacyBench bench = BenchWithLongTables(LegacyPaging.None, fiveLevels: false);
        bench.Cpu.Registers.ExtendedFeatures = Efer.LME;
        bench.Cpu.Registers.ControlRegister4 = why == "without PAE" ? 0 : Cr4.PAE;
        bench.Cpu.Registers.ControlRegister3 = LongTables;
        bench.Place(a => a.mov(cr0, eax));
        bench[Gpr.Rax] = Protected | Cr0.PG;
        if (why == "in a segment with L")
            bench.Cpu.Registers[SegmentName.CS] = bench.Cpu.Registers[SegmentName.CS] with { Access = 0xE09B };
        if (why == "with a 16-bit TSS")
            bench.Cpu.Registers.TaskRegister = bench.Cpu.Registers.TaskRegister with { Access = 0x83 };
        LegacyEvent taken = bench.Fault();
        Assert.Equal((Vector.GeneralProtection, 0u, LegacyLayout.KernelCode), (taken.Vector, taken.ErrorCode, taken.Eip));
        Assert.Equal(0ul, bench.Cpu.Registers.ExtendedFeatures & Efer.LMA);
    }

    [Fact]
    public void LME_cannot_change_while_paging()
    {
        var bench = new LegacyBench();
        bench[Gpr.Rcx] = Msr.Efer;
        bench[Gpr.Rax] = Efer.LME;
        bench[Gpr.Rdx] = 0;
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(bench.Fault(a => a.wrmsr())));
    }

    [Fact]
    public void PAE_cannot_be_cleared_and_PG_neither_in_64_bit_mode()
    {
        var bench = new MachineBench();
        bench[Gpr.Rax] = 0;
        Assert.Equal(Vector.GeneralProtection, bench.Fault(BenchMode.Kernel64, a => a.mov(cr4, rax)).Vector);
        bench[Gpr.Rax] = Protected;
        Assert.Equal(Vector.GeneralProtection, bench.Fault(BenchMode.Kernel64, a => a.mov(cr0, rax)).Vector);
    }

    [Fact]
    public void PCIDE_needs_long_mode()
    {
        var bench = new LegacyBench(LegacyPaging.Pae);
        bench[Gpr.Rax] = Cr4.PAE | Cr4.PCIDE;
        Assert.Equal(Vector.GeneralProtection, bench.Fault(a => a.mov(cr4, eax)).Vector);
    }

    /// <summary>
    /// SDM vol. 3A, 4.1.2: 32-bit and PAE paging may follow each other without a pause. The directory of the one is then the pointer table
    /// of the other: its first entry, read as 8 bytes, must do for both.
    /// </summary>
    [Fact]
    public void Setting_PAE_while_paging_changes_the_tables_at_once()
    {
        var bench = new LegacyBench();
        const uint root = LegacyLayout.PageTables + 0x2_0000;
        const uint directory = root + 0x1000;

        // As a 32-bit table it maps the first 2 MiB to themselves; as a PAE directory its first entries are 4 KiB tables.
        for (uint i = 0; i < 1024; i++)
            bench.Write32(directory + i * 4, i << 12 | 3);
        bench.Write32(root, directory | 3);
        bench.Cpu.Registers.ControlRegister3 = root;
        bench.Cpu.Registers.ControlRegister4 = 0;
        bench[Gpr.Rax] = Cr4.PAE;
        Assert.Equal(Vector.GeneralProtection, bench.Fault(a => a.mov(cr4, eax)).Vector);
        bench.Ram.WriteUInt64(root, directory | 1);
        bench[Gpr.Rax] = Cr4.PAE;
        bench.Place(a => a.mov(cr4, eax));
        bench.Step();
        Assert.Equal(Cr4.PAE, bench.Cpu.Registers.ControlRegister4);
        Assert.False(bench.Cpu.TryTranslate(LegacyLayout.KernelCode + 0x4000_0000, out _));
    }

    [Fact]
    public void Real_mode_is_reported_with_the_instruction_that_would_enter_it()
    {
        var bench = new LegacyBench(LegacyPaging.None);
        bench[Gpr.Rax] = Cr0.ET;
        RunResult result = bench.Complete(StopReason.Unsupported, a => { a.nop(); a.mov(cr0, eax); });
        Assert.Equal(
            "The instruction 'mov cr0, eax' (0F22C0) at 8:0000000000100001 would clear CR0.PE and enter real mode, which the kit does not emulate.", result.Message);
        Assert.Equal((LegacyLayout.KernelCode + 1, Code.Mov_cr_r32), (bench.Cpu.LastUnsupported!.Rip, bench.Cpu.LastUnsupported.Code));
        Assert.Equal(Cr0.PE, bench.Cpu.Registers.ControlRegister0 & Cr0.PE);
    }

    [Fact]
    public void A_processor_in_real_mode_says_so_and_does_not_run()
    {
        var cpu = new Processor(Cpus.Skylake, new Bus(new PhysicalMemory(2 << 20)));
        RunResult result = cpu.Run(RunLimits.Instructions(100));
        Assert.Equal((StopReason.Unsupported, 0L), (result.Reason, result.Instructions));
        Assert.Contains("real mode (CR0.PE = 0)", result.Message);
        Assert.Null(cpu.LastUnsupported);
    }

    [Fact]
    public void A_return_to_virtual_8086_mode_is_reported_before_anything_has_changed()
    {
        var bench = new LegacyBench();
        bench.Place(a => { a.push((int)(Rflags.VM | Rflags.Fixed)); a.push(0x1000); a.push(0); a.iretd(); });
        RunResult result = bench.Go();
        Assert.Equal(StopReason.Unsupported, result.Reason);
        Assert.Contains("'iretd'", result.Message);
        Assert.Contains("virtual-8086 mode", result.Message);
        Assert.Equal(LegacyLayout.KernelStackTop - 12, bench[Gpr.Rsp]);
    }

    [Fact]
    public void VM_set_by_the_owner_is_reported_and_POPF_ignores_it()
    {
        var bench = new LegacyBench();
        bench.Complete(a => { a.push((int)(Rflags.VM | Rflags.Fixed)); a.popfd(); });
        Assert.Equal(0ul, bench.Flags & Rflags.VM);
        bench.Flags |= Rflags.VM;
        Assert.Contains("virtual-8086 mode (EFLAGS.VM = 1)", bench.Go().Message);
    }

    private static LegacyBench BenchWithLongTables(LegacyPaging paging, bool fiveLevels)
    {
        var bench = new LegacyBench(paging, fiveLevels ? s_withLa57 : null);
        var tables = new PageTables(bench.Ram, fiveLevels ? LongTables + 0x1000 : LongTables);
        for (ulong address = 0; address < LegacyLayout.RamSize; address += 2 << 20)
            tables.MapLarge(address, address, 3);
        if (fiveLevels)
            bench.Ram.WriteUInt64(LongTables, tables.Root | 3);
        bench.Define(Code64, BenchDescriptors.Make(BenchDescriptors.ReadableCode, longMode: true));
        return bench;
    }

    /// <summary>Paging off, PAE, the root, LME, paging on. SDM vol. 3A, 9.8.5.</summary>
    private static void EnterCompatibilityMode(Assembler a, bool fiveLevels)
    {
        a.mov(eax, (int)Protected);
        a.mov(cr0, eax);
        a.mov(eax, (int)(Cr4.PAE | (fiveLevels ? Cr4.LA57 : 0)));
        a.mov(cr4, eax);
        a.mov(eax, LongTables);
        a.mov(cr3, eax);
        a.mov(ecx, Msr.Efer);
        a.rdmsr();
        a.or(eax, (int)Efer.LME);
        a.wrmsr();
        a.mov(eax, unchecked((int)(Protected | Cr0.PG)));
        a.mov(cr0, eax);
    }

    private static (Vector, uint?) Codes(LegacyEvent taken) => (taken.Vector, taken.ErrorCode);
}

file static class Pieces
{
    /// <summary>Runs code with other pieces of code placed beside it; the last one halts.</summary>
    public static void Complete(this LegacyBench bench, Action<Assembler> code, uint first, byte[] firstPiece, uint second, byte[] secondPiece)
    {
        bench.Place(code);
        bench.Ram.Write(first, firstPiece);
        bench.Ram.Write(second, secondPiece);
        bench.Complete();
    }
}
