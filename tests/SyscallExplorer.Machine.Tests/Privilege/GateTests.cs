using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;
using static SyscallExplorer.Machine.Tests.BenchDescriptors;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 3A, 6.12 to 6.15; vol. 2A, INT n: events through the IDT.</summary>
public class GateTests
{
    private const byte Vector80 = 0x80;
    private const ulong UserFlags = Rflags.Fixed | Rflags.IF | Rflags.AC | Rflags.DF;
    private readonly MachineBench _bench = new();

    [Fact]
    public void INT_n_from_ring_3_builds_the_frame_on_RSP0()
    {
        _bench.SetGate(Vector80, dpl: 3);
        _bench.Flags = UserFlags;
        TakenException taken = _bench.Fault(BenchMode.User64, a => a.@int(0x80));
        Assert.Equal(
            new TakenException((Vector)Vector80, null, BenchLayout.UserCode + 2, BenchSelectors.UserCode64, UserFlags, BenchLayout.UserStackTop, BenchSelectors.UserData),
            taken);
        Assert.Equal(BenchLayout.Rsp0 - 40, _bench[Gpr.Rsp]);
        Assert.Equal((BenchSelectors.KernelCode64, 0), (_bench.Cpu.Registers[SegmentName.CS].Selector, _bench.Cpu.CurrentPrivilegeLevel));
    }

    [Fact]
    public void A_change_of_level_leaves_SS_null()
    {
        _bench.SetGate(Vector80, dpl: 3);
        _bench.Fault(BenchMode.User64, a => a.@int(0x80));
        Assert.Equal(new Segment(0, 0, 0, 0), _bench.Cpu.Registers[SegmentName.SS]);
    }

    [Fact]
    public void An_event_in_ring_0_keeps_SS_and_pushes_it_too()
    {
        _bench.SetGate(Vector80);
        TakenException taken = _bench.Fault(BenchMode.Kernel64, a => a.@int(0x80));
        Assert.Equal((BenchSelectors.KernelData, BenchLayout.KernelStackTop), (taken.Ss, taken.Rsp));
        Assert.Equal(BenchSelectors.KernelData, _bench.Cpu.Registers[SegmentName.SS].Selector);
        Assert.Equal(BenchLayout.KernelStackTop - 40, _bench[Gpr.Rsp]);
    }

    [Theory]
    [InlineData(0u), InlineData(1u), InlineData(8u), InlineData(15u)]
    public void The_frame_begins_at_a_multiple_of_16(uint misalignment)
    {
        _bench.SetGate(Vector80);
        _bench.Place(BenchMode.Kernel64, a => a.@int(0x80));
        _bench[Gpr.Rsp] -= misalignment;
        TakenException? taken = _bench.Go().Exception;
        Assert.Equal(BenchLayout.KernelStackTop - misalignment, taken?.Rsp);
        Assert.Equal((BenchLayout.KernelStackTop - misalignment & ~15ul) - 40, _bench[Gpr.Rsp]);
    }

    [Theory]
    [InlineData(false, 0ul), InlineData(true, Rflags.IF)]
    public void An_interrupt_gate_clears_IF_and_a_trap_gate_keeps_it(bool trap, ulong expected)
    {
        _bench.SetGate(Vector80, dpl: 3, trap: trap);
        _bench.Flags = UserFlags | Rflags.NT;
        _bench.Fault(BenchMode.User64, a => a.@int(0x80));
        Assert.Equal(Rflags.Fixed | Rflags.AC | Rflags.DF | expected, _bench.Flags);
    }

    [Fact]
    public void INT_n_saves_TF_and_enters_with_TF_and_NT_clear()
    {
        _bench.SetGate(Vector80, dpl: 3);
        _bench.Flags = Rflags.TF | Rflags.NT;
        TakenException taken = _bench.Fault(BenchMode.User64, a => a.@int(0x80));
        Assert.Equal((Vector)Vector80, taken.Vector);
        Assert.Equal(Rflags.TF | Rflags.NT | Rflags.Fixed, taken.Flags);
        Assert.Equal(Rflags.Fixed, _bench.Flags);
    }

    [Theory]
    [InlineData(BenchMode.User64), InlineData(BenchMode.User32)]
    public void INT_n_through_a_gate_of_ring_0_faults_at_the_INT(BenchMode mode)
    {
        TakenException taken = _bench.Fault(mode, a => { a.nop(); a.@int(0x21); });
        Assert.Equal((Vector.GeneralProtection, 0x21u * 8 + 2, MachineBench.CodeAddress(mode) + 1), (taken.Vector, taken.ErrorCode, taken.Rip));
    }

    [Fact]
    public void INT_n_in_compatibility_mode_pushes_a_64_bit_frame()
    {
        _bench.SetGate(Vector80, dpl: 3);
        TakenException taken = _bench.Fault(BenchMode.User32, a => a.@int(0x80));
        Assert.Equal((BenchSelectors.UserCode32, BenchSelectors.UserData, BenchLayout.UserStackTop), (taken.Cs, taken.Ss, taken.Rsp));
        Assert.True(_bench.Cpu.IsIn64BitMode);
    }

    [Theory]
    [InlineData(0xCC, Vector.Breakpoint), InlineData(0xCE, Vector.Overflow)]
    public void INT3_and_INTO_are_checked_against_the_DPL_and_trap(int opcode, Vector vector)
    {
        _bench.Flags = Rflags.OF;
        TakenException refused = _bench.Fault(BenchMode.User32, (byte)opcode);
        Assert.Equal((Vector.GeneralProtection, (uint)vector * 8 + 2, BenchLayout.UserCode), (refused.Vector, refused.ErrorCode, refused.Rip));
        _bench.SetGate((byte)vector, dpl: 3);
        _bench.Flags = Rflags.OF;
        TakenException taken = _bench.Fault(BenchMode.User32, (byte)opcode);
        Assert.Equal((vector, null, BenchLayout.UserCode + 1), (taken.Vector, taken.ErrorCode, taken.Rip));
    }

    [Fact]
    public void INTO_without_overflow_goes_on() => _bench.Complete(BenchMode.User32, 0xCE);

    [Fact]
    public void INT1_is_not_checked_against_the_DPL()
    {
        TakenException taken = _bench.Fault(BenchMode.User64, 0xF1);
        Assert.Equal((Vector.Debug, null, BenchLayout.UserCode + 1), (taken.Vector, taken.ErrorCode, taken.Rip));
    }

    [Fact]
    public void A_fault_saves_its_own_address_and_RF()
    {
        _bench.Flags = UserFlags;
        TakenException taken = _bench.Fault(BenchMode.User64, a => { a.nop(); a.ud2(); });
        Assert.Equal((Vector.InvalidOpcode, null, BenchLayout.UserCode + 1, UserFlags | Rflags.RF), (taken.Vector, taken.ErrorCode, taken.Rip, taken.Flags));
    }

    [Fact]
    public void A_single_step_trap_saves_the_next_address_without_RF()
    {
        _bench.Flags = Rflags.TF;
        TakenException taken = _bench.Fault(BenchMode.User64, a => { a.nop(); a.nop(); });
        Assert.Equal((Vector.Debug, null, BenchLayout.UserCode + 1, Rflags.TF | Rflags.Fixed), (taken.Vector, taken.ErrorCode, taken.Rip, taken.Flags));
        Assert.Equal(1ul << 14, _bench.Cpu.Registers.Debug(6) & 1 << 14);
        Assert.Equal(0ul, _bench.Flags & Rflags.TF);
    }

    [Fact]
    public void An_IST_stack_is_used_without_a_change_of_level_too()
    {
        _bench.SetGate(Vector80, ist: 3);
        TakenException taken = _bench.Fault(BenchMode.Kernel64, a => a.@int(0x80));
        Assert.Equal(BenchLayout.KernelStackTop, taken.Rsp);
        Assert.Equal(BenchLayout.Ist1 + 2 * BenchLayout.IstStackSize - 40, _bench[Gpr.Rsp]);
    }

    [Theory]
    [InlineData(14, false, Vector.SegmentNotPresent), InlineData(12, true, Vector.GeneralProtection), InlineData(5, true, Vector.GeneralProtection), InlineData(0, false, Vector.GeneralProtection)]
    public void A_gate_that_is_missing_or_of_another_type_is_refused(int type, bool present, Vector expected)
    {
        SetGateAccess(Vector80, (present ? 0x80ul : 0) | 0x60 | (uint)type);
        TakenException taken = _bench.Fault(BenchMode.User64, a => a.@int(0x80));
        Assert.Equal((expected, Vector80 * 8u + 2, BenchLayout.UserCode), (taken.Vector, taken.ErrorCode, taken.Rip));
    }

    [Fact]
    public void An_exception_through_a_missing_gate_says_that_it_was_external_to_the_program()
    {
        SetGateAccess((byte)Vector.InvalidOpcode, 14);
        TakenException taken = _bench.Fault(BenchMode.User64, a => a.ud2());
        Assert.Equal((Vector.SegmentNotPresent, (uint)Vector.InvalidOpcode * 8 + 3, BenchLayout.UserCode), (taken.Vector, taken.ErrorCode, taken.Rip));
    }

    [Fact]
    public void A_vector_beyond_the_limit_of_the_IDT_is_refused()
    {
        _bench.Cpu.Registers.Idtr = new TableRegister(BenchLayout.Idt, 0x80 * 16 + 14);
        TakenException taken = _bench.Fault(BenchMode.User64, a => a.@int(0x80));
        Assert.Equal((Vector.GeneralProtection, Vector80 * 8u + 2), (taken.Vector, taken.ErrorCode));
    }

    [Theory]
    [InlineData(0, 0u, Vector.GeneralProtection)]
    [InlineData(BenchSelectors.KernelData, (uint)BenchSelectors.KernelData, Vector.GeneralProtection)]
    [InlineData(BenchSelectors.KernelCode32, (uint)BenchSelectors.KernelCode32, Vector.GeneralProtection)]
    [InlineData(0x7F8, 0x7F8u, Vector.GeneralProtection)]
    [InlineData(FreeSelector, (uint)FreeSelector, Vector.SegmentNotPresent)]
    public void A_gate_to_a_bad_code_segment_is_refused(int selector, uint error, Vector expected)
    {
        _bench.Define(FreeSelector, Make(ReadableCode, present: false, longMode: true));
        _bench.SetGate(Vector80, dpl: 3, selector: (ushort)selector);
        TakenException taken = _bench.Fault(BenchMode.User64, a => a.@int(0x80));
        Assert.Equal((expected, error), (taken.Vector, taken.ErrorCode));
        _bench.SetGate((byte)Vector.InvalidOpcode, dpl: 0, selector: (ushort)selector);
        taken = _bench.Fault(BenchMode.User64, a => a.ud2());
        Assert.Equal((expected, error | 1), (taken.Vector, taken.ErrorCode));
    }

    [Fact]
    public void A_gate_may_not_lead_to_an_outer_level()
    {
        _bench.SetGate(Vector80, selector: BenchSelectors.UserCode64);
        TakenException taken = _bench.Fault(BenchMode.Kernel64, a => a.@int(0x80));
        Assert.Equal((Vector.GeneralProtection, BenchSelectors.UserCode64 & ~3u), (taken.Vector, taken.ErrorCode));
    }

    [Fact]
    public void A_handler_of_conforming_code_keeps_the_level_and_the_stack()
    {
        _bench.Define(FreeSelector, Make(ConformingCode, longMode: true));
        _bench.WriteBytes(BenchLayout.UserCode + 0x100, 0xCD, 0xFF);
        _bench.SetGate(Vector80, BenchLayout.UserCode + 0x100, dpl: 3, selector: FreeSelector);
        BenchRun run = _bench.Try(BenchMode.User64, a => a.@int(0x80));
        Assert.Null(run.Exception);
        Assert.Equal(BenchLayout.UserStackTop - 40, run.Rsp);
    }

    [Fact]
    public void A_noncanonical_handler_is_a_general_protection_fault_of_code_0()
    {
        _bench.SetGate(Vector80, 0x8000_0000_0000_0000, dpl: 3);
        TakenException taken = _bench.Fault(BenchMode.User64, a => a.@int(0x80));
        Assert.Equal((Vector.GeneralProtection, 0u), (taken.Vector, taken.ErrorCode));
    }

    [Fact]
    public void A_noncanonical_stack_in_the_TSS_is_a_stack_fault()
    {
        _bench.SetGate(Vector80, dpl: 3);
        _bench.Write64(BenchLayout.Tss + TaskStateSegment.Rsp0, 1ul << 63);
        TakenException taken = _bench.Fault(BenchMode.User64, a => a.@int(0x80));
        Assert.Equal((Vector.StackFault, 0u), (taken.Vector, taken.ErrorCode));
    }

    [Fact]
    public void A_TSS_too_short_for_the_stack_is_an_invalid_TSS()
    {
        _bench.SetGate(Vector80, dpl: 3, ist: 7);
        _bench.Cpu.Registers.TaskRegister = _bench.Cpu.Registers.TaskRegister with { Limit = TaskStateSegment.Ist1 + 6 * 8 + 6 };
        TakenException taken = _bench.Fault(BenchMode.User64, a => a.@int(0x80));
        Assert.Equal((Vector.InvalidTss, (uint)BenchSelectors.Tss), (taken.Vector, taken.ErrorCode));
    }

    [Fact]
    public void A_page_fault_while_pushing_names_the_word_that_failed_and_commits_nothing()
    {
        _bench.SetGate(Vector80, dpl: 3);
        _bench.Write64(BenchLayout.Tss + TaskStateSegment.Rsp0, BenchLayout.KernelData + 0x1010);
        _bench.Unmap(BenchLayout.KernelData);
        TakenException taken = _bench.Fault(BenchMode.User64, a => a.@int(0x80));
        Assert.Equal((Vector.PageFault, 2u, BenchLayout.UserCode), (taken.Vector, taken.ErrorCode, taken.Rip));
        Assert.Equal(BenchLayout.KernelData + 0xFF8, _bench.Cpu.Registers.ControlRegister2);
        Assert.Equal(0ul, _bench.Read64(BenchLayout.KernelData + 0x1008));
    }

    public static TheoryData<Vector, bool> FirstEvents => new()
    {
        { Vector.GeneralProtection, true }, { Vector.StackFault, true }, { Vector.DivideError, true }, { Vector.SegmentNotPresent, true }, { Vector.PageFault, true },
        { Vector.InvalidOpcode, false }, { Vector.Debug, false }, { Vector.AlignmentCheck, false },
    };

    [Theory, MemberData(nameof(FirstEvents))]
    public void A_contributory_fault_while_delivering_one_is_a_double_fault_and_after_a_benign_one_it_is_itself(Vector first, bool doubles)
    {
        SetGateAccess((byte)first, first == Vector.SegmentNotPresent ? 0u : 14u);
        TakenException taken = RaiseFirst(first);
        if (doubles)
            Assert.Equal((Vector.DoubleFault, 0u), (taken.Vector, taken.ErrorCode));
        else
            Assert.Equal((Vector.SegmentNotPresent, (uint)first * 8 + 3), (taken.Vector, taken.ErrorCode));
    }

    [Theory, MemberData(nameof(FirstEvents))]
    public void A_page_fault_while_delivering_a_page_fault_is_a_double_fault_and_after_another_event_it_is_itself(Vector first, bool doubles)
    {
        // The stack of the first event is missing; that of the page fault is missing only when it is the first itself.
        const ulong missing = BenchLayout.KernelData + 0x2000;
        _bench.Unmap(missing - 8);
        _bench.Write64(BenchLayout.Tss + TaskStateSegment.Ist1 + 8, missing);
        _bench.SetGate((byte)first, ist: 2);
        TakenException taken = RaiseFirst(first);
        Assert.Equal(first == Vector.PageFault && doubles ? Vector.DoubleFault : Vector.PageFault, taken.Vector);
        Assert.Equal(missing - 8, _bench.Cpu.Registers.ControlRegister2);
    }

    [Fact]
    public void A_fault_while_delivering_a_double_fault_shuts_the_processor_down_and_tells_the_history()
    {
        SetGateAccess((byte)Vector.GeneralProtection, 0);
        SetGateAccess((byte)Vector.DoubleFault, 14);
        RunResult result = _bench.Try(BenchMode.User64, a => a.hlt()).Result;
        Assert.Equal(StopReason.TripleFault, result.Reason);
        Assert.Equal(["#GP(0h)", "#GP(6bh)", "#DF(0h)", "#NP(43h)"], _bench.Cpu.TripleFaultHistory);
        Assert.Contains("#GP(0h), then #GP(6bh), then #DF(0h), then #NP(43h)", result.Message);
        Assert.Equal(StopReason.TripleFault, _bench.Cpu.Run(RunLimits.Instructions(10)).Reason);
    }

    [Fact]
    public void An_empty_IDT_ends_in_a_triple_fault()
    {
        _bench.Cpu.Registers.Idtr = new TableRegister(BenchLayout.Idt, 0);
        Assert.Equal(StopReason.TripleFault, _bench.Try(BenchMode.User64, a => a.ud2()).Result.Reason);
    }

    [Fact]
    public void A_fault_of_INT_n_is_a_fault_of_the_program_and_no_double_fault()
    {
        SetGateAccess(Vector80, 0x60);
        Assert.Equal(Vector.GeneralProtection, _bench.Fault(BenchMode.User64, a => a.@int(0x80)).Vector);
    }

    /// <summary>Raises an event of a vector, which needs no more than its gate.</summary>
    private TakenException RaiseFirst(Vector vector)
    {
        switch (vector)
        {
            case Vector.GeneralProtection:
                return _bench.Fault(BenchMode.User64, a => a.hlt());
            case Vector.StackFault:
                _bench[Gpr.Rbp] = 1ul << 63;
                return _bench.Fault(BenchMode.User64, a => a.mov(rax, __[rbp]));
            case Vector.DivideError:
                _bench[Gpr.Rcx] = 0;
                return _bench.Fault(BenchMode.User64, a => a.div(ecx));
            case Vector.SegmentNotPresent:
                _bench.Define(FreeSelector, Make(WritableData, dpl: 3, present: false));
                _bench[Gpr.Rcx] = FreeSelector | 3;
                return _bench.Fault(BenchMode.User64, a => a.mov(ds, ecx));
            case Vector.PageFault:
                _bench[Gpr.Rbx] = 0xFFFF_C000_0000_0000;
                return _bench.Fault(BenchMode.User64, a => a.mov(rax, __[rbx]));
            case Vector.Debug:
                return _bench.Fault(BenchMode.User64, 0xF1);
            case Vector.AlignmentCheck:
                _bench.Flags = Rflags.AC;
                _bench[Gpr.Rbx] = BenchLayout.UserData + 1;
                return _bench.Fault(BenchMode.User64, a => a.mov(eax, __[rbx]));
            default:
                return _bench.Fault(BenchMode.User64, a => a.ud2());
        }
    }

    private void SetGateAccess(byte vector, ulong access)
    {
        ulong gate = BenchLayout.Idt + vector * 16u;
        _bench.Write64(gate, (_bench.Read64(gate) & ~(0xFFul << 40)) | access << 40);
    }
}
