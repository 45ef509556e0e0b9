using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;
using static SyscallExplorer.Machine.Tests.BenchDescriptors;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 3A, 6.11 to 6.15; vol. 2A, INT n, operation: events through the IDT of legacy mode.</summary>
public class LegacyGateTests
{
    private const byte Vector80 = 0x80;
    private const int TrapGate32 = 15;
    private const int InterruptGate16 = 6;
    private const int TrapGate16 = 7;
    private const uint UserFlags = (uint)(Rflags.Fixed | Rflags.IF | Rflags.DF);
    private readonly LegacyBench _bench = new();

    public static TheoryData<LegacyPaging> Pagings => new(Enum.GetValues<LegacyPaging>());

    [Theory, MemberData(nameof(Pagings))]
    public void INT_n_from_ring_3_builds_a_32_bit_frame_on_ESP0(LegacyPaging paging)
    {
        var bench = new LegacyBench(paging);
        bench.SetGate(Vector80, dpl: 3);
        bench.Flags = UserFlags | Rflags.NT | Rflags.TF;
        LegacyEvent taken = bench.Fault(a => a.@int(0x80), user: true);
        Assert.Equal(
            new LegacyEvent((Vector)Vector80, null, LegacyLayout.UserCode + 2, LegacySelectors.UserCode, UserFlags | (uint)(Rflags.NT | Rflags.TF),
                (LegacyLayout.UserStackTop, LegacySelectors.UserData)),
            taken);
        Assert.Equal(LegacyLayout.Esp0 - 20, bench[Gpr.Rsp]);
        Assert.Equal(LegacySelectors.KernelData, bench.Cpu.Registers[SegmentName.SS].Selector);
        Assert.Equal(Rflags.Fixed | Rflags.DF, bench.Flags);
    }

    [Fact]
    public void An_event_in_ring_0_stays_on_its_stack_and_pushes_no_SS()
    {
        LegacyEvent taken = _bench.Fault(a => a.ud2());
        Assert.Equal(new LegacyEvent(Vector.InvalidOpcode, null, LegacyLayout.KernelCode, LegacySelectors.KernelCode, (uint)(Rflags.Fixed | Rflags.RF), null), taken);
        Assert.Equal(LegacyLayout.KernelStackTop - 12, _bench[Gpr.Rsp]);
    }

    [Fact]
    public void A_fault_pushes_its_error_code_as_a_word_of_the_gate()
    {
        _bench[Gpr.Rax] = 0x1234;
        Assert.Equal(0x1234u, _bench.Fault(a => a.mov(ds, eax), user: true).ErrorCode);
        Assert.Equal(LegacyLayout.Esp0 - 24, _bench[Gpr.Rsp]);
        _bench.Define(LegacySelectors.Free, Make(ReadableCode, start: LegacyLayout.Handlers & 0xFFFF_0000));
        _bench.SetGate((byte)Vector.GeneralProtection, LegacyLayout.Handlers & 0xFFFF, type: TrapGate16, selector: LegacySelectors.Free);
        _bench.Place(a => a.mov(ds, eax), user: true);
        Assert.Equal(StopReason.Halted, _bench.Go().Reason);
        uint frame = (uint)_bench[Gpr.Rsp];
        Assert.Equal(LegacyLayout.Esp0 - 12, frame);
        Assert.Equal((0x1234, (ushort)(LegacyLayout.UserCode & 0xFFFF), LegacySelectors.UserCode), (_bench.Read16(frame), _bench.Read16(frame + 2), _bench.Read16(frame + 4)));
    }

    [Theory]
    [InlineData(14, 0ul), InlineData(TrapGate32, Rflags.IF), InlineData(InterruptGate16, 0ul), InlineData(TrapGate16, Rflags.IF)]
    public void Interrupt_gates_clear_IF_and_trap_gates_keep_it(int type, ulong expected)
    {
        _bench.Define(LegacySelectors.Free, Make(ReadableCode, start: LegacyLayout.Handlers & 0xFFFF_0000));
        bool narrow = type < 8;
        _bench.SetGate(Vector80, narrow ? (LegacyLayout.Handlers & 0xFFFF) + Vector80 * 16 : null, dpl: 3, type: type,
            selector: narrow ? LegacySelectors.Free : LegacySelectors.KernelCode);
        _bench.Flags = UserFlags;
        _bench.Place(a => a.@int(0x80), user: true);
        Assert.Equal(StopReason.Halted, _bench.Go().Reason);
        Assert.Equal(expected, _bench.Flags & Rflags.IF);
        Assert.Equal(LegacyLayout.Esp0 - (narrow ? 10u : 20u), _bench[Gpr.Rsp]);
    }

    [Fact]
    public void The_stack_of_the_inner_level_may_be_a_16_bit_one_whose_pointer_keeps_its_upper_half()
    {
        _bench.Define(LegacySelectors.Free, Make(WritableData, start: 0x1D_0000, limit: 0xFFFF, pages: false, big: false));
        SetInnerStack(0xABCD_1000, LegacySelectors.Free);
        _bench.SetGate(Vector80, dpl: 3);
        _bench.Place(a => a.@int(0x80), user: true);
        _bench.Go();
        Assert.Equal(0xABCD_1000u - 20, _bench[Gpr.Rsp]);
        Assert.Equal(LegacyLayout.UserCode + 2, _bench.Read32(0x1D_1000 - 20));
    }

    [Fact]
    public void The_stack_of_the_inner_level_may_expand_down_and_grow_from_its_top()
    {
        _bench.Define(LegacySelectors.Free, Make(ExpandDownData, start: LegacyLayout.Esp0, limit: 0xFFFF_EFFF >> 12));
        SetInnerStack(0, LegacySelectors.Free);
        _bench.SetGate(Vector80, dpl: 3);
        _bench.Place(a => a.@int(0x80), user: true);
        _bench.Go();
        Assert.Equal(-20, (int)_bench[Gpr.Rsp]);
        Assert.Equal(LegacyLayout.UserCode + 2, _bench.Read32(LegacyLayout.Esp0 - 20));
    }

    [Fact]
    public void A_16_bit_TSS_gives_SP0_and_SS0()
    {
        _bench.Define(LegacySelectors.Free, Make(Descriptor.BusyTss16, start: LegacyLayout.OtherTss, limit: 43, pages: false, big: false, system: true));
        _bench.Cpu.Registers.TaskRegister = _bench.SegmentOf(LegacySelectors.Free);
        _bench.Define(LegacySelectors.Free + 8, Make(WritableData, start: 0x1D_0000));
        _bench.Write32(LegacyLayout.OtherTss + 2, 0x2000 | (LegacySelectors.Free + 8) << 16);
        _bench.SetGate(Vector80, dpl: 3);
        _bench.Place(a => a.@int(0x80), user: true);
        _bench.Go();
        Assert.Equal(0x2000u - 20, _bench[Gpr.Rsp]);
    }

    [Fact]
    public void A_conforming_handler_runs_at_the_level_of_the_program()
    {
        _bench.Define(LegacySelectors.Free, Make(ConformingCode));
        _bench.SetGate(Vector80, LegacyLayout.UserCode + 0x100, dpl: 3, selector: LegacySelectors.Free);
        _bench.Ram.Write(LegacyLayout.UserCode + 0x100, [0xCD, 0xFF]);
        _bench.Place(a => a.@int(0x80), user: true);
        _bench.Go();
        Assert.Equal((LegacyLayout.UserCode + 0x102, (ushort)(LegacySelectors.Free | 3)), (_bench.Event?.Eip, _bench.Event?.Cs));
        Assert.Equal(LegacyLayout.UserStackTop - 12, _bench.Event?.Outer?.Esp);
    }

    [Theory]
    [InlineData(14, 0, true, Vector.GeneralProtection)]
    [InlineData(12, 3, true, Vector.GeneralProtection)]
    [InlineData(14, 3, false, Vector.SegmentNotPresent)]
    public void A_bad_gate_is_named_by_the_error_code(int type, int dpl, bool present, Vector expected)
    {
        _bench.SetGate(Vector80, dpl: dpl, type: type, present: present);
        LegacyEvent taken = _bench.Fault(a => a.@int(0x80), user: true);
        Assert.Equal((expected, Vector80 * 8u + 2, LegacyLayout.UserCode), (taken.Vector, taken.ErrorCode, taken.Eip));
    }

    [Fact]
    public void A_gate_beyond_the_limit_is_a_general_protection_fault()
    {
        _bench.Cpu.Registers.Idtr = new TableRegister(LegacyLayout.Idt, Vector80 * 8 + 6);
        Assert.Equal((Vector.GeneralProtection, Vector80 * 8u + 2), Codes(_bench.Fault(a => a.@int(0x80))));
    }

    [Theory]
    [InlineData(ReadableCode, 3, true, Vector.GeneralProtection)]
    [InlineData(WritableData, 0, true, Vector.GeneralProtection)]
    [InlineData(ReadableCode, 0, false, Vector.SegmentNotPresent)]
    public void The_code_segment_of_a_gate_is_checked(int type, int dpl, bool present, Vector expected)
    {
        _bench.Define(LegacySelectors.Free, Make(type, dpl: dpl, present: present));
        _bench.SetGate(Vector80, selector: LegacySelectors.Free);
        Assert.Equal((expected, (uint)LegacySelectors.Free), Codes(_bench.Fault(a => a.@int(0x80))));
    }

    [Fact]
    public void A_target_beyond_the_code_segment_is_a_general_protection_fault()
    {
        _bench.Define(LegacySelectors.Free, Make(ReadableCode, limit: 0xFFFF, pages: false));
        _bench.SetGate(Vector80, 0x1_0000, selector: LegacySelectors.Free);
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(_bench.Fault(a => a.@int(0x80))));
    }

    public static TheoryData<ushort, Vector, uint> BadInnerStacks => new()
    {
        { 0, Vector.InvalidTss, 0 },
        { LegacySelectors.UserData, Vector.InvalidTss, LegacySelectors.UserData & ~3u },
        { LegacySelectors.KernelData | 1, Vector.InvalidTss, LegacySelectors.KernelData },
        { LegacySelectors.KernelCode, Vector.InvalidTss, LegacySelectors.KernelCode },
        { 0xFF8, Vector.InvalidTss, 0xFF8 },
        { LegacySelectors.Free, Vector.StackFault, LegacySelectors.Free },
        { LegacySelectors.Free + 8, Vector.StackFault, LegacySelectors.Free + 8 },
    };

    /// <summary>SDM vol. 3A, 6.15, interrupts 10 and 12: the handler is a task, since the stack is unusable.</summary>
    [Theory, MemberData(nameof(BadInnerStacks))]
    public void The_stack_of_the_inner_level_is_checked(ushort selector, Vector expected, uint error)
    {
        _bench.Define(LegacySelectors.Free, Make(WritableData, present: false));
        _bench.Define(LegacySelectors.Free + 8, Make(WritableData, limit: 0xFFF, pages: false));
        SetInnerStack(LegacyLayout.Esp0, selector);
        _bench.SetGate(Vector80, dpl: 3);
        _bench.SetGate((byte)expected, type: Descriptor.TaskGate, selector: LegacySelectors.OtherTss);
        _bench.BuildTask(LegacyLayout.OtherTss, LegacyLayout.KernelCode, LegacyLayout.OtherStackTop);
        _bench.Ram.Write(LegacyLayout.KernelCode, [0xF4]);
        _bench.Place(a => a.@int(0x80), user: true);
        Assert.Equal(StopReason.Halted, _bench.Go().Reason);
        Assert.Equal(LegacyLayout.KernelCode + 1, _bench.Cpu.Registers.Rip);
        Assert.Equal(error, _bench.Read32(LegacyLayout.OtherStackTop - 4));
        Assert.Equal(LegacyLayout.UserCode, _bench.Read32(LegacyLayout.Tss + (uint)LegacyTaskState.Tss32.InstructionPointer));
    }

    [Fact]
    public void An_exception_sets_EXT_in_the_error_code_of_what_its_delivery_raises()
    {
        _bench.Define(LegacySelectors.Free, Make(ReadableCode, present: false));
        _bench.SetGate((byte)Vector.InvalidOpcode, selector: LegacySelectors.Free);
        Assert.Equal((Vector.SegmentNotPresent, LegacySelectors.Free + 1u), Codes(_bench.Fault(a => a.ud2())));
    }

    [Fact]
    public void A_page_fault_while_pushing_the_frame_is_a_page_fault_of_the_INT_and_moves_nothing()
    {
        _bench.Map(LegacyLayout.KernelData + 0x1000, 0);
        _bench.SetGate((byte)Vector.PageFault, type: Descriptor.TaskGate, selector: LegacySelectors.OtherTss);
        _bench.Place(a => a.@int(0x80));
        _bench[Gpr.Rsp] = LegacyLayout.KernelData + 0x2004;
        uint before = _bench.Read32(LegacyLayout.KernelData + 0x2000);
        _bench.BuildTask(LegacyLayout.OtherTss, LegacyLayout.Handlers, LegacyLayout.OtherStackTop);
        _bench.Go();
        Assert.Equal(LegacyLayout.KernelData + 0x1FFC, _bench.Cpu.Registers.ControlRegister2);
        Assert.Equal(before, _bench.Read32(LegacyLayout.KernelData + 0x2000));
        Assert.Equal(2u, _bench.Read32(LegacyLayout.OtherStackTop - 4));
    }

    [Fact]
    public void A_double_fault_without_its_handler_ends_in_a_triple_fault_that_names_the_last_instructions()
    {
        _bench.SetGate((byte)Vector.GeneralProtection, present: false);
        _bench.SetGate((byte)Vector.DoubleFault, present: false);
        RunResult result = _bench.Complete(StopReason.TripleFault, a => { a.mov(ecx, 5); a.cli(); }, user: true);
        Assert.Contains("#GP(0h), then #NP(6bh), then #DF(0h), then #NP(43h)", result.Message);
        Assert.Equal(["mov ecx, 5", "cli"], result.LastInstructions.Select(instruction => instruction.Text));
    }

    [Fact]
    public void An_interrupt_is_taken_between_instructions_and_returned_from()
    {
        _bench.Ram.Write(LegacyLayout.KernelCode + 0x800, MachineBench.Assemble(32, 0, a => { a.inc(esi); a.iretd(); }));
        _bench.SetGate(0x40, LegacyLayout.KernelCode + 0x800);
        _bench.Flags = Rflags.IF;
        _bench.Cpu.Interrupts.Schedule(0x40, 1);
        _bench.Complete(a => { a.nop(); a.nop(); a.nop(); a.mov(edi, 7); a.cli(); });
        Assert.Equal((1ul, 7ul), (_bench[Gpr.Rsi], _bench[Gpr.Rdi]));
    }

    private void SetInnerStack(uint pointer, ushort selector)
    {
        _bench.Write32(LegacyLayout.Tss + (uint)LegacyTaskState.Tss32.Stack0, pointer);
        _bench.Write32(LegacyLayout.Tss + (uint)LegacyTaskState.Tss32.Stack0 + 4, selector);
    }

    private static (Vector, uint?) Codes(LegacyEvent taken) => (taken.Vector, taken.ErrorCode);
}
