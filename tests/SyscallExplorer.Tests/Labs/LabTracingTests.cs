using Iced.Intel;
using SyscallExplorer.Linux;
using SyscallExplorer.Machine;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Tests;

/// <summary>What the kernel tells of a program's calls.</summary>
public sealed class LabTracingTests
{
    private static readonly Lab s_lab = Lab.Boot(Kernels.Linux_5_13, Cpus.Skylake);

    private static void Native(Assembler a)
    {
        a.mov(eax, 39);
        a.syscall();
        a.mov(edi, 7);
        a.mov(eax, 231);
        a.syscall();
    }

    private static void Compat(Assembler a)
    {
        a.mov(eax, 20);
        a.@int(unchecked((sbyte)0x80));
        a.mov(ebx, 7);
        a.mov(eax, 252);
        a.@int(unchecked((sbyte)0x80));
    }

    [Theory]
    [InlineData(64)]
    [InlineData(32)]
    public void Strace_writes_the_calls_of_64_bit_and_of_32_bit_programs(int bitness)
    {
        string text = s_lab.Strace(bitness == 64 ? Native : Compat, bitness).Text;
        Assert.Contains("getpid()", text, StringComparison.Ordinal);
        Assert.Contains("= 1000", text, StringComparison.Ordinal);
        Assert.Contains("exit_group(7)", text, StringComparison.Ordinal);
        Assert.EndsWith("+++ exited with 7 +++\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Audit_leaves_out_a_call_that_does_not_return()
    {
        AuditRecord record = Assert.Single(s_lab.Audit(ProgramRequest.Assemble(Native, 64)));
        Assert.Equal((39, 1000L, true), (record.Number, record.Result, record.IsSuccess));
    }
}
