using static SyscallExplorer.Linux.ArgumentKind;

namespace SyscallExplorer.Linux;

/// <summary>Signal sets, actions, stacks and what goes with a signal.</summary>
internal static class SignalArguments
{
    private const int SetBytes = 8;

    /// <summary>A set; the argument at a slot is its size, or it has a word's.</summary>
    public static ArgumentKind Set(int sizeSlot) => In((text, slot) => Set(text, text[slot], text[sizeSlot]));

    /// <summary>A set that the call fills in.</summary>
    public static ArgumentKind OutSet(int sizeSlot) => Out((text, slot) => Set(text, text[slot], text[sizeSlot]));

    /// <summary>Pending signals, as many bytes of them as the call was asked for.</summary>
    public static ArgumentKind OutPending { get; } = Out((text, slot) => WriteSet(text, text[slot], text[slot + 1]));

    /// <summary>A set of 32 signals.</summary>
    public static ArgumentKind OldSet { get; } = InStructure(_ => 4, (text, set) => text.Write(SignalWords.Set(set.UInt32(), 32)));

    /// <summary>A set of 32 signals that the call fills in.</summary>
    public static ArgumentKind OutOldSet { get; } = OutStructure(_ => 4, (text, set) => text.Write(SignalWords.Set(set.UInt32(), 32)));

    /// <summary>A set of 32 signals in the register itself.</summary>
    public static ArgumentKind Mask { get; } = In((text, slot) => text.Write(SignalWords.Set(text.UInt(slot), 32)));

    /// <summary><c>struct sigaction</c>.</summary>
    public static ArgumentKind Action { get; } = InStructure(ActionSize, WriteAction);

    /// <summary><c>struct sigaction</c> that the call fills in.</summary>
    public static ArgumentKind OutAction { get; } = OutStructure(ActionSize, WriteAction);

    /// <summary>The structure of the first calls, of 32-bit programs.</summary>
    public static ArgumentKind OldAction { get; } = InStructure(_ => 16, WriteOldAction);

    /// <summary>The same, filled in by the call.</summary>
    public static ArgumentKind OutOldAction { get; } = OutStructure(_ => 16, WriteOldAction);

    /// <summary>A handler.</summary>
    public static ArgumentKind Handler { get; } = In((text, slot) => text.Write(HandlerText(text[slot])));

    /// <summary><c>stack_t</c>.</summary>
    public static ArgumentKind Stack { get; } = InStructure(StackSize, WriteStack);

    /// <summary><c>stack_t</c> that the call fills in.</summary>
    public static ArgumentKind OutStack { get; } = OutStructure(StackSize, WriteStack);

    /// <summary><c>siginfo_t</c>.</summary>
    public static ArgumentKind Information { get; } =
        InStructure(_ => SignalInformation.Size, (text, info) => text.Write(SignalInformation.Parse(info.Bytes, text.IsCompat).Format()));

    /// <summary><c>siginfo_t</c> that the call fills in.</summary>
    public static ArgumentKind OutInformation { get; } =
        OutStructure(_ => SignalInformation.Size, (text, info) => text.Write(SignalInformation.Parse(info.Bytes, text.IsCompat).Format()));

    /// <summary>The mask that the end of a handler brings back; it lies in the frame on the caller's stack.</summary>
    public static ArgumentKind FrameMask { get; } = In((text, _) =>
    {
        // Behind the 64-bit caller's pointer lies its ucontext; behind the 32-bit one's the handler's three arguments, a siginfo and the ucontext.
        const int mask64 = 296, context32 = 3 * 4 + SignalInformation.Size, mask32 = 108;
        ulong place = text.Call.StackPointer + (ulong)(text.IsCompat ? context32 + mask32 : mask64);
        WriteFrameMask(text, text.Structure(place, SetBytes)?.UInt64());
    });

    /// <summary>The same in the frame of handlers without <c>siginfo_t</c>, of 32-bit programs.</summary>
    public static ArgumentKind OldFrameMask { get; } = In((text, _) =>
    {
        const ulong low = 80, high = 88 + 624;
        uint? first = text.Structure(text.Call.StackPointer + low, 4)?.UInt32();
        uint? second = text.Structure(text.Call.StackPointer + high, 4)?.UInt32();
        WriteFrameMask(text, first is { } word ? word | ((ulong)(second ?? 0) << 32) : null);
    });

    /// <summary>Writes a set of a given size.</summary>
    public static void Set(CallText text, ulong address, ulong size)
    {
        if (size >= (ulong)text.WordSize)
            WriteSet(text, address, size);
        else
            text.Address(address);
    }

    private static void WriteSet(CallText text, ulong address, ulong size)
    {
        if (size is > 0 and <= SetBytes && address != 0 && text.Read(address, (int)size) is { } bytes)
            text.Write(SignalWords.Set(BitConverter.ToUInt64([.. bytes, .. new byte[SetBytes - bytes.Length]]), bytes.Length * 8));
        else
            text.Address(address);
    }

    private static void WriteFrameMask(CallText text, ulong? mask) =>
        text.Write(mask is { } bits ? $"{{mask={SignalWords.Set(bits, 64)}}}" : $"0x{text.Call.StackPointer:x}");

    private static int ActionSize(CallText text) => text.IsCompat ? 20 : 32;

    private static int StackSize(CallText text) => 3 * text.WordSize;

    private static string HandlerText(ulong handler) => handler switch
    {
        0 => "SIG_DFL",
        1 => "SIG_IGN",
        ulong.MaxValue => "SIG_ERR",
        _ => $"0x{handler:x}",
    };

    private static void WriteAction(CallText text, StructureReader action)
    {
        ulong handler = action.Word(), flags = action.Word(), restorer = action.Word(), mask = action.UInt64();
        WriteAction(text, handler, SignalWords.Set(mask, 64), flags, restorer);
    }

    private static void WriteOldAction(CallText text, StructureReader action)
    {
        ulong handler = action.Word(), mask = action.UInt32(), flags = action.Word(), restorer = action.Word();
        WriteAction(text, handler, SignalWords.Set(mask, 32), flags, restorer);
    }

    private static void WriteAction(CallText text, ulong handler, string mask, ulong flags, ulong restorer)
    {
        const ulong hasRestorer = 0x4000000;
        text.Write($"{{sa_handler={HandlerText(handler)}, sa_mask={mask}, sa_flags={SignalWords.ActionFlags.Format(flags)}");
        if ((flags & hasRestorer) != 0)
            text.Write(", sa_restorer=").Address(restorer);
        text.Write("}");
    }

    private static void WriteStack(CallText text, StructureReader stack)
    {
        ulong start = stack.Word();
        uint flags = stack.UInt32();
        if (!text.IsCompat)
            stack.Skip(4);
        text.Write("{ss_sp=").Address(start).Write($", ss_flags={SignalWords.StackFlags.Format(flags)}, ss_size={stack.Word()}}}");
    }
}
