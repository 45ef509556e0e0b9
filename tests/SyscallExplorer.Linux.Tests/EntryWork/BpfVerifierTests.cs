namespace SyscallExplorer.Linux.Tests;

/// <summary>What a filter must be like. Documentation/userspace-api/seccomp_filter.rst.</summary>
public sealed class BpfVerifierTests
{
    private static readonly BpfInstruction s_allow = new(BpfCodes.ReturnConstant, 0, 0, SeccompAction.Allow);

    private static bool Accepts(params BpfInstruction[] program) => BpfVerifier.Accepts([.. program]);

    private static BpfInstruction Do(int code, uint constant = 0, byte ifTrue = 0, byte ifFalse = 0) => new(code, ifTrue, ifFalse, constant);

    [Fact]
    public void A_program_ends_in_a_return_and_has_1_to_4096_instructions()
    {
        Assert.False(Accepts());
        Assert.True(Accepts(s_allow));
        Assert.False(Accepts(s_allow, Do(BpfCodes.Load)));
        Assert.True(Accepts([.. Enumerable.Repeat(s_allow, BpfVerifier.MostInstructions)]));
        Assert.False(Accepts([.. Enumerable.Repeat(s_allow, BpfVerifier.MostInstructions + 1)]));
    }

    [Theory]
    [InlineData(0u, true)]
    [InlineData(60u, true)]
    [InlineData(62u, false)]
    [InlineData(64u, false)]
    [InlineData(uint.MaxValue - 3, false)]
    public void A_load_is_a_whole_word_of_the_data(uint offset, bool isGood) => Assert.Equal(isGood, Accepts(Do(BpfCodes.LoadWord, offset), s_allow));

    [Theory]
    [InlineData(0x28, "a load of a half word")]
    [InlineData(0x30, "a load of a byte")]
    [InlineData(0x40, "a load by the index register")]
    [InlineData(0xB1, "the length of an IP header")]
    [InlineData(0x94, "a remainder")]
    [InlineData(0x16 | 0x08, "a return of the index register")]
    [InlineData(0x8000, "a code that does not exist")]
    public void What_packet_filters_may_do_beside_is_refused(int code, string what) =>
        Assert.False(Accepts(Do(code, 1), s_allow), what);

    [Fact]
    public void Jumps_stay_inside_the_program()
    {
        Assert.True(Accepts(Do(BpfCodes.Jump, 1), s_allow, s_allow));
        Assert.False(Accepts(Do(BpfCodes.Jump, 2), s_allow, s_allow));
        Assert.False(Accepts(Do(BpfCodes.Jump, uint.MaxValue), s_allow, s_allow));
        const int ifEqual = BpfCodes.Jump | BpfCodes.IfEqual;
        Assert.True(Accepts(Do(ifEqual, 0, 1, 1), s_allow, s_allow));
        Assert.False(Accepts(Do(ifEqual, 0, 2, 0), s_allow, s_allow));
        Assert.False(Accepts(Do(ifEqual, 0, 0, 2), s_allow, s_allow));
    }

    [Fact]
    public void A_constant_divisor_is_not_zero_and_a_constant_shift_is_shorter_than_a_word()
    {
        Assert.False(Accepts(Do(BpfCodes.Arithmetic | BpfCodes.Divide, 0), s_allow));
        Assert.True(Accepts(Do(BpfCodes.Arithmetic | BpfCodes.Divide, 1), s_allow));
        Assert.True(Accepts(Do(BpfCodes.Arithmetic | BpfCodes.Divide | BpfCodes.FromIndex), s_allow));
        Assert.True(Accepts(Do(BpfCodes.Arithmetic | BpfCodes.ShiftLeft, 31), s_allow));
        Assert.False(Accepts(Do(BpfCodes.Arithmetic | BpfCodes.ShiftLeft, 32), s_allow));
        Assert.False(Accepts(Do(BpfCodes.Arithmetic | BpfCodes.ShiftRight, 32), s_allow));
    }

    [Fact]
    public void Scratch_memory_has_16_words_that_are_stored_to_before_they_are_loaded_on_every_way()
    {
        Assert.True(Accepts(Do(BpfCodes.Store, 15), Do(BpfCodes.LoadIndexMemory, 15), s_allow));
        Assert.False(Accepts(Do(BpfCodes.Store, 16), s_allow));
        Assert.False(Accepts(Do(BpfCodes.LoadMemory, 0), s_allow));
        Assert.False(Accepts(Do(BpfCodes.Store, 1), Do(BpfCodes.LoadMemory, 0), s_allow));

        // One way goes past the store.
        const int ifEqual = BpfCodes.Jump | BpfCodes.IfEqual;
        Assert.False(Accepts(Do(ifEqual, 0, 1, 0), Do(BpfCodes.Store, 2), Do(BpfCodes.LoadMemory, 2), s_allow));
        Assert.True(Accepts(Do(ifEqual, 0, 2, 0), Do(BpfCodes.Store, 2), Do(BpfCodes.Jump, 1), Do(BpfCodes.StoreIndex, 2), Do(BpfCodes.LoadMemory, 2), s_allow));

        // No way leads there.
        Assert.True(Accepts(Do(BpfCodes.Jump, 1), Do(BpfCodes.LoadMemory, 7), s_allow));
    }
}
