using static SyscallExplorer.Linux.ArgumentKind;

namespace SyscallExplorer.Linux;

/// <summary>How a new task is made.</summary>
internal static class CloneArguments
{
    private const ulong PidDescriptor = 0x1000;
    private const ulong SetThreadStorage = 0x80000;
    private const ulong SetParentNumber = 0x100000;
    private const ulong IntoControlGroup = 0x200000000;
    private const ulong ChildNumber = 0x200000 | 0x1000000;

    /// <summary>The five arguments of <c>clone</c>, of which the flags say which count.</summary>
    public static ArgumentKind Clone { get; } = new(
        (text, _) => text.Write("child_stack=").Address(text[1]).Write($", flags={TaskWords.CloneFlags(text.IsCompat ? text.UInt(0) : text[0])}"),
        (text, _) =>
        {
            ulong flags = text[0], storage = text[text.IsCompat ? 3 : 4], child = text[text.IsCompat ? 4 : 3];
            if ((flags & (SetParentNumber | PidDescriptor)) != 0)
                Number(text.Write(", parent_tid="), text[2]);
            if ((flags & SetThreadStorage) != 0)
                Storage(text.Write(", tls="), storage);
            if ((flags & ChildNumber) != 0)
                text.Write(", child_tidptr=").Address(child);
        });

    /// <summary><c>struct clone_args</c>; the next argument is its size.</summary>
    public static ArgumentKind Structure { get; } = new(
        (text, slot) =>
        {
            if (Read(text, slot) is not { } arguments)
            {
                text.Address(text[slot]);
                return;
            }

            ulong flags = arguments.UInt64(), descriptor = arguments.UInt64(), child = arguments.UInt64(), parent = arguments.UInt64();
            text.Write($"{{flags={TaskWords.Clone3.Format(flags)}");
            if ((flags & PidDescriptor) != 0)
                text.Write(", pidfd=").Address(descriptor);
            if ((flags & ChildNumber) != 0)
                text.Write(", child_tid=").Address(child);
            if ((flags & SetParentNumber) != 0)
                text.Write(", parent_tid=").Address(parent);
            text.Write($", exit_signal={SignalWords.Name((long)arguments.UInt64())}, stack=").Address(arguments.UInt64());
            text.Write(", stack_size=").Hexadecimal(arguments.UInt64());
            ulong storage = arguments.UInt64();
            if ((flags & SetThreadStorage) != 0)
                Storage(text.Write(", tls="), storage);
            ulong numbers = arguments.UInt64(), count = arguments.UInt64();
            if (numbers != 0 || count != 0)
                Numbers(text, numbers, count);
            if ((flags & IntoControlGroup) != 0)
                text.Write($", cgroup={arguments.UInt64()}");
            text.Write("}");
        },
        (text, slot) =>
        {
            if (text.Failed || Read(text, slot) is not { } arguments)
                return;
            ulong flags = arguments.UInt64(), descriptor = arguments.UInt64(), parent = arguments.Skip(8).UInt64();
            var told = new List<string>();
            if ((flags & PidDescriptor) != 0 && text.ReadInt(descriptor) is { } file)
                told.Add($"pidfd=[{file}]");
            if ((flags & SetParentNumber) != 0 && text.ReadInt(parent) is { } number)
                told.Add($"parent_tid=[{number}]");
            if (told.Count > 0)
                text.Write($" => {{{string.Join(", ", told)}}}");
        });

    private static void Numbers(CallText text, ulong address, ulong count)
    {
        const ulong most = 32;
        text.Write(", set_tid=");
        if (count is > 0 and <= most)
            text.Array(address, count, sizeof(int), number => text.Number(number.Int32()));
        else
            text.Address(address);
        text.Write($", set_tid_size={count}");
    }

    private static StructureReader? Read(CallText text, int slot)
    {
        const int known = 88, least = 64;
        int size = (int)Math.Min(text[slot + 1], known);
        if (size < least || text.Read(text[slot], size) is not { } bytes)
            return null;
        Array.Resize(ref bytes, known);
        return new StructureReader(bytes, text.IsCompat);
    }

    private static void Number(CallText text, ulong address)
    {
        if (!text.Failed && text.ReadInt(address) is { } number)
            text.Write($"[{number}]");
        else
            text.Address(address);
    }

    private static void Storage(CallText text, ulong address)
    {
        if (text.IsCompat && !text.Failed && text.Structure(address, 16) is { } descriptor)
            text.Write(TaskArguments.DescriptorText(descriptor, compat: true));
        else
            text.Address(address);
    }
}
