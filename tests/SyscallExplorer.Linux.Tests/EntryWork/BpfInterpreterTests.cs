namespace SyscallExplorer.Linux.Tests;

/// <summary>What filters compute.</summary>
public sealed class BpfInterpreterTests
{
    private static readonly SeccompData s_data = new(39, AuditArchitecture.X86_64, 0x1122_3344_5566_7788, [1, 0x1_0000_0002, 3, 4, 5, 0xFFFF_FFFF_0000_0006]);

    private static uint Run(params BpfInstruction[] program)
    {
        Assert.True(BpfVerifier.Accepts([.. program]));
        return BpfInterpreter.Run([.. program], s_data, out _);
    }

    private static BpfInstruction Do(int code, uint constant = 0, byte ifTrue = 0, byte ifFalse = 0) => new(code, ifTrue, ifFalse, constant);

    private static readonly BpfInstruction s_return = Do(BpfCodes.ReturnAccumulator);

    [Theory]
    [InlineData(0u, 39u)]
    [InlineData(4u, AuditArchitecture.X86_64)]
    [InlineData(8u, 0x5566_7788u)]
    [InlineData(12u, 0x1122_3344u)]
    [InlineData(16u, 1u)]
    [InlineData(20u, 0u)]
    [InlineData(24u, 2u)]
    [InlineData(28u, 1u)]
    [InlineData(56u, 6u)]
    [InlineData(60u, 0xFFFF_FFFFu)]
    public void Loads_read_number_architecture_address_and_arguments_word_by_word(uint offset, uint expected) =>
        Assert.Equal(expected, Run(Do(BpfCodes.LoadWord, offset), s_return));

    [Theory]
    [InlineData(BpfCodes.Add, 7u, 5u, 12u)]
    [InlineData(BpfCodes.Add, uint.MaxValue, 2u, 1u)]
    [InlineData(BpfCodes.Subtract, 5u, 7u, uint.MaxValue - 1)]
    [InlineData(BpfCodes.Multiply, 0x1_0001u, 0x1_0001u, 0x0002_0001u)]
    [InlineData(BpfCodes.Divide, 0x8000_0000u, 3u, 0x2AAA_AAAAu)]
    [InlineData(BpfCodes.And, 12u, 10u, 8u)]
    [InlineData(BpfCodes.Or, 12u, 10u, 14u)]
    [InlineData(BpfCodes.Xor, 12u, 10u, 6u)]
    [InlineData(BpfCodes.ShiftLeft, 3u, 31u, 0x8000_0000u)]
    [InlineData(BpfCodes.ShiftRight, 0x8000_0000u, 31u, 1u)]
    public void Arithmetic_is_unsigned_and_takes_a_constant_or_the_index(int operation, uint left, uint right, uint expected)
    {
        Assert.Equal(expected, Run(Do(BpfCodes.Load, left), Do(BpfCodes.Arithmetic | operation, right), s_return));
        Assert.Equal(expected, Run(
            Do(BpfCodes.Load, right), Do(BpfCodes.ToIndex), Do(BpfCodes.Load, left), Do(BpfCodes.Arithmetic | operation | BpfCodes.FromIndex), s_return));
    }

    [Fact]
    public void A_shift_by_the_index_register_counts_modulo_32() =>
        Assert.Equal(2u, Run(Do(BpfCodes.LoadIndex, 33), Do(BpfCodes.Load, 1), Do(BpfCodes.Arithmetic | BpfCodes.ShiftLeft | BpfCodes.FromIndex), s_return));

    [Fact]
    public void A_division_by_the_index_register_when_it_is_zero_ends_the_filter_with_kill() =>
        Assert.Equal(0u, Run(Do(BpfCodes.Load, 1), Do(BpfCodes.Arithmetic | BpfCodes.Divide | BpfCodes.FromIndex), Do(BpfCodes.ReturnConstant, 5)));

    [Theory]
    [InlineData(BpfCodes.IfEqual, 5u, 5u, true)]
    [InlineData(BpfCodes.IfEqual, 5u, 4u, false)]
    [InlineData(BpfCodes.IfGreater, 0x8000_0000u, 1u, true)]
    [InlineData(BpfCodes.IfGreater, 5u, 5u, false)]
    [InlineData(BpfCodes.IfGreaterOrEqual, 5u, 5u, true)]
    [InlineData(BpfCodes.IfSet, 6u, 4u, true)]
    [InlineData(BpfCodes.IfSet, 6u, 1u, false)]
    public void Jumps_compare_unsigned(int condition, uint left, uint right, bool holds) =>
        Assert.Equal(holds ? 1u : 2, Run(
            Do(BpfCodes.Load, left), Do(BpfCodes.Jump | condition, right, 0, 1), Do(BpfCodes.ReturnConstant, 1), Do(BpfCodes.ReturnConstant, 2)));

    [Fact]
    public void Scratch_memory_keeps_both_registers()
    {
        Assert.Equal(12u, Run(
            Do(BpfCodes.Load, 5), Do(BpfCodes.Store, 3), Do(BpfCodes.LoadIndex, 7), Do(BpfCodes.StoreIndex, 4), Do(BpfCodes.LoadMemory, 4), Do(BpfCodes.LoadIndexMemory, 3),
            Do(BpfCodes.Arithmetic | BpfCodes.Add | BpfCodes.FromIndex), s_return));
        Assert.Equal(64u, Run(Do(BpfCodes.LoadIndexLength), Do(BpfCodes.ToAccumulator), s_return));
    }

    [Fact]
    public void Of_several_filters_the_strictest_decides_and_the_newest_among_equals()
    {
        SeccompFilter Then(SeccompFilter? previous, uint result) => new([Do(BpfCodes.ReturnConstant, result)], previous);
        SeccompFilter one = Then(null, SeccompAction.Error | 1), two = Then(one, SeccompAction.Error | 2), three = Then(two, SeccompAction.Allow);
        Assert.Equal(SeccompAction.Error | 2, three.Run(s_data, out int steps));
        Assert.Equal(3, steps);
        Assert.Equal(SeccompAction.KillProcess, Then(Then(null, SeccompAction.KillProcess), SeccompAction.KillThread).Run(s_data, out _));
        Assert.True(SeccompFilter.IsAncestor(one, three));
        Assert.False(SeccompFilter.IsAncestor(three, one));
    }
}
