using static SyscallExplorer.Linux.ArgumentKind;

namespace SyscallExplorer.Linux;

/// <summary>Descriptors that are waited for, and their events.</summary>
internal static class PollArguments
{
    private const int PollSize = 8;
    private const int EventSize = 12;

    /// <summary>What <c>poll</c> waits for; the next argument is the number.</summary>
    public static ArgumentKind Polled { get; } = In((text, slot) => text.Array(text[slot], text.UInt(slot + 1), PollSize, item =>
    {
        int descriptor = item.Int32();
        text.Write(descriptor < 0 ? $"{{fd={descriptor}}}" : $"{{fd={descriptor}, events={FileWords.Poll.Format(item.UInt16())}}}");
    }));

    /// <summary>A set of <c>select</c>; the first argument is the number of bits.</summary>
    public static ArgumentKind Selected { get; } = In((text, slot) =>
    {
        if (Members(text, slot) is { } members)
            text.Write($"[{string.Join(' ', members)}]");
        else
            text.Address(text[slot]);
    });

    /// <summary>Events that the call fills in, as many as its result says.</summary>
    public static ArgumentKind Events { get; } = Out((text, slot) => text.Array(text[slot], Results.Word(text), EventSize, item => text.Write(EventText(item))));

    /// <summary>An event to wait for.</summary>
    public static ArgumentKind Event { get; } = In((text, slot) =>
    {
        const int delete = 2;
        // A deletion needs none.
        if (text.Int(1) != delete && text.Structure(text[slot], EventSize) is { } item)
            text.Write(EventText(item));
        else
            text.Address(text[slot]);
    });

    /// <summary>A signal mask and its size, as <c>pselect6</c> passes them.</summary>
    public static ArgumentKind MaskAndSize { get; } = InStructure(text => 2 * text.WordSize, (text, pair) =>
    {
        ulong address = pair.Word(), size = pair.Word();
        text.Write("{sigmask=");
        SignalArguments.Set(text, address, size);
        text.Write($", sigsetsize={size}}}");
    });

    /// <summary>What <c>poll</c> has found, and the time that is left.</summary>
    public static string? PollNote(CallText text, int? timeSlot, bool wide)
    {
        if (text.Result == 0)
            return "Timeout";
        const uint mostPolled = 1 << 16;
        var found = new List<string>();
        for (uint index = 0; index < Math.Min(text.UInt(1), mostPolled) && found.Count <= text.StringLimit; index++)
        {
            if (text.Structure(text[0] + index * PollSize, PollSize) is not { } item)
                break;
            int descriptor = item.Int32();
            int events = item.Skip(2).UInt16();
            if (descriptor >= 0 && events != 0)
                found.Add(found.Count == text.StringLimit ? "..." : $"{{fd={descriptor}, revents={FileWords.Poll.Format((ulong)events)}}}");
        }

        string note = $"[{string.Join(", ", found)}]";
        return timeSlot is { } slot && Left(text, text[slot], wide) is { } left ? $"{note}, left {left}" : note;
    }

    /// <summary>What <c>select</c> has found, and the time that is left.</summary>
    public static string? SelectNote(CallText text, Func<StructureReader, string> time, Func<CallText, int> timeSize)
    {
        if (text.Result == 0)
            return "Timeout";
        var parts = new List<string>();
        long untold = text.Result ?? 0;
        foreach ((int slot, string name) in ((int, string)[])[(1, "in"), (2, "out"), (3, "except")])
        {
            if (untold <= 0 || Members(text, slot) is not { Count: > 0 } members)
                continue;
            // The result counts members over all sets, so that the sets after the last one that it counts are left out.
            parts.Add($"{name} [{string.Join(' ', members)}]");
            untold -= members.Count;
        }

        if (text.Structure(text[4], timeSize(text)) is { } left)
            parts.Add($"left {time(left)}");
        return parts.Count > 0 ? string.Join(", ", parts) : null;
    }

    private static string? Left(CallText text, ulong address, bool wide) =>
        text.Structure(address, TimeArguments.Size(text, wide)) is { } time ? TimeArguments.Spec(time, wide) : null;

    private static List<int>? Members(CallText text, int slot)
    {
        const int mostBits = 65536;
        int bits = Math.Clamp(text.Int(0), 0, mostBits), word = text.WordSize * 8;
        int bytes = (bits + word - 1) / word * text.WordSize;
        if (bits == 0 || text[slot] == 0 || text.Read(text[slot], bytes) is not { } set)
            return null;
        return [.. Enumerable.Range(0, bits).Where(bit => (set[bit / 8] & (1 << bit % 8)) != 0)];
    }

    private static string EventText(StructureReader item)
    {
        string events = FileWords.EpollEvents.Format(item.UInt32());
        uint low = item.UInt32();
        ulong whole = item.At(4).UInt64();
        return $"{{events={events}, data={{u32={low}, u64={whole}}}}}";
    }
}
