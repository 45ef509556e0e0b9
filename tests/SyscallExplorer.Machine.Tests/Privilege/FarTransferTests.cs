using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;
using static SyscallExplorer.Machine.Tests.BenchDescriptors;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 2A, JMP and CALL; vol. 2B, RET: far transfers.</summary>
public class FarTransferTests
{
    private const ulong Pointer = BenchLayout.KernelData;
    private const ulong Target = BenchLayout.KernelCode + 0x400;
    private readonly MachineBench _bench = new();

    public FarTransferTests() => _bench.WriteBytes(Target, 0xF4);

    [Theory]
    [InlineData(BenchSelectors.KernelCode64, true), InlineData(BenchSelectors.KernelCode32, false)]
    public void A_far_jump_changes_the_mode_with_the_code_segment(int selector, bool is64Bit)
    {
        Assert.Null(Jump(selector, Target).Exception);
        Assert.Equal((Target + 1, is64Bit, selector), (_bench.Cpu.Registers.Rip, _bench.Cpu.IsIn64BitMode, (int)_bench.Cpu.Registers[SegmentName.CS].Selector));
    }

    [Fact]
    public void A_far_jump_with_a_pointer_in_the_instruction_leads_from_32_bit_to_64_bit_code()
    {
        byte[] jump = [0xEA, .. BitConverter.GetBytes((uint)Target), (byte)BenchSelectors.KernelCode64, 0];
        _bench.Try(BenchMode.Kernel32, jump);
        Assert.Equal((Target + 1, true), (_bench.Cpu.Registers.Rip, _bench.Cpu.IsIn64BitMode));
    }

    [Theory]
    [InlineData(0, 0u, Vector.GeneralProtection)]
    [InlineData(BenchSelectors.KernelData, (uint)BenchSelectors.KernelData, Vector.GeneralProtection)]
    [InlineData(BenchSelectors.UserCode64, BenchSelectors.UserCode64 & ~3u, Vector.GeneralProtection)]
    [InlineData(BenchSelectors.Tss, (uint)BenchSelectors.Tss, Vector.GeneralProtection)]
    [InlineData(BenchSelectors.KernelCode64 | 3, (uint)BenchSelectors.KernelCode64, Vector.GeneralProtection)]
    [InlineData(0x7F8, 0x7F8u, Vector.GeneralProtection)]
    [InlineData(FreeSelector, (uint)FreeSelector, Vector.SegmentNotPresent)]
    [InlineData(FreeSelector + 8, (uint)FreeSelector + 8, Vector.GeneralProtection)]
    public void A_far_jump_to_a_bad_code_segment_faults(int selector, uint error, Vector expected)
    {
        _bench.Define(FreeSelector, Make(ReadableCode, present: false, longMode: true));
        _bench.Define(FreeSelector + 8, Make(ReadableCode, longMode: true) | 1ul << 54);
        TakenException? taken = Jump(selector, Target).Exception;
        Assert.Equal((expected, error, BenchLayout.KernelCode), (taken?.Vector, taken?.ErrorCode, taken?.Rip));
    }

    [Theory]
    [InlineData(BenchSelectors.KernelCode64, 1ul << 47), InlineData(BenchSelectors.KernelCode32, 1ul << 32)]
    public void A_far_jump_to_an_address_that_the_segment_does_not_have_faults(int selector, ulong target)
    {
        TakenException? taken = Jump(selector, target).Exception;
        Assert.Equal((Vector.GeneralProtection, 0u), (taken?.Vector, taken?.ErrorCode));
    }

    [Fact]
    public void A_far_jump_to_conforming_code_keeps_the_level()
    {
        _bench.Define(FreeSelector, Make(ConformingCode, longMode: true));
        _bench.WriteBytes(BenchLayout.UserCode + 0x400, 0xCD, 0xFF);
        _bench.WriteBytes(BenchLayout.UserData, [.. BitConverter.GetBytes(BenchLayout.UserCode + 0x400), .. BitConverter.GetBytes(FreeSelector)]);
        _bench[Gpr.Rbx] = BenchLayout.UserData;
        Assert.Null(_bench.Try(BenchMode.User64, 0x48, 0xFF, 0x2B).Exception);
        Assert.Equal(FreeSelector | 3ul, _bench.Read64(_bench[Gpr.Rsp] + 8));
    }

    [Fact]
    public void A_far_call_pushes_CS_and_RIP_and_a_far_return_takes_them_back()
    {
        _bench.WriteBytes(Target, MachineBench.Assemble(64, Target, a => { a.mov(rax, __[rsp]); a.mov(rcx, __[rsp + 8]); a.db(0x48, 0xCB); }));
        SetPointer(BenchSelectors.KernelCode64, Target);
        _bench.Complete(BenchMode.Kernel64, 0x48, 0xFF, 0x1B);
        Assert.Equal((BenchLayout.KernelCode + 3, BenchSelectors.KernelCode64, BenchLayout.KernelStackTop), (_bench[Gpr.Rax], _bench[Gpr.Rcx], _bench[Gpr.Rsp]));
    }

    [Fact]
    public void A_far_call_that_cannot_push_both_words_pushes_none()
    {
        SetPointer(BenchSelectors.KernelCode64, Target);
        _bench.Place(BenchMode.Kernel64, 0x48, 0xFF, 0x1B);
        _bench[Gpr.Rsp] = BenchLayout.KernelData + 0x2008;
        _bench.Unmap(BenchLayout.KernelData + 0x1000);
        TakenException? taken = _bench.Go().Exception;
        Assert.Equal((Vector.PageFault, BenchLayout.KernelData + 0x2008, BenchLayout.KernelCode), (taken?.Vector, taken?.Rsp, taken?.Rip));
        Assert.Equal((BenchLayout.KernelData + 0x1FF8, 0ul), (_bench.Cpu.Registers.ControlRegister2, _bench.Read64(BenchLayout.KernelData + 0x2000)));
    }

    [Fact]
    public void A_far_return_to_ring_3_takes_the_stack_and_releases_parameters_on_both()
    {
        _bench.WriteBytes(BenchLayout.UserCode + 0x400, 0xCD, 0xFF);
        BenchRun run = _bench.Try(BenchMode.Kernel64, a =>
        {
            a.push((int)BenchSelectors.UserData);
            a.push((int)BenchLayout.UserStackTop - 0x100);
            a.push(0);
            a.push(0);
            a.push((int)BenchSelectors.UserCode64);
            a.push((int)BenchLayout.UserCode + 0x400);
            a.db(0x48, 0xCA, 16, 0);
        });
        Assert.Null(run.Exception);
        Assert.Equal(BenchLayout.UserStackTop - 0x100 + 16, run.Rsp);
        Assert.Equal(0, _bench.Cpu.Registers[SegmentName.DS].Selector);
    }

    [Fact]
    public void A_far_return_to_an_inner_level_faults()
    {
        TakenException taken = _bench.Fault(BenchMode.User64, a => { a.push((int)BenchSelectors.KernelCode64); a.push((int)Target); a.db(0x48, 0xCB); });
        Assert.Equal((Vector.GeneralProtection, (uint)BenchSelectors.KernelCode64), (taken.Vector, taken.ErrorCode));
    }

    private BenchRun Jump(int selector, ulong target)
    {
        SetPointer(selector, target);
        return _bench.Try(BenchMode.Kernel64, 0x48, 0xFF, 0x2B);
    }

    private void SetPointer(int selector, ulong target)
    {
        _bench.WriteBytes(Pointer, [.. BitConverter.GetBytes(target), .. BitConverter.GetBytes((ushort)selector)]);
        _bench[Gpr.Rbx] = Pointer;
    }
}
