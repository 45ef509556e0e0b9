using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;
using static SyscallExplorer.Machine.Tests.BenchDescriptors;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 3A, 7.3 to 7.5 and table 7-1: task gates in the IDT and IRET with NT; vol. 2A, INT n, TASK-GATE, and IRET, TASK-RETURN.</summary>
public class TaskSwitchTests
{
    private const uint HandlerCode = LegacyLayout.KernelCode + 0x800;
    private const ulong BusyBit = 1ul << 41;
    private readonly LegacyBench _bench = new();

    public TaskSwitchTests()
    {
        _bench.SetGate((byte)Vector.DoubleFault, type: Descriptor.TaskGate, selector: LegacySelectors.DoubleFaultTss);
        _bench.SetGate(0x80, type: Descriptor.TaskGate, dpl: 3, selector: LegacySelectors.OtherTss);
        _bench.Write32(LegacyLayout.OtherTss + 32, HandlerCode);
        _bench.Ram.Write(HandlerCode, [0xF4]);
    }

    [Theory]
    [InlineData(LegacyPaging.None), InlineData(LegacyPaging.TwoLevel), InlineData(LegacyPaging.Pae)]
    public void A_kernel_whose_stack_is_gone_reaches_its_double_fault_task(LegacyPaging paging)
    {
        var bench = new LegacyBench(paging);
        bench.SetGate((byte)Vector.DoubleFault, type: Descriptor.TaskGate, selector: LegacySelectors.DoubleFaultTss);
        bench.Define(LegacySelectors.Free, Make(WritableData, limit: 0xFFF, pages: false));
        bench.Place(a => { a.nop(); a.push(eax); });
        bench.Cpu.Registers[SegmentName.SS] = bench.SegmentOf(LegacySelectors.Free);
        bench[Gpr.Rbx] = 0x1234;
        Assert.Equal(StopReason.Halted, bench.Go().Reason);
        Assert.Equal(Vector.DoubleFault, bench.TakenVector);
        Assert.Equal(LegacyLayout.DoubleFaultStackTop - 4, bench[Gpr.Rsp]);
        Assert.Equal(0u, bench.Read32(LegacyLayout.DoubleFaultStackTop - 4));

        // The old task's state tells where it died.
        Assert.Equal((LegacyLayout.KernelCode + 1, 0x1234u), (bench.Read32(LegacyLayout.Tss + 32), bench.Read32(LegacyLayout.Tss + 52)));
        Assert.Equal((LegacySelectors.Free, LegacyLayout.KernelStackTop), (bench.Read16(LegacyLayout.Tss + 80), bench.Read32(LegacyLayout.Tss + 56)));
        Assert.Equal(LegacySelectors.Tss, bench.Read16(LegacyLayout.DoubleFaultTss));
        Assert.Equal(Rflags.NT | Rflags.Fixed, bench.Flags);
        Assert.Equal(Cr0.TS, bench.Cpu.Registers.ControlRegister0 & Cr0.TS);
        Assert.Equal((LegacySelectors.DoubleFaultTss, 0x8B), (bench.Cpu.Registers.TaskRegister.Selector, bench.Cpu.Registers.TaskRegister.Access));
        Assert.Equal((BusyBit, BusyBit), (bench.DescriptorAt(LegacySelectors.Tss) & BusyBit, bench.DescriptorAt(LegacySelectors.DoubleFaultTss) & BusyBit));
    }

    [Fact]
    public void IRET_with_NT_returns_to_the_task_that_was_interrupted()
    {
        _bench.Ram.Write(HandlerCode, MachineBench.Assemble(32, HandlerCode, a => { a.mov(esi, 0x77); a.iretd(); a.mov(edi, 0x88); a.iretd(); }));
        _bench.Flags = Rflags.ID;
        _bench.SetGate(0xFE, dpl: 3);
        uint end = _bench.Place(a => { a.mov(esi, 5); a.@int(0x80); a.inc(esi); a.@int(0x80); a.inc(esi); a.@int(0xFE); }, user: true);
        LegacyEvent taken = _bench.Fault();
        Assert.Equal((end, LegacySelectors.UserCode, 7ul), (taken.Eip, taken.Cs, _bench[Gpr.Rsi]));
        Assert.Equal((uint)(Rflags.Fixed | Rflags.ID), taken.Flags & ~(uint)Rflags.Arithmetic);

        // The second time the handler's task went on behind its IRET.
        Assert.Equal((0x77u, 0x88u), (_bench.Read32(LegacyLayout.OtherTss + 64), _bench.Read32(LegacyLayout.OtherTss + 68)));
        Assert.Equal((BusyBit, 0ul), (_bench.DescriptorAt(LegacySelectors.Tss) & BusyBit, _bench.DescriptorAt(LegacySelectors.OtherTss) & BusyBit));
        Assert.Equal(0ul, _bench.Read32(LegacyLayout.OtherTss + 36) & Rflags.NT);
        Assert.Equal(LegacySelectors.Tss, _bench.Cpu.Registers.TaskRegister.Selector);
    }

    [Fact]
    public void A_task_brings_its_page_tables_and_its_LDT()
    {
        const uint otherDirectory = LegacyLayout.PageTables + 0x4_0000;
        byte[] directory = new byte[0x1000];
        _bench.Ram.Read(LegacyLayout.PageTables, directory);
        _bench.Ram.Write(otherDirectory, directory);
        _bench.Write32(LegacyLayout.OtherTss + 28, otherDirectory);
        _bench.Write32(LegacyLayout.OtherTss + 96, LegacySelectors.Ldt);
        _bench.Ram.WriteUInt64(LegacyLayout.Ldt + 8, Make(WritableData, start: 0x123));
        _bench.Write32(LegacyLayout.OtherTss + 84, 0xC);
        _bench.Place(a => a.@int(0x80));
        _bench.Go();
        Assert.Equal(HandlerCode + 1, _bench.Cpu.Registers.Rip);
        Assert.Equal((otherDirectory, LegacySelectors.Ldt), (_bench.Cpu.Registers.ControlRegister3, _bench.Cpu.Registers.LocalDescriptorTable.Selector));
        Assert.Equal(0x123ul, _bench.Cpu.Registers[SegmentName.DS].Base);
    }

    /// <summary>What SDM vol. 3A, table 7-1, checks before the switch: the fault is one of the old task.</summary>
    [Theory]
    [InlineData("busy", Vector.GeneralProtection), InlineData("not present", Vector.SegmentNotPresent), InlineData("short", Vector.InvalidTss), InlineData("code", Vector.GeneralProtection)]
    public void A_bad_TSS_is_refused_by_the_task_gate(string what, Vector expected)
    {
        ulong descriptor = LegacyBench.TaskDescriptor(LegacyLayout.OtherTss, busy: what == "busy", limit: what == "short" ? 102u : 103);
        if (what == "not present")
            descriptor &= ~(1ul << 47);
        _bench.Define(LegacySelectors.OtherTss, what == "code" ? Make(ReadableCode) : descriptor);
        LegacyEvent taken = _bench.Fault(a => a.@int(0x80));
        Assert.Equal((expected, LegacySelectors.OtherTss, LegacyLayout.KernelCode), (taken.Vector, taken.ErrorCode, taken.Eip));
        Assert.Equal(LegacySelectors.Tss, _bench.Cpu.Registers.TaskRegister.Selector);
        Assert.Equal(0u, _bench.Read32(LegacyLayout.Tss + 32));
    }

    [Fact]
    public void A_TSS_in_a_missing_page_is_a_page_fault_of_the_old_task()
    {
        _bench.Define(LegacySelectors.OtherTss, LegacyBench.TaskDescriptor(LegacyLayout.KernelData, busy: false));
        _bench.Map(LegacyLayout.KernelData, 0);
        LegacyEvent taken = _bench.Fault(a => a.@int(0x80));
        Assert.Equal((Vector.PageFault, 0u, LegacyLayout.KernelCode), (taken.Vector, taken.ErrorCode, taken.Eip));
        Assert.Equal(0u, _bench.Read32(LegacyLayout.Tss + 32));
    }

    public static TheoryData<int, ushort, Vector> BadSelectors => new()
    {
        { 76, 0, Vector.InvalidTss },
        { 76, LegacySelectors.KernelData, Vector.InvalidTss },
        { 76, LegacySelectors.UserCode & ~3, Vector.InvalidTss },
        { 76, LegacySelectors.Free, Vector.SegmentNotPresent },
        { 80, 0, Vector.InvalidTss },
        { 80, LegacySelectors.UserData, Vector.InvalidTss },
        { 80, LegacySelectors.Free + 8, Vector.StackFault },
        { 84, LegacySelectors.Tss, Vector.InvalidTss },
        { 84, 0xFF8, Vector.InvalidTss },
        { 88, LegacySelectors.Free + 8, Vector.SegmentNotPresent },
        { 96, LegacySelectors.KernelData, Vector.InvalidTss },
        { 96, LegacySelectors.Ldt | 4, Vector.InvalidTss },
    };

    /// <summary>What SDM vol. 3A, table 7-1, checks after the switch: the fault is one of the new task, here handled by a third.</summary>
    [Theory, MemberData(nameof(BadSelectors))]
    public void A_bad_selector_is_a_fault_of_the_new_task(int offset, ushort selector, Vector expected)
    {
        _bench.Define(LegacySelectors.Free, Make(ReadableCode, present: false));
        _bench.Define(LegacySelectors.Free + 8, Make(WritableData, present: false));
        _bench.Ram.Write(LegacyLayout.OtherTss + (uint)offset, [(byte)selector, (byte)(selector >> 8)]);
        _bench.SetGate((byte)expected, type: Descriptor.TaskGate, selector: LegacySelectors.DoubleFaultTss);
        _bench.Place(a => a.@int(0x80));
        _bench.Go();
        Assert.Equal(LegacySelectors.DoubleFaultTss, _bench.Cpu.Registers.TaskRegister.Selector);
        Assert.Equal((uint)selector & ~3u, _bench.Read32(LegacyLayout.DoubleFaultStackTop - 4));
        Assert.Equal(HandlerCode, _bench.Read32(LegacyLayout.OtherTss + 32));
        Assert.Equal(LegacyLayout.KernelCode + 2, _bench.Read32(LegacyLayout.Tss + 32));
    }

    [Fact]
    public void An_entry_beyond_the_code_segment_is_a_general_protection_fault_of_the_new_task()
    {
        _bench.Define(LegacySelectors.Free, Make(ReadableCode, limit: 0xFFFF, pages: false));
        _bench.Write32(LegacyLayout.OtherTss + 76, LegacySelectors.Free);
        LegacyEvent taken = _bench.Fault(a => a.@int(0x80));
        Assert.Equal((Vector.GeneralProtection, 0u, HandlerCode, LegacySelectors.Free), (taken.Vector, taken.ErrorCode, taken.Eip, taken.Cs));
    }

    /// <summary>SDM vol. 3A, 17.3.1.5.</summary>
    [Fact]
    public void The_T_flag_traps_before_the_first_instruction_of_the_task()
    {
        _bench.Write32(LegacyLayout.OtherTss + 100, 1);
        LegacyEvent taken = _bench.Fault(a => a.@int(0x80));
        Assert.Equal((Vector.Debug, HandlerCode), (taken.Vector, taken.Eip));
        Assert.Equal(0xFFFF_8FF0ul, _bench.Cpu.Registers.Debug(6));
    }

    [Fact]
    public void The_T_flag_traps_after_a_switch_by_an_exception_too()
    {
        _bench.SetGate((byte)Vector.InvalidOpcode, type: Descriptor.TaskGate, selector: LegacySelectors.OtherTss);
        _bench.Write32(LegacyLayout.OtherTss + 100, 1);
        LegacyEvent taken = _bench.Fault(a => a.ud2());
        Assert.Equal((Vector.Debug, HandlerCode), (taken.Vector, taken.Eip));
    }

    [Theory]
    [InlineData((ushort)LegacySelectors.OtherTss, Vector.InvalidTss), InlineData((ushort)(LegacySelectors.Tss | 4), Vector.InvalidTss), InlineData((ushort)0x7F8, Vector.InvalidTss)]
    public void IRET_with_NT_needs_a_busy_TSS_in_the_link(ushort link, Vector expected)
    {
        _bench.Ram.Write(LegacyLayout.Tss, [(byte)link, (byte)(link >> 8)]);
        _bench.Flags = Rflags.NT;
        LegacyEvent taken = _bench.Fault(a => a.iretd());
        Assert.Equal((expected, link & ~3u, LegacyLayout.KernelCode), (taken.Vector, taken.ErrorCode, taken.Eip));
    }

    [Fact]
    public void IRET_with_NT_in_long_mode_is_a_general_protection_fault()
    {
        var bench = new MachineBench { Flags = Rflags.NT };
        Assert.Equal(Vector.GeneralProtection, bench.Fault(BenchMode.Kernel64, a => a.iretq()).Vector);
    }

    [Fact]
    public void A_16_bit_task_is_switched_to_and_returned_from()
    {
        const ushort code16 = LegacySelectors.Free;
        const ushort tss16 = LegacySelectors.Free + 8;
        _bench.Define(code16, Make(ReadableCode, start: LegacyLayout.KernelCode & 0xFFFF_0000, big: false));
        _bench.Define(tss16, Make(Descriptor.AvailableTss16, start: LegacyLayout.OtherTss, limit: 43, pages: false, big: false, system: true));
        _bench.Ram.Write(LegacyLayout.OtherTss, new byte[44]);
        foreach ((int offset, ushort value) in (ReadOnlySpan<(int, ushort)>)
            [(14, 0x900), (16, 2), (18, 0x1111), (26, 0x8000), (34, LegacySelectors.KernelData), (36, code16), (38, LegacySelectors.KernelData), (40, LegacySelectors.KernelData)])
        {
            _bench.Ram.Write(LegacyLayout.OtherTss + (uint)offset, [(byte)value, (byte)(value >> 8)]);
        }

        _bench.SetGate(0x80, type: Descriptor.TaskGate, selector: tss16);
        _bench.Ram.Write(LegacyLayout.KernelCode + 0x900, MachineBench.Assemble(16, 0x900, a => { a.inc(ax); a.iret(); }));
        _bench.Complete(a => { a.mov(eax, 9); a.@int(0x80); });
        Assert.Equal((9ul, (ushort)0x1112, (ushort)0x902), (_bench[Gpr.Rax], _bench.Read16(LegacyLayout.OtherTss + 18), _bench.Read16(LegacyLayout.OtherTss + 14)));
    }

    [Theory]
    [InlineData(true), InlineData(false)]
    public void JMP_and_CALL_to_a_task_are_reported(bool gate)
    {
        ushort selector = LegacySelectors.OtherTss;
        if (gate)
            _bench.Define(selector = LegacySelectors.Free, LegacyBench.Gate(0, LegacySelectors.OtherTss, Descriptor.TaskGate));
        RunResult result = _bench.Complete(StopReason.Unsupported, a => a.call(selector, 0u));
        Assert.Contains($"would switch tasks by the {(gate ? "task gate" : "TSS")} {selector:x}h, which the kit does not emulate", result.Message);
        Assert.Equal((Vector.GeneralProtection, (uint)selector), Codes(_bench.Fault(a => a.jmp(selector, 0u), user: true)));
    }

    [Fact]
    public void JMP_to_a_task_in_long_mode_is_a_general_protection_fault()
    {
        var bench = new MachineBench();
        TakenException taken = bench.Fault(BenchMode.Kernel32, a => a.jmp(BenchSelectors.Tss, 0u));
        Assert.Equal((Vector.GeneralProtection, BenchSelectors.Tss), (taken.Vector, taken.ErrorCode));
    }

    [Fact]
    public void A_switch_to_a_virtual_8086_task_is_reported()
    {
        _bench.Write32(LegacyLayout.OtherTss + 36, (uint)(Rflags.VM | Rflags.Fixed));
        RunResult byInstruction = _bench.Complete(StopReason.Unsupported, a => a.@int(0x80));
        Assert.Contains("'int 0x80'", byInstruction.Message);
        Assert.Contains("virtual-8086 mode", byInstruction.Message);
        _bench.SetGate((byte)Vector.InvalidOpcode, type: Descriptor.TaskGate, selector: LegacySelectors.OtherTss);
        RunResult byEvent = _bench.Complete(StopReason.Unsupported, a => a.ud2());
        Assert.StartsWith("#UD at 8:0000000000100000 would switch to task 38h in virtual-8086 mode", byEvent.Message);
        Assert.Equal(0u, _bench.Read32(LegacyLayout.Tss + 32));
    }

    private static (Vector, uint?) Codes(LegacyEvent taken) => (taken.Vector, taken.ErrorCode);
}
