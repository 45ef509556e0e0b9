using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>
/// Machines that were set up badly end in an architectural fault, in a triple fault or with a used-up budget, in a sentence that names RIP and the
/// last instructions. SDM vol. 3A, 6.15.
/// </summary>
public class BadInputTests
{
    public static TheoryData<bool> BothModes => [false, true];

    [Theory, MemberData(nameof(BothModes))]
    public void LIDT_with_limit_0_ends_in_a_triple_fault(bool legacy)
    {
        RunResult result = legacy
            ? new LegacyBench().Complete(StopReason.TripleFault, a => { a.lidt(__[LegacyLayout.KernelData]); a.@int(0x80); })
            : new MachineBench().Try(BenchMode.Kernel64, a => { a.lidt(__[BenchLayout.KernelData]); a.@int(0x80); }).Result;
        Assert.Equal(StopReason.TripleFault, result.Reason);
        Assert.Contains("#GP(402h), then #GP(6bh), then #DF(0h), then #GP(43h)", result.Message);
        Assert.Matches("shut down at [0-9a-f]+:0+10000[78].*The last instructions: 100000 lidt .*; 10000[78] int 0x80", result.Message);
    }

    /// <summary>The first push below the page's end is a page fault, whose own frame finds no place either.</summary>
    [Theory, MemberData(nameof(BothModes))]
    public void A_stack_at_the_end_of_the_mapped_pages_ends_in_a_triple_fault_unless_a_task_or_an_IST_catches_it(bool legacy)
    {
        RunResult result;
        if (legacy)
        {
            var bench = new LegacyBench();
            bench.Map(LegacyLayout.KernelData, 0);
            bench.Place(a => { Label recursion = a.CreateLabel(); a.Label(ref recursion); a.call(recursion); });
            bench[Gpr.Rsp] = LegacyLayout.KernelData + 0x1010;
            result = bench.Go();
        }
        else
        {
            var bench = new MachineBench();
            bench.Unmap(BenchLayout.KernelData);
            for (int vector = 0; vector < 32; vector++)
                bench.SetGate((byte)vector);
            bench.Place(BenchMode.Kernel64, a => { Label recursion = a.CreateLabel(); a.Label(ref recursion); a.call(recursion); });
            bench[Gpr.Rsp] = BenchLayout.KernelData + 0x1010;
            result = bench.Go().Result;
        }

        Assert.Equal(StopReason.TripleFault, result.Reason);
        Assert.Contains("#PF(2h) at 140ff", result.Message);
        Assert.EndsWith("100000 call 0x100000.", result.Message);
    }

    [Fact]
    public void A_stack_whose_frame_begins_in_a_page_and_ends_in_a_missing_one_changes_neither()
    {
        var bench = new MachineBench();
        const ulong edge = BenchLayout.KernelData + 0x1000;
        bench.Unmap(edge - 0x1000);
        bench.SetGate((byte)Vector.InvalidOpcode);
        bench.Place(BenchMode.Kernel64, a => a.ud2());
        bench[Gpr.Rsp] = edge + 16;
        TakenException taken = bench.Go().Exception!;
        Assert.Equal((Vector.PageFault, 2u, edge - 8), (taken.Vector, taken.ErrorCode, bench.Cpu.Registers.ControlRegister2));
        Assert.Equal((0ul, 0ul), (bench.Read64(edge), bench.Read64(edge + 8)));
    }

    /// <summary>A root whose every entry is the root itself: each walk ends at the last level and maps the table.</summary>
    [Theory]
    [InlineData(null), InlineData(LegacyPaging.TwoLevel), InlineData(LegacyPaging.Pae)]
    public void Page_tables_that_loop_end_every_walk(LegacyPaging? paging)
    {
        Processor cpu;
        if (paging is { } legacy)
        {
            var bench = new LegacyBench(legacy);
            Loop(bench.Ram, LegacyLayout.PageTables, legacy == LegacyPaging.TwoLevel ? 4 : 8);
            bench.Place(a => a.mov(eax, __dword_ptr[0x1234_5678]));
            if (legacy == LegacyPaging.Pae)
                bench.Ram.WriteUInt64(LegacyLayout.PageTables, LegacyLayout.PageTables | 1);
            cpu = bench.Cpu;
        }
        else
        {
            var bench = new MachineBench();
            Loop(bench.Ram, bench.Pages.Root, 8);
            bench.Place(BenchMode.Kernel64, a => a.mov(rax, __qword_ptr[rbx]));
            cpu = bench.Cpu;
        }

        ulong table = cpu.Registers.ControlRegister3;
        cpu.Registers.ControlRegister3 = table;
        Assert.True(cpu.TryTranslate(0x1234_5678, out ulong physical));
        Assert.Equal(table + 0x678, physical);

        // The table is the code now; wherever that leads, it ends.
        RunResult result = cpu.Run(RunLimits.Instructions(10_000));
        Assert.NotEqual(StopReason.Trace, result.Reason);
        Assert.Contains(paging is null ? " 10:" : " 8:", result.Message);
    }

    [Theory, MemberData(nameof(BothModes))]
    public void A_GDT_of_rubbish_ends_in_faults(bool legacy)
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            byte[] rubbish = new byte[0x800];
            random.NextBytes(rubbish);
            ushort selector = (ushort)random.Next(0x800);
            void Code(Assembler a)
            {
                a.mov(ecx, selector);
                a.mov(ds, ecx);
                a.mov(ss, ecx);
                a.@int(3);
            }

            RunResult result;
            if (legacy)
            {
                var bench = new LegacyBench();
                bench.Place(Code, user: seed % 2 == 0);
                bench.Ram.Write(LegacyLayout.Gdt, rubbish);
                result = bench.Go();
            }
            else
            {
                var bench = new MachineBench();
                bench.Place(seed % 2 == 0 ? BenchMode.User64 : BenchMode.Kernel64, Code);
                bench.WriteBytes(BenchLayout.Gdt, rubbish);
                bench.Cpu.Registers.Gdtr = new TableRegister(BenchLayout.Gdt, 0x7FF);
                result = bench.Go().Result;
            }

            Assert.Contains(result.Reason, (StopReason[])[StopReason.TripleFault, StopReason.Halted, StopReason.InstructionBudget, StopReason.Unsupported]);
            Assert.NotEmpty(result.Message);
        }
    }

    [Theory, MemberData(nameof(BothModes))]
    public void A_GDT_without_the_handlers_segment_ends_in_a_triple_fault(bool legacy)
    {
        RunResult result;
        if (legacy)
        {
            var bench = new LegacyBench();
            bench.Cpu.Registers.Gdtr = new TableRegister(LegacyLayout.Gdt, 7);
            result = bench.Complete(StopReason.TripleFault, a => a.ud2());
        }
        else
        {
            var bench = new MachineBench();
            bench.Cpu.Registers.Gdtr = new TableRegister(BenchLayout.Gdt, 7);
            result = bench.Try(BenchMode.Kernel64, a => a.ud2()).Result;
        }

        Assert.Contains("#UD, then #GP(", result.Message);
        Assert.Equal("ud2", Assert.Single(result.LastInstructions).Text);
    }

    [Theory, MemberData(nameof(BothModes))]
    public void HLT_with_interrupts_off_ends_the_run_though_an_interrupt_waits(bool legacy)
    {
        Processor cpu;
        if (legacy)
        {
            var bench = new LegacyBench();
            bench.Place(a => { a.cli(); a.hlt(); });
            cpu = bench.Cpu;
        }
        else
        {
            var bench = new MachineBench();
            bench.Place(BenchMode.Kernel64, a => { a.cli(); a.hlt(); });
            cpu = bench.Cpu;
        }

        cpu.Interrupts.Schedule(0x40, cpu.Clock + 100);
        RunResult result = cpu.Run(RunLimits.Instructions(100));
        Assert.Equal((StopReason.Halted, 2L), (result.Reason, result.Instructions));
        Assert.EndsWith("The last instructions: 100000 cli; 100001 hlt.", result.Message);
    }

    [Fact]
    public void A_jump_into_nowhere_is_a_page_fault_at_its_target()
    {
        var bench = new LegacyBench();
        LegacyEvent taken = bench.Fault(a => a.jmp(0xDEAD_0000));
        Assert.Equal((Vector.PageFault, 0u, 0xDEAD_0000u), (taken.Vector, taken.ErrorCode, taken.Eip));
    }

    [Fact]
    public void A_jump_behind_RAM_without_paging_finds_no_instruction()
    {
        var bench = new LegacyBench(LegacyPaging.None);
        LegacyEvent taken = bench.Fault(a => a.jmp(0xDEAD_0000));
        Assert.Equal((Vector.InvalidOpcode, 0xDEAD_0000u), (taken.Vector, taken.Eip));
    }

    [Fact]
    public void A_task_gate_to_a_task_of_rubbish_ends_in_faults()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var bench = new LegacyBench((LegacyPaging)(seed % 3));
            byte[] rubbish = new byte[104];
            random.NextBytes(rubbish);
            rubbish[38] &= 0xFD;
            bench.Ram.Write(LegacyLayout.OtherTss, rubbish);
            bench.SetGate(0x80, type: Descriptor.TaskGate, selector: LegacySelectors.OtherTss);
            bench.Place(a => a.@int(0x80));
            Assert.Contains(bench.Go().Reason, (StopReason[])[StopReason.TripleFault, StopReason.Halted, StopReason.InstructionBudget]);
            Assert.NotEqual(0ul, bench.DescriptorAt(LegacySelectors.OtherTss) & 1ul << 41);
        }
    }

    private static void Loop(PhysicalMemory ram, ulong table, int entrySize)
    {
        for (int offset = 0; offset < 0x1000; offset += 8)
            ram.WriteUInt64(table + (ulong)offset, entrySize == 8 ? table | 7 : (table | 7) * 0x1_0000_0001);
    }
}
