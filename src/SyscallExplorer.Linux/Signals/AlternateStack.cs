namespace SyscallExplorer.Linux;

/// <summary>The stack that handlers with SA_ONSTACK run on. man 2 sigaltstack.</summary>
/// <param name="Address">Its lowest byte.</param>
/// <param name="Size">Its bytes; 0 when there is none.</param>
/// <param name="Flags">As the program gave them, since frames show them so.</param>
internal sealed record AlternateStack(ulong Address, ulong Size, uint Flags)
{
    /// <summary>SS_ONSTACK.</summary>
    public const uint OnStack = 1;

    /// <summary>SS_DISABLE.</summary>
    public const uint Disabled = 2;

    /// <summary>SS_AUTODISARM: it is gone while a handler runs.</summary>
    public const uint AutoDisarm = 1u << 31;

    /// <summary>MINSIGSTKSZ.</summary>
    public const ulong MinimumSize = 2048;

    /// <summary>What a program starts with.</summary>
    public static AlternateStack None { get; } = new(0, 0, 0);

    /// <summary>What is left of a stack that was disarmed, and what a new thread has.</summary>
    public static AlternateStack Reset { get; } = new(0, 0, Disabled);

    public bool DisarmsItself => (Flags & AutoDisarm) != 0;

    /// <summary>Whether a stack pointer lies in it, whatever the flags. It may stand at the very top, where nothing has been pushed yet.</summary>
    public bool Contains(ulong stackPointer) => stackPointer > Address && stackPointer - Address <= Size;

    /// <summary>Whether a program with that stack pointer runs on it. With SS_AUTODISARM nobody does.</summary>
    public bool IsInUse(ulong stackPointer) => !DisarmsItself && Contains(stackPointer);

    /// <summary>SS_DISABLE, SS_ONSTACK or 0.</summary>
    public uint Mode(ulong stackPointer) => Size == 0 ? Disabled : IsInUse(stackPointer) ? OnStack : 0;

    /// <summary>The flags that sigaltstack tells.</summary>
    public uint FlagsToTell(ulong stackPointer) => Mode(stackPointer) | (Flags & AutoDisarm);

    /// <summary>What a frame is built on when the handler has SA_ONSTACK.</summary>
    public ulong TopFor(ulong stackPointer) => Mode(stackPointer) == 0 ? Address + Size : stackPointer;

    /// <summary>After a signal was delivered.</summary>
    public AlternateStack AfterDelivery => DisarmsItself ? Reset : this;

    /// <summary>sigaltstack: 0 and the new stack, or an error.</summary>
    /// <param name="wanted">What the program asks for.</param>
    /// <param name="stackPointer">Where it is.</param>
    public (int Error, AlternateStack Stack) Change(AlternateStack wanted, ulong stackPointer)
    {
        if (IsInUse(stackPointer))
            return (Errno.EPERM, this);
        return (wanted.Flags & ~AutoDisarm) switch
        {
            Disabled => (0, wanted with { Address = 0, Size = 0 }),
            0 or OnStack => wanted.Size < MinimumSize ? (Errno.ENOMEM, this) : (0, wanted),
            _ => (Errno.EINVAL, this),
        };
    }
}
