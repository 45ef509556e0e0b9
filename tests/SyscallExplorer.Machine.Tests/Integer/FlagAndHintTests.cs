using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

public sealed class FlagAndHintTests
{
    private readonly MachineBench _bench = new();

    [Fact]
    public void Flags_can_be_set_cleared_and_complemented_one_by_one()
    {
        _bench.Flags = 0;
        Assert.Equal(Rflags.CF | Rflags.DF, _bench.Run64(a => { a.stc(); a.std(); }).Flags & (Rflags.CF | Rflags.DF));
        Assert.Equal(Rflags.CF, _bench.Run64(a => { a.clc(); a.cld(); a.cmc(); }).Flags & (Rflags.CF | Rflags.DF));
    }

    [Fact]
    public void Lahf_and_sahf_carry_five_flags()
    {
        _bench.Flags = Rflags.Arithmetic;
        _bench[Gpr.Rax] = 0;
        BenchRun run = _bench.Run64(a =>
        {
            a.lahf();
            a.mov(ecx, eax);
            a.xor(eax, eax);
            a.sahf();
        });
        Assert.Equal(0xD700ul, _bench[Gpr.Rcx]);
        Assert.Equal(0ul, run.Flags & Rflags.Arithmetic);
    }

    [Theory]
    [InlineData("90")]
    [InlineData("6690")]
    [InlineData("F390")]
    [InlineData("0F1F00")]
    [InlineData("660F1F840000000000")]
    [InlineData("0F1F8478563412F0")]
    [InlineData("F30F1EFA")]
    [InlineData("F30F1EFB")]
    [InlineData("0F1808")]
    [InlineData("0F0D08")]
    [InlineData("0F1900")]
    public void Hints_change_nothing_and_touch_no_memory(string code)
    {
        _bench[Gpr.Rax] = 0x0000_8000_0000_0000;
        _bench.Flags = Rflags.Arithmetic;
        BenchRun run = _bench.Complete(BenchMode.Kernel64, Convert.FromHexString(code));
        Assert.Equal(Rflags.Arithmetic, run.Flags & Rflags.Arithmetic);
        Assert.Equal(0x0000_8000_0000_0000ul, _bench[Gpr.Rax]);
    }

    [Fact]
    public void Flushing_a_cache_line_faults_as_a_load_does()
    {
        _bench.Run64(a => a.clflush(__byte_ptr[BenchLayout.KernelData]));
        _bench.Unmap(BenchLayout.KernelData);
        TakenException taken = _bench.Fault(BenchMode.Kernel64, a => a.clflush(__byte_ptr[BenchLayout.KernelData]));
        Assert.Equal((Vector.PageFault, 0u), (taken.Vector, taken.ErrorCode!.Value));
    }

    [Theory]
    [InlineData("0F0B")]
    [InlineData("0FB9C0")]
    [InlineData("0FFFC0")]
    public void Undefined_instructions_are_invalid_opcodes(string code) =>
        Assert.Equal(Vector.InvalidOpcode, _bench.Fault(BenchMode.Kernel64, Convert.FromHexString(code)).Vector);
}
