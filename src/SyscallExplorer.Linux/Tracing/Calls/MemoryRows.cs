using System.Collections.Immutable;
using static SyscallExplorer.Linux.Scalars;

namespace SyscallExplorer.Linux;

/// <summary>Calls on memory.</summary>
internal static class MemoryRows
{
    private const int ReplacedMapping = 3;

    private static ArgumentKind Protection { get; } = WordFlags(MemoryWords.Protection);

    /// <summary>How a mapping is made.</summary>
    public static ArgumentKind MapFlags { get; } = Formula(flags => MemoryWords.MapFlags(flags));

    private static ArgumentKind IpcKey { get; } = ArgumentKind.In((text, slot) => text.Write(text.UInt(slot) == 0 ? "IPC_PRIVATE" : $"0x{text.UInt(slot):x}"));

    /// <summary>A byte for each page: whether it is there.</summary>
    private static ArgumentKind Residence { get; } = ArgumentKind.AtExit((text, slot) =>
    {
        const ulong page = 4096, most = 1 << 20;
        ulong pages = text[1] / page + (text[1] % page == 0 ? 0ul : 1);
        if (text[slot] == 0 || (text.Failed && pages > 0) || pages > most || text.Read(text[slot], (int)pages) is not { } bytes)
        {
            text.Address(text[slot]);
            return;
        }

        IEnumerable<string> states = bytes.Take(text.StringLimit).Select(state => (state & 1) == 1 ? "1" : "0");
        text.Write($"[{string.Join(", ", states)}{(pages > (ulong)text.StringLimit ? ", ..." : "")}]");
    });

    private static ArgumentKind SharedControl { get; } = ArgumentKind.In((text, slot) =>
    {
        const uint modern = 0x100;
        text.Write((text.UInt(slot) & modern) != 0 ? "IPC_64|" : "").Write(MemoryWords.SharedControl.Format(text.UInt(slot) & ~modern));
    });

    public static ImmutableArray<CallRow> All { get; } =
    [
        new("brk", Address) { Result = Results.Hexadecimal },
        new("mmap", Address, Size, Protection, MapFlags, Int, Hexadecimal) { Result = Results.Hexadecimal },
        new("munmap", Address, Size),
        new("mprotect", Address, Size, Protection),
        new("pkey_mprotect", Address, Size, Protection, Int),
        new("pkey_alloc", Hexadecimal, WordFlags(MemoryWords.KeyRights)),
        new("pkey_free", Int),
        new("mremap")
        {
            Choose = text => (text.UInt(3) & ReplacedMapping) == ReplacedMapping
                ? [Address, Size, Size, WordFlags(MemoryWords.Remap), Address]
                : [Address, Size, Size, WordFlags(MemoryWords.Remap)],
            Result = Results.Hexadecimal,
        },
        new("msync", Address, Size, Flags(MemoryWords.Synchronise)),
        new("mincore", Address, Size, Residence),
        new("madvise", Address, Size, Value(MemoryWords.Advice)),
        new("mlock", Address, Size),
        new("mlock2", Address, Size, Flags(MemoryWords.Lock)),
        new("munlock", Address, Size),
        new("mlockall", Flags(MemoryWords.LockAll)),
        new("munlockall"),
        new("remap_file_pages", Address, Size, Protection, Size, MapFlags),
        new("shmget", IpcKey, Size, IpcGet(MemoryWords.SharedGet, hugeShift: 26)),
        new("shmat", Int, Address, Flags(MemoryWords.SharedAttach)) { Result = Results.Hexadecimal },
        new("shmdt", Address),
        new("shmctl", Int, SharedControl, Address),
        new("semget", IpcKey, Int, IpcGet(MemoryWords.IpcGet)),
        new("msgget", IpcKey, IpcGet(MemoryWords.IpcGet)),
    ];

    private static ArgumentKind IpcGet(FlagNames names, int? hugeShift = null)
    {
        const ulong permissions = 0x1ff, hugeMask = 63;
        return ArgumentKind.In((text, slot) =>
        {
            ulong flags = text.UInt(slot) & ~permissions;
            ulong huge = hugeShift is { } shift ? (flags >> shift) & hugeMask : 0;
            flags &= ~(huge << (hugeShift ?? 0));
            string named = flags == 0 ? "" : names.FormatFurther(flags)[1..];
            string size = huge == 0 ? "" : $"{(named.Length > 0 ? "|" : "")}{huge}<<SHM_HUGE_SHIFT";
            // Flags of which none has a name run into the permissions, but for those of shared memory.
            bool parted = hugeShift is null ? named.Length > 0 && !named.StartsWith("0x", StringComparison.Ordinal) : named.Length + size.Length > 0;
            text.Write(named).Write(size).Write(parted ? "|" : "").Octal(text[slot] & permissions);
        });
    }
}
