using SyscallExplorer.Machine;
using Xunit;

namespace SyscallExplorer.Silicon.Tests;

/// <summary>The worker survives whatever a snippet does, and says what it was.</summary>
public sealed class WorkerTests
{
    [SkippableTheory]
    [InlineData("64 f7f1 rax=1", Vector.DivideError, 0u)]
    [InlineData("64 cc", Vector.Breakpoint, 0u)]
    [InlineData("32 ce flags=a02", Vector.Overflow, 0u)]
    [InlineData("32 6201 rax=5 rcx=10000000", Vector.BoundRange, 0u)]
    [InlineData("64 0f0b", Vector.InvalidOpcode, 0u)]
    [InlineData("64 f4", Vector.GeneralProtection, 0u)]
    [InlineData("64 cd20", Vector.GeneralProtection, 0x102u)]
    [InlineData("64 50 rsp=8000000000000000", Vector.StackFault, 0u)]
    [InlineData("64 50 rsp=8", Vector.PageFault, 6u)]
    [InlineData("64 50 rsp=20000100", Vector.PageFault, 7u)]
    [InlineData("64 8b00 rax=10001fff", Vector.PageFault, 4u)]
    [InlineData("64 ffe0 rax=10000000", Vector.PageFault, 0x15u)]
    [InlineData("64 d9f0 image+0=7f flags=202 image+2=8080", null, 0u)]
    [InlineData("64 9b image+0=7e03 image+2=8180", Vector.FloatingPoint, 0u)]
    [InlineData("64 8b00 rax=10000001 flags=40202", Vector.AlignmentCheck, 0u)]
    [InlineData("64 0f5ec1 image+18=80 image+19=1d image+a0=0000803f", Vector.SimdFloatingPoint, 0u)]
    [InlineData("64 8ed8 rax=40", Vector.GeneralProtection, 0x40u)]
    public void An_exception_is_reported_with_its_error_code(string text, Vector? vector, uint errorCode)
    {
        Skip.If(SiliconComparison.WhyNotHere is not null, SiliconComparison.WhyNotHere);
        using var runner = new SiliconRunner(HostProcessor.Model);
        Assert.Empty(SiliconComparison.Compare(runner, SiliconCase.Parse(text), out _));
        Assert.Equal(vector is null ? EndKind.Completed : EndKind.Fault, runner.Native.Kind);
        if (vector is null)
            return;
        Assert.Equal((int)vector, runner.Native.Vector);
        if (vector is Vector.GeneralProtection or Vector.PageFault or Vector.StackFault or Vector.AlignmentCheck)
            Assert.Equal(errorCode, runner.Native.ErrorCode);
        Assert.Equal(0, runner.Deaths);
    }

    [SkippableFact]
    public void An_endless_instruction_is_cut_off()
    {
        Skip.If(SiliconComparison.WhyNotHere is not null, SiliconComparison.WhyNotHere);
        using var runner = new SiliconRunner(HostProcessor.Model);
        Assert.Empty(SiliconComparison.Compare(runner, SiliconCase.Parse("64 ebfe"), out _));
        Assert.Equal(EndKind.Endless, runner.Native.Kind);
        Assert.Empty(SiliconComparison.Compare(runner, SiliconCase.Parse("64 90"), out _));
        Assert.Equal(EndKind.Completed, runner.Native.Kind);
    }

    [SkippableFact]
    public void A_worker_that_dies_is_replaced_and_the_case_named()
    {
        Skip.If(SiliconComparison.WhyNotHere is not null, SiliconComparison.WhyNotHere);
        using var runner = new SiliconRunner(HostProcessor.Model);

        // SYSCALL with the number of exit: what no generator makes.
        Difference difference = Assert.Single(SiliconComparison.Compare(runner, SiliconCase.Parse("64 0f05 rax=3c rdi=7"), out _));
        Assert.Equal("ended with 7", difference.Native);
        Assert.Empty(SiliconComparison.Compare(runner, SiliconCase.Parse("64 01c8 rax=1 rcx=2"), out _));
        Assert.Equal(3ul, runner.Native.Registers[(int)Gpr.Rax]);
    }

    [SkippableFact]
    public void Stores_are_seen_and_undone()
    {
        Skip.If(SiliconComparison.WhyNotHere is not null, SiliconComparison.WhyNotHere);
        using var runner = new SiliconRunner(HostProcessor.Model);
        Assert.Empty(SiliconComparison.Compare(runner, SiliconCase.Parse("64 488901 rax=1122334455667788 rcx=10000ffc data+ffe=99"), out _));
        Assert.Equal((byte[])[0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11], runner.Native.Data[0xFFC..0x1004]);
        Assert.Empty(SiliconComparison.Compare(runner, SiliconCase.Parse("64 488b01 rcx=10000ffc"), out _));
        Assert.Equal(0ul, runner.Native.Registers[(int)Gpr.Rax]);
    }
}
