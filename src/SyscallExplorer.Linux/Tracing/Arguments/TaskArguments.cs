using static SyscallExplorer.Linux.ArgumentKind;

namespace SyscallExplorer.Linux;

/// <summary>What is told of tasks, their limits and the machine.</summary>
internal static class TaskArguments
{
    private const int NameField = 65;

    /// <summary>How a child ended; without one the address alone.</summary>
    public static ArgumentKind WaitStatus { get; } = AtExit((text, slot) =>
    {
        if (!text.Failed && text.Result > 0 && text.ReadInt(text[slot]) is { } status)
            text.Write($"[{{{WaitStatusText(status)}}}]");
        else
            text.Address(text[slot]);
    });

    /// <summary>What an ended child has used.</summary>
    public static ArgumentKind ChildUsage { get; } = AtExit((text, slot) =>
    {
        if (text.Failed || text.Result == 0)
            text.Address(text[slot]);
        else
            UsageOrAddress(text, slot);
    });

    /// <summary><c>struct rusage</c>, abbreviated.</summary>
    public static ArgumentKind Usage { get; } = Out(UsageOrAddress);

    /// <summary><c>struct rlimit</c>.</summary>
    public static ArgumentKind Limit(bool wide) => InStructure(text => LimitSize(text, wide), (text, limit) => WriteLimit(text, limit, wide));

    /// <summary><c>struct rlimit</c> that the call fills in.</summary>
    public static ArgumentKind OutLimit(bool wide) => OutStructure(text => LimitSize(text, wide), (text, limit) => WriteLimit(text, limit, wide));

    /// <summary><c>struct utsname</c>, abbreviated.</summary>
    public static ArgumentKind SystemName { get; } = OutStructure(_ => 6 * NameField, (text, names) =>
        text.Write($"{{sysname={Field(names)}, nodename={Field(names)}, ...}}"));

    /// <summary><c>struct sysinfo</c>.</summary>
    public static ArgumentKind SystemInformation { get; } = OutStructure(text => text.IsCompat ? 64 : 112, (text, info) =>
    {
        text.Write($"{{uptime={info.Word()}, loads=[{info.Word()}, {info.Word()}, {info.Word()}]");
        foreach (string name in (string[])["totalram", "freeram", "sharedram", "bufferram", "totalswap", "freeswap"])
            text.Write($", {name}={info.Word()}");
        text.Write($", procs={info.UInt16()}");
        info.Skip(text.IsCompat ? 2 : 6);
        text.Write($", totalhigh={info.Word()}, freehigh={info.Word()}, mem_unit={info.UInt32()}}}");
    });

    /// <summary>Arguments of a program.</summary>
    public static ArgumentKind Strings { get; } = In((text, slot) =>
    {
        ulong start = text[slot];
        if (start == 0 || text.ReadWord(start) is null)
        {
            text.Address(start);
            return;
        }

        text.Write("[");
        for (int index = 0; ; index++)
        {
            ulong place = start + (ulong)(index * text.WordSize);
            if (text.ReadWord(place) is not { } item)
            {
                text.Write($"{(index > 0 ? ", " : "")}... /* 0x{place:x} */");
                break;
            }

            if (item == 0)
                break;
            text.Write(index > 0 ? ", " : "");
            if (index >= text.StringLimit)
            {
                text.Write("...");
                break;
            }

            Texts.String(text, item, text.StringLimit);
        }

        text.Write("]");
    });

    /// <summary>The environment of a program: where it is and how many variables it has.</summary>
    public static ArgumentKind Environment { get; } = In((text, slot) =>
    {
        const int most = 1 << 16;
        text.Address(text[slot]);
        int count = 0;
        while (count < most && text.ReadWord(text[slot] + (ulong)(count * text.WordSize)) is { } item)
        {
            if (item == 0)
            {
                text.Write($" /* {count} {(count == 1 ? "var" : "vars")} */");
                return;
            }

            count++;
        }

        if (text[slot] != 0)
            text.Write(count == 0 ? "" : $" /* {count} {(count == 1 ? "var" : "vars")}, unterminated */");
    });

    /// <summary>A segment descriptor of a thread.</summary>
    public static ArgumentKind Descriptor { get; } = InStructure(_ => 16, (text, area) => text.Write(DescriptorText(area, text.IsCompat)));

    /// <summary>A segment descriptor that the call fills in.</summary>
    public static ArgumentKind OutDescriptor { get; } = AtExit((text, slot) =>
    {
        if (text.Failed && text.Structure(text[slot], 4)?.UInt32() is { } number)
            text.Write($"{{entry_number={(number == uint.MaxValue ? "-1" : $"{number}")}, ...}}");
        else if (text.Structure(text[slot], 16) is { } area)
            text.Write(DescriptorText(area, text.IsCompat));
        else
            text.Address(text[slot]);
    });

    /// <summary>A set of processors; the argument before is its size.</summary>
    public static ArgumentKind Processors { get; } = In((text, slot) => WriteProcessors(text, text[slot], text[slot - 1]));

    /// <summary>A set of processors that the call fills in, as far as its result says.</summary>
    public static ArgumentKind OutProcessors { get; } = Out((text, slot) => WriteProcessors(text, text[slot], Results.Word(text)));

    /// <summary><c>struct sched_param</c>.</summary>
    public static ArgumentKind Priority { get; } = InStructure(_ => 4, (text, priority) => text.Write($"[{priority.Int32()}]"));

    /// <summary><c>struct sched_param</c> that the call fills in.</summary>
    public static ArgumentKind OutPriority { get; } = OutStructure(_ => 4, (text, priority) => text.Write($"[{priority.Int32()}]"));

    /// <summary>Groups; the argument before is their number.</summary>
    public static ArgumentKind Groups(int size) => In((text, slot) => WriteGroups(text, slot, text.UInt(slot - 1), size));

    /// <summary>Groups that the call fills in, as many as its result says.</summary>
    public static ArgumentKind OutGroups(int size) => new(null, (text, slot) =>
    {
        if (text.Failed)
            text.Address(text[slot]);
        else
            WriteGroups(text, slot, (uint)Results.Word(text), size);
    });

    /// <summary>Such as <c>WIFEXITED(s) &amp;&amp; WEXITSTATUS(s) == 0</c>.</summary>
    public static string WaitStatusText(int status)
    {
        const int continued = 0xffff, stoppedMark = 0x7f, coreMark = 0x80;
        int low = status & stoppedMark, high = (status >> 8) & 0xff;
        if (status == continued)
            return "WIFCONTINUED(s)";
        if (low == 0)
            return $"WIFEXITED(s) && WEXITSTATUS(s) == {high}";
        if ((status & 0xff) == stoppedMark)
        {
            const int syscallMark = 0x80;
            string trace = status >> 16 is var rest && rest > 0 ? $" | 0x{rest << 16:x}" : "";
            string mark = (high & syscallMark) != 0 ? " | 0x80" : "";
            return $"WIFSTOPPED(s) && WSTOPSIG(s) == {SignalWords.Name(high & ~syscallMark)}{mark}{trace}";
        }

        return $"WIFSIGNALED(s) && WTERMSIG(s) == {SignalWords.Name(low)}{((status & coreMark) != 0 ? " && WCOREDUMP(s)" : "")}";
    }

    /// <summary>Such as <c>{entry_number=12, base_addr=0x804a000, ...}</c>, with all members.</summary>
    public static string DescriptorText(StructureReader area, bool compat)
    {
        int number = area.Int32();
        uint start = area.UInt32(), limit = area.UInt32(), bits = area.UInt32();
        uint Bit(int at) => (bits >> at) & 1;
        const int contents = 1, longMode = 7;
        string last = compat ? "" : $", lm={Bit(longMode)}";
        return $"{{entry_number={(number == -1 ? "-1" : $"{(uint)number}")}, base_addr={Padded(start)}, limit={Padded(limit)}, seg_32bit={Bit(0)}, contents={(bits >> contents) & 3}"
            + $", read_exec_only={Bit(3)}, limit_in_pages={Bit(4)}, seg_not_present={Bit(5)}, useable={Bit(6)}{last}}}";
    }

    private static string Padded(uint value) => value == 0 ? "00000000" : "0x" + value.ToString("x6", System.Globalization.CultureInfo.InvariantCulture);

    private static int LimitSize(CallText text, bool wide) => wide ? 16 : 2 * text.WordSize;

    private static void WriteLimit(CallText text, StructureReader limit, bool wide)
    {
        string Bound()
        {
            const ulong kilobyte = 1024;
            ulong value = wide ? limit.UInt64() : limit.Word();
            ulong infinity = wide || !text.IsCompat ? ulong.MaxValue : uint.MaxValue;
            return value == infinity ? wide || !text.IsCompat ? "RLIM64_INFINITY" : "RLIM_INFINITY"
                : value > kilobyte && value % kilobyte == 0 ? $"{value / kilobyte}*1024"
                : $"{value}";
        }

        text.Write($"{{rlim_cur={Bound()}, rlim_max={Bound()}}}");
    }

    private static void UsageOrAddress(CallText text, int slot)
    {
        if (text.Structure(text[slot], 18 * text.WordSize) is { } usage)
            text.Write($"{{ru_utime={TimeArguments.Val(usage)}, ru_stime={TimeArguments.Val(usage)}, ...}}");
        else
            text.Address(text[slot]);
    }

    private static string Field(StructureReader names)
    {
        ReadOnlySpan<byte> field = names.Take(NameField);
        int end = field.IndexOf((byte)0);
        return Texts.Quote(end < 0 ? field : field[..end]);
    }

    private static void WriteProcessors(CallText text, ulong address, ulong size)
    {
        const ulong mostBytes = 1 << 20;
        if (address == 0 || size > mostBytes || text.Read(address, (int)size) is not { } bytes)
        {
            text.Address(address);
            return;
        }

        IEnumerable<int> set = Enumerable.Range(0, bytes.Length * 8).Where(bit => (bytes[bit / 8] & (1 << bit % 8)) != 0);
        text.Write($"[{string.Join(' ', set)}]");
    }

    private static void WriteGroups(CallText text, int slot, uint count, int size)
    {
        const uint most = 65536;
        if (count > most)
            text.Address(text[slot]);
        else if (count == 0)
            text.Write(text[slot] == 0 ? "NULL" : "[]");
        else
            text.Array(text[slot], count, size, group => _ = size == 2 ? text.ShortUser(group.UInt16()) : text.User(group.UInt32()));
    }
}
