namespace SyscallExplorer.Linux;

/// <summary>How a handler takes its arguments and who does its work.</summary>
/// <param name="Name">Its name behind <c>sys_</c>, as the body's symbol has it.</param>
/// <param name="Arguments">How many of the registers it reads.</param>
/// <param name="Entry64">The entry in the 64-bit table that it serves, or null.</param>
/// <param name="Entry32">The entry in the 32-bit table that it serves, or null.</param>
/// <param name="Body">Guest code for the body; null means that the host does it.</param>
internal sealed record SyscallHandler(string Name, int Arguments, string? Entry64, string? Entry32, Action<KernelAssembler>? Body)
{
    public string BodySymbol => $"__do_sys_{Name}";

    public string Symbol64 => $"__x64_sys_{Name}";

    public string Symbol32 => $"__ia32_sys_{Name}";

    public bool IsHosted => Body is null;
}

/// <summary>
/// The handlers of this kernel: those that people measure are guest code, the others end in a hypercall. Entries are the names that the
/// kernel's own tables use.
/// </summary>
internal static class HandlerTable
{
    public static IReadOnlyList<SyscallHandler> Linux_5_13 { get; } =
    [
        new("getpid", 0, "sys_getpid", "sys_getpid", IdentityHandlers.GetPid),
        new("getppid", 0, "sys_getppid", "sys_getppid", IdentityHandlers.GetPpid),
        new("gettid", 0, "sys_gettid", "sys_gettid", IdentityHandlers.GetTid),
        new("getuid", 0, "sys_getuid", "sys_getuid", IdentityHandlers.GetUid),
        new("getuid16", 0, null, "sys_getuid16", IdentityHandlers.GetUid16),
        new("time", 1, "sys_time", null, TimeHandlers.Time),
        new("time32", 1, null, "sys_time32", TimeHandlers.Time32),
        new("gettimeofday", 2, "sys_gettimeofday", null, TimeHandlers.GetTimeOfDay),
        new("gettimeofday32", 2, null, "sys_gettimeofday", TimeHandlers.GetTimeOfDay32),
        new("clock_gettime", 2, "sys_clock_gettime", "sys_clock_gettime", TimeHandlers.ClockGetTime),
        new("clock_gettime32", 2, null, "sys_clock_gettime32", TimeHandlers.ClockGetTime32),
        new("read", 3, "sys_read", "sys_read", FileHandlers.Read),
        new("write", 3, "sys_write", "sys_write", FileHandlers.Write),
        new("hosted_read", 3, null, null, null),
        new("hosted_write", 3, null, null, null),
        new("open", 3, "sys_open", "sys_open", null),
        new("close", 1, "sys_close", "sys_close", null),
        new("newuname", 1, "sys_newuname", "sys_newuname", null),
        new("exit", 1, "sys_exit", "sys_exit", null),
        new("exit_group", 1, "sys_exit_group", "sys_exit_group", null),
        new("brk", 1, "sys_brk", "sys_brk", null),
        new("mmap", 6, "sys_mmap", null, null),
        new("mmap_pgoff", 6, null, "sys_mmap_pgoff", null),
        new("old_mmap", 1, null, "compat_sys_ia32_mmap", null),
    ];

    /// <summary>The number of a hosted handler's hypercall.</summary>
    public static int HypercallOf(SyscallHandler handler) => HypercallNumbers.FirstHandler + IndexOf(handler);

    /// <summary>The hosted handler of a hypercall's number.</summary>
    public static SyscallHandler? OfHypercall(int number)
    {
        int index = (number & ~HypercallNumbers.Compat) - HypercallNumbers.FirstHandler;
        return index >= 0 && index < Linux_5_13.Count && Linux_5_13[index].IsHosted ? Linux_5_13[index] : null;
    }

    private static int IndexOf(SyscallHandler handler)
    {
        for (int i = 0; i < Linux_5_13.Count; i++)
        {
            if (ReferenceEquals(Linux_5_13[i], handler))
                return i;
        }

        throw new ArgumentException($"The handler {handler.Name} is not in the table.", nameof(handler));
    }
}
