using Xunit;
using static SyscallExplorer.Machine.Tests.BenchDescriptors;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 2A, CALL and JMP through a 64-bit call gate; vol. 3A, 5.8.3.1.</summary>
public class CallGateTests
{
    private const ulong KernelTarget = BenchLayout.KernelCode + 0x400;
    private static readonly byte[] FarCall = [0x48, 0xFF, 0x1B];
    private static readonly byte[] FarJump = [0x48, 0xFF, 0x2B];
    private readonly MachineBench _bench = new();

    public CallGateTests() => _bench.WriteBytes(KernelTarget, 0xF4);

    [Fact]
    public void A_call_from_ring_3_enters_ring_0_on_the_stack_of_the_TSS_with_a_null_SS()
    {
        SetGate(KernelTarget, BenchSelectors.KernelCode64, dpl: 3);
        Place(BenchMode.User64, FarCall);
        ulong userStack = _bench[Gpr.Rsp];
        Assert.Null(_bench.Go().Exception);
        ProcessorRegisters registers = _bench.Cpu.Registers;
        Assert.Equal((KernelTarget + 1, 0), (registers.Rip, _bench.Cpu.CurrentPrivilegeLevel));
        Assert.Equal(0, registers[SegmentName.SS].Selector);
        ulong frame = registers[Gpr.Rsp];
        Assert.Equal(_bench.Read64(registers.TaskRegister.Base + TaskStateSegment.Rsp0), frame + 32);
        Assert.Equal((BenchLayout.UserCode + 3, (ulong)BenchSelectors.UserCode64), (_bench.Read64(frame), _bench.Read64(frame + 8)));
        Assert.Equal((userStack, (ulong)BenchSelectors.UserData), (_bench.Read64(frame + 16), _bench.Read64(frame + 24)));
    }

    [Fact]
    public void A_far_return_leads_back_through_the_gate()
    {
        _bench.WriteBytes(KernelTarget, 0x48, 0xCB);
        SetGate(KernelTarget, BenchSelectors.KernelCode64, dpl: 3);
        Place(BenchMode.User64, [.. FarCall, 0xCD, 0xFF]);
        ulong userStack = _bench[Gpr.Rsp];
        Assert.Null(_bench.Go().Exception);

        // The program's INT that ends the run has saved where it was, and on which stack.
        ulong frame = _bench[Gpr.Rsp];
        Assert.Equal((BenchLayout.UserCode + 5, (ulong)BenchSelectors.UserCode64), (_bench.Read64(frame), _bench.Read64(frame + 8)));
        Assert.Equal((userStack, (ulong)BenchSelectors.UserData), (_bench.Read64(frame + 24), _bench.Read64(frame + 32)));
    }

    [Fact]
    public void A_call_that_keeps_the_level_pushes_CS_and_RIP_only()
    {
        SetGate(KernelTarget, BenchSelectors.KernelCode64, dpl: 0);
        Place(BenchMode.Kernel64, FarCall);
        ulong stack = _bench[Gpr.Rsp];
        Assert.Null(_bench.Go().Exception);
        Assert.Equal(stack - 16, _bench[Gpr.Rsp]);
        Assert.Equal((BenchLayout.KernelCode + 3, (ulong)BenchSelectors.KernelCode64), (_bench.Read64(stack - 16), _bench.Read64(stack - 8)));
    }

    [Fact]
    public void A_push_that_fails_names_the_first_word_that_does_not_fit_and_moves_nothing()
    {
        SetGate(KernelTarget, BenchSelectors.KernelCode64, dpl: 0);
        Place(BenchMode.Kernel64, FarCall);
        _bench[Gpr.Rsp] = BenchLayout.KernelData + 0x2008;
        _bench.Unmap(BenchLayout.KernelData + 0x1000);
        TakenException? taken = _bench.Go().Exception;
        Assert.Equal((Vector.PageFault, BenchLayout.KernelData + 0x2008, BenchLayout.KernelCode), (taken?.Vector, taken?.Rsp, taken?.Rip));
        Assert.Equal((BenchLayout.KernelData + 0x1FF8, 0ul), (_bench.Cpu.Registers.ControlRegister2, _bench.Read64(BenchLayout.KernelData + 0x2000)));
    }

    [Fact]
    public void A_jump_that_keeps_the_level_pushes_nothing()
    {
        SetGate(KernelTarget, BenchSelectors.KernelCode64, dpl: 0);
        Place(BenchMode.Kernel64, FarJump);
        ulong stack = _bench[Gpr.Rsp];
        Assert.Null(_bench.Go().Exception);
        Assert.Equal((KernelTarget + 1, stack), (_bench.Cpu.Registers.Rip, _bench[Gpr.Rsp]));
    }

    [Fact]
    public void A_jump_cannot_change_the_level()
    {
        SetGate(KernelTarget, BenchSelectors.KernelCode64, dpl: 3);
        Assert.Equal((Vector.GeneralProtection, (uint)BenchSelectors.KernelCode64), Fault(BenchMode.User64, FarJump));
    }

    [Fact]
    public void A_gate_for_inner_levels_only_refuses_ring_3()
    {
        SetGate(KernelTarget, BenchSelectors.KernelCode64, dpl: 0);
        Assert.Equal((Vector.GeneralProtection, (uint)FreeSelector), Fault(BenchMode.User64, FarCall));
    }

    [Fact]
    public void A_gate_that_is_not_present_is_NP()
    {
        SetGate(KernelTarget, BenchSelectors.KernelCode64, dpl: 3, present: false);
        Assert.Equal((Vector.SegmentNotPresent, (uint)FreeSelector), Fault(BenchMode.User64, FarCall));
    }

    [Fact]
    public void A_gate_whose_upper_half_looks_like_a_descriptor_is_GP()
    {
        SetGate(KernelTarget, BenchSelectors.KernelCode64, dpl: 3);
        _bench.SetDescriptor(FreeSelector + 8, (KernelTarget >> 32) | 1ul << 40);
        Assert.Equal((Vector.GeneralProtection, (uint)FreeSelector), Fault(BenchMode.User64, FarCall));
    }

    [Theory]
    [InlineData(0, 0u), InlineData(BenchSelectors.KernelData, (uint)BenchSelectors.KernelData), InlineData(BenchSelectors.KernelCode32, (uint)BenchSelectors.KernelCode32)]
    public void A_gate_to_anything_but_64_bit_code_is_GP(int code, uint error)
    {
        SetGate(KernelTarget, code, dpl: 3);
        Assert.Equal((Vector.GeneralProtection, error), Fault(BenchMode.User64, FarCall));
    }

    [Fact]
    public void A_noncanonical_target_is_GP_and_pushes_nothing()
    {
        SetGate(1ul << 47, BenchSelectors.KernelCode64, dpl: 3);
        Assert.Equal((Vector.GeneralProtection, 0u), Fault(BenchMode.User64, FarCall));
        Assert.Equal(0ul, _bench.Read64(_bench.Read64(_bench.Cpu.Registers.TaskRegister.Base + TaskStateSegment.Rsp0) - 32));
    }

    private (Vector?, uint?) Fault(BenchMode mode, byte[] code)
    {
        Place(mode, code);
        TakenException? taken = _bench.Go().Exception;
        return (taken?.Vector, taken?.ErrorCode);
    }

    private void Place(BenchMode mode, byte[] code)
    {
        ulong pointer = mode == BenchMode.Kernel64 ? BenchLayout.KernelData : BenchLayout.UserData;
        _bench.WriteBytes(pointer, [.. new byte[8], .. BitConverter.GetBytes((ushort)FreeSelector)]);
        _bench.Place(mode, code);
        _bench[Gpr.Rbx] = pointer;
    }

    private void SetGate(ulong target, int code, int dpl, bool present = true)
    {
        ulong access = (ulong)(Descriptor.CallGate | (dpl << 5) | (present ? 0x80 : 0));
        _bench.Define(FreeSelector, (target & 0xFFFF) | ((ulong)code << 16) | (access << 40) | ((target & 0xFFFF_0000) << 32));
        _bench.SetDescriptor(FreeSelector + 8, target >> 32);
    }
}
