namespace SyscallExplorer.Linux;

/// <summary>PR_SET_SYSCALL_USER_DISPATCH of a thread: calls from outside a range become SIGSYS while a byte of the program says so.</summary>
/// <param name="Start">The range whose calls are always done.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Selector">Address of the byte, or 0 where all calls are blocked.</param>
/// <param name="IsBlocking">Whether the call that is under way was blocked: its exit is then not told to anybody.</param>
internal sealed record UserDispatchState(ulong Start, ulong Length, ulong Selector, bool IsBlocking = false);

/// <summary>What user dispatch makes of a call. Documentation/admin-guide/syscall-user-dispatch.rst.</summary>
internal enum UserDispatchVerdict
{
    /// <summary>It is done.</summary>
    Allow,

    /// <summary>It becomes SIGSYS.</summary>
    Block,

    /// <summary>The byte has another value: the thread ends by SIGSYS.</summary>
    BadSelector,

    /// <summary>The byte cannot be read: the thread ends by SIGSEGV.</summary>
    UnreadableSelector,
}

/// <summary>Decides about calls.</summary>
internal static class UserDispatch
{
    private const byte AllowByte = 0, BlockByte = 1;

    /// <summary>Decides about a call.</summary>
    /// <param name="state">What prctl set.</param>
    /// <param name="address">The instruction behind the call.</param>
    /// <param name="isSigreturn">Whether it is in the kernel's own stub that ends handlers of 32-bit programs.</param>
    /// <param name="read">The program's memory.</param>
    public static UserDispatchVerdict Decide(UserDispatchState state, ulong address, bool isSigreturn, UserMemoryReader read)
    {
        if (address - state.Start < state.Length || isSigreturn)
            return UserDispatchVerdict.Allow;
        if (state.Selector == 0)
            return UserDispatchVerdict.Block;
        Span<byte> selector = stackalloc byte[1];
        if (!read(state.Selector, selector))
            return UserDispatchVerdict.UnreadableSelector;
        return selector[0] switch
        {
            AllowByte => UserDispatchVerdict.Allow,
            BlockByte => UserDispatchVerdict.Block,
            _ => UserDispatchVerdict.BadSelector,
        };
    }
}
