using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;
using static SyscallExplorer.Machine.Tests.BenchDescriptors;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 2A, CALL and JMP, CALL-GATE; vol. 3A, 5.8.3 to 5.8.5: the call gates of legacy mode.</summary>
public class LegacyCallGateTests
{
    private const uint Target = LegacyLayout.KernelCode + 0x800;
    private const int Wide = Descriptor.CallGate;
    private const int Narrow = Descriptor.CallGate16;
    private readonly LegacyBench _bench = new();

    public LegacyCallGateTests() => _bench.Ram.Write(Target, [0xF4]);

    [Fact]
    public void A_call_to_ring_0_copies_the_parameters_behind_the_old_stack_pointer()
    {
        Define(LegacyBench.Gate(Target, LegacySelectors.KernelCode, Wide, dpl: 3, parameters: 2));
        uint end = _bench.Place(a => { a.push(0x11); a.push(0x22); a.call(LegacySelectors.Free, 0u); }, user: true);
        _bench.Go();
        Assert.Equal((Target + 1, 0), (_bench.Cpu.Registers.Rip, _bench.Cpu.CurrentPrivilegeLevel));
        uint frame = LegacyLayout.Esp0 - 24;
        Assert.Equal((frame, LegacySelectors.KernelData), (_bench[Gpr.Rsp], _bench.Cpu.Registers[SegmentName.SS].Selector));
        Assert.Equal((end, LegacySelectors.UserCode, 0x22u, 0x11u), (_bench.Read32(frame), _bench.Read16(frame + 4), _bench.Read32(frame + 8), _bench.Read32(frame + 12)));
        Assert.Equal((LegacyLayout.UserStackTop - 8, LegacySelectors.UserData), (_bench.Read32(frame + 16), _bench.Read16(frame + 20)));
    }

    [Fact]
    public void A_far_return_that_releases_the_parameters_leads_back()
    {
        _bench.Ram.Write(Target, MachineBench.Assemble(32, Target, a => a.AddInstruction(Instruction.Create(Code.Retfd_imm16, 8))));
        Define(LegacyBench.Gate(Target, LegacySelectors.KernelCode, Wide, dpl: 3, parameters: 2));
        _bench.Complete(a => { a.push(0x11); a.push(0x22); a.call(LegacySelectors.Free, 0u); }, user: true);
        Assert.Equal((LegacyLayout.UserStackTop, LegacySelectors.UserData), _bench.Event!.Outer);
    }

    [Fact]
    public void A_16_bit_gate_pushes_and_copies_words_of_16_bits()
    {
        _bench.Define(LegacySelectors.Free + 8, Make(ReadableCode, start: LegacyLayout.KernelCode));
        Define(LegacyBench.Gate(0x800, LegacySelectors.Free + 8, Narrow, dpl: 3, parameters: 1));
        _bench.Place(a => { a.push(0x1234_5678); a.call(LegacySelectors.Free, 0u); }, user: true);
        _bench.Go();
        Assert.Equal(0x801ul, _bench.Cpu.Registers.Rip);
        Assert.Equal(LegacyLayout.Esp0 - 10, _bench[Gpr.Rsp]);
        Assert.Equal((LegacySelectors.UserCode, 0x5678), (_bench.Read16(LegacyLayout.Esp0 - 8), _bench.Read16(LegacyLayout.Esp0 - 6)));
    }

    [Fact]
    public void A_call_that_keeps_the_level_pushes_CS_and_EIP_only()
    {
        Define(LegacyBench.Gate(Target, LegacySelectors.KernelCode, Wide, parameters: 3));
        uint end = _bench.Place(a => a.call(LegacySelectors.Free, 0u));
        _bench.Go();
        Assert.Equal((LegacyLayout.KernelStackTop - 8, end), (_bench[Gpr.Rsp], _bench.Read32(LegacyLayout.KernelStackTop - 8)));
    }

    [Fact]
    public void A_jump_that_keeps_the_level_pushes_nothing_and_may_not_change_it()
    {
        Define(LegacyBench.Gate(Target, LegacySelectors.KernelCode, Wide, dpl: 3));
        _bench.Place(a => a.jmp(LegacySelectors.Free, 0u));
        _bench.Go();
        Assert.Equal((Target + 1, LegacyLayout.KernelStackTop), (_bench.Cpu.Registers.Rip, _bench[Gpr.Rsp]));
        Assert.Equal((Vector.GeneralProtection, LegacySelectors.KernelCode), Codes(_bench.Fault(a => a.jmp(LegacySelectors.Free, 0u), user: true)));
    }

    [Theory]
    [InlineData(0, true, LegacySelectors.KernelCode, Vector.GeneralProtection, LegacySelectors.Free)]
    [InlineData(3, false, LegacySelectors.KernelCode, Vector.SegmentNotPresent, LegacySelectors.Free)]
    [InlineData(3, true, 0, Vector.GeneralProtection, 0)]
    [InlineData(3, true, LegacySelectors.KernelData, Vector.GeneralProtection, LegacySelectors.KernelData)]
    [InlineData(3, true, LegacySelectors.Free + 8, Vector.SegmentNotPresent, LegacySelectors.Free + 8)]
    [InlineData(3, true, LegacySelectors.Free + 16, Vector.GeneralProtection, 0)]
    public void A_gate_and_its_code_segment_are_checked(int dpl, bool present, int code, Vector expected, int error)
    {
        _bench.Define(LegacySelectors.Free + 8, Make(ReadableCode, present: false));
        _bench.Define(LegacySelectors.Free + 16, Make(ReadableCode, limit: 0xFFF, pages: false));
        Define(LegacyBench.Gate(Target, (ushort)code, Wide, dpl, present));
        LegacyEvent taken = _bench.Fault(a => a.call(LegacySelectors.Free, 0u), user: true);
        Assert.Equal((expected, (uint)error, LegacyLayout.UserCode, LegacyLayout.UserStackTop), (taken.Vector, taken.ErrorCode, taken.Eip, taken.Outer?.Esp));
    }

    [Fact]
    public void A_stack_without_room_for_the_parameters_is_named_by_the_fault()
    {
        _bench.Define(LegacySelectors.Free + 8, Make(WritableData, start: LegacyLayout.Esp0, limit: 0xFFF, pages: false));
        _bench.Write32(LegacyLayout.Tss + 4, 16);
        _bench.Write32(LegacyLayout.Tss + 8, LegacySelectors.Free + 8);
        _bench.SetGate((byte)Vector.StackFault, type: Descriptor.TaskGate, selector: LegacySelectors.OtherTss);
        Define(LegacyBench.Gate(Target, LegacySelectors.KernelCode, Wide, dpl: 3, parameters: 1));
        _bench.Write32(LegacyLayout.OtherTss + 32, Target);
        _bench.Place(a => a.call(LegacySelectors.Free, 0u), user: true);
        _bench.Go();
        Assert.Equal(LegacySelectors.Free + 8u, _bench.Read32(LegacyLayout.OtherStackTop - 4));
        Assert.Equal((LegacyLayout.UserCode, LegacyLayout.UserStackTop), (_bench.Read32(LegacyLayout.Tss + 32), _bench.Read32(LegacyLayout.Tss + 56)));
    }

    [Fact]
    public void Parameters_in_a_missing_page_are_a_page_fault_of_the_call()
    {
        Define(LegacyBench.Gate(Target, LegacySelectors.KernelCode, Wide, dpl: 3, parameters: 2));
        _bench.Map(LegacyLayout.UserData + 0x1000, 0);
        _bench.Place(a => a.call(LegacySelectors.Free, 0u), user: true);
        _bench[Gpr.Rsp] = LegacyLayout.UserData + 0xFFC;
        LegacyEvent taken = _bench.Fault();
        Assert.Equal((Vector.PageFault, 4u, LegacyLayout.UserCode), (taken.Vector, taken.ErrorCode, taken.Eip));
        Assert.Equal(LegacyLayout.UserData + 0x1000, _bench.Cpu.Registers.ControlRegister2);
    }

    private void Define(ulong gate) => _bench.Define(LegacySelectors.Free, gate);

    private static (Vector, uint?) Codes(LegacyEvent taken) => (taken.Vector, taken.ErrorCode);
}
