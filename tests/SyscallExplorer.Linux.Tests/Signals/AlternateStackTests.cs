namespace SyscallExplorer.Linux.Tests;

/// <summary>sigaltstack. man 2 sigaltstack.</summary>
public sealed class AlternateStackTests
{
    private const ulong Base = 0x10_0000;
    private static readonly AlternateStack s_stack = new(Base, 0x4000, 0);

    [Theory]
    [InlineData(Base, false)]
    [InlineData(Base + 1, true)]
    [InlineData(Base + 0x4000, true)]
    [InlineData(Base + 0x4001, false)]
    [InlineData(0ul, false)]
    public void Its_top_belongs_to_it_and_its_lowest_byte_does_not(ulong stackPointer, bool inside) => Assert.Equal(inside, s_stack.Contains(stackPointer));

    [Fact]
    public void It_tells_whether_it_is_in_use()
    {
        Assert.Equal(AlternateStack.Disabled, AlternateStack.None.FlagsToTell(Base));
        Assert.Equal(0u, s_stack.FlagsToTell(0x5000));
        Assert.Equal(AlternateStack.OnStack, s_stack.FlagsToTell(Base + 8));
        Assert.Equal(AlternateStack.AutoDisarm, (s_stack with { Flags = AlternateStack.AutoDisarm }).FlagsToTell(Base + 8));
    }

    [Fact]
    public void A_frame_starts_at_its_top_unless_the_program_is_on_it()
    {
        Assert.Equal(Base + 0x4000, s_stack.TopFor(0x5000));
        Assert.Equal(Base + 0x100, s_stack.TopFor(Base + 0x100));
        Assert.Equal(0x5000ul, AlternateStack.None.TopFor(0x5000));
    }

    [Fact]
    public void It_cannot_change_while_it_is_in_use()
    {
        Assert.Equal((Errno.EPERM, s_stack), s_stack.Change(new AlternateStack(0x9000, 0x4000, 0), Base + 8));
        AlternateStack disarming = s_stack with { Flags = AlternateStack.AutoDisarm };
        Assert.Equal(0, disarming.Change(new AlternateStack(0x9000, 0x4000, 0), Base + 8).Error);
    }

    [Fact]
    public void Wrong_flags_and_small_sizes_are_refused()
    {
        Assert.Equal(Errno.EINVAL, AlternateStack.None.Change(new AlternateStack(0x9000, 0x4000, 4), 0).Error);
        Assert.Equal(Errno.EINVAL, AlternateStack.None.Change(new AlternateStack(0x9000, 0x4000, 3), 0).Error);
        Assert.Equal(Errno.ENOMEM, AlternateStack.None.Change(new AlternateStack(0x9000, 2047, 0), 0).Error);
        Assert.Equal(0, AlternateStack.None.Change(new AlternateStack(0x9000, 2048, AlternateStack.OnStack), 0).Error);
    }

    [Fact]
    public void Disabling_forgets_it_and_a_delivery_disarms_it()
    {
        Assert.Equal(AlternateStack.Reset, s_stack.Change(new AlternateStack(0x9000, 5, AlternateStack.Disabled), 0).Stack);
        Assert.Equal(AlternateStack.Reset, (s_stack with { Flags = AlternateStack.AutoDisarm }).AfterDelivery);
        Assert.Same(s_stack, s_stack.AfterDelivery);
    }
}
