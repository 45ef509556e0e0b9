using System.Collections.Concurrent;

namespace SyscallExplorer.Linux;

/// <summary>The system calls of one kernel by the kind of caller, with the kit's handlers for them.</summary>
/// <param name="Table64">Calls of 64-bit and x32 programs.</param>
/// <param name="Table32">Calls of 32-bit programs.</param>
internal sealed record SyscallTables(SyscallTable Table64, SyscallTable Table32)
{
    private static readonly ConcurrentDictionary<Version, SyscallTables> s_loaded = [];

    /// <summary>The tables of a version.</summary>
    public static SyscallTables Of(Version version) =>
        s_loaded.GetOrAdd(version, known => new SyscallTables(SyscallTable.Load($"linux-{known}", "x86_64"), SyscallTable.Load($"linux-{known}", "i386")));

    /// <summary>The row of a number, or null for a hole.</summary>
    public SyscallEntry? Find(int number, SyscallAbi abi) => abi switch
    {
        SyscallAbi.Ia32 => Table32.Find(number),
        SyscallAbi.Wide => Table64.Find(number),
        _ => Table64.FindX32(number),
    };

    /// <summary>
    /// The kit's handler of a row, or null where the kit has none. A call keeps its name and its meaning through all versions, while the
    /// functions behind it change theirs; so the name leads to the function of Linux 5.13, whose names the handlers bear.
    /// </summary>
    public static SyscallHandler? HandlerOf(SyscallEntry entry, SyscallAbi abi)
    {
        SyscallTables named = Of(HandlersNamedAfter);
        bool compat = abi == SyscallAbi.Ia32 || entry.Abi == "x32";
        SyscallEntry? row = (compat ? named.Table32 : named.Table64).FindName(entry.Name);
        if (row is null || entry.Entry is "sys_ni_syscall" or "")
            return null;
        return (compat ? s_handlers32 : s_handlers64).GetValueOrDefault(KernelGeneration.FunctionOf(row, compat));
    }

    private static readonly Dictionary<string, SyscallHandler> s_handlers64 = ByFunction(handler => handler.Entry64 is { } entry ? [entry] : []);

    /// <summary>A handler of 32-bit callers serves the function for them under both of its names.</summary>
    private static readonly Dictionary<string, SyscallHandler> s_handlers32 = ByFunction(handler => handler.Entry32 is { } entry ? [entry, $"compat_{entry}"] : []);

    /// <summary>The first handler that serves a function does it.</summary>
    private static Dictionary<string, SyscallHandler> ByFunction(Func<SyscallHandler, string[]> functionsOf)
    {
        var handlers = new Dictionary<string, SyscallHandler>();
        foreach (SyscallHandler handler in HandlerTable.Linux_5_13)
        {
            foreach (string function in functionsOf(handler))
                handlers.TryAdd(function, handler);
        }

        return handlers;
    }

    private static Version HandlersNamedAfter { get; } = new(5, 13);
}
