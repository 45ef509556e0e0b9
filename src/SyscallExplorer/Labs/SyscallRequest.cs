namespace SyscallExplorer;

/// <summary>An argument of a system call: a number, or a place in the program's writable data.</summary>
/// <param name="Value">The number, or the offset in bytes from the start of the data.</param>
/// <param name="IsBuffer">Whether it is a place in the data, whose address depends on the kind of program.</param>
public readonly record struct SyscallArgument(long Value, bool IsBuffer = false)
{
    /// <summary>A place in the program's data, which begins zeroed.</summary>
    /// <param name="offset">Bytes from its start, 0 to 32,767.</param>
    /// <exception cref="ArgumentOutOfRangeException">The offset is no such number.</exception>
    public static SyscallArgument Buffer(int offset = 0) =>
        offset is >= 0 and < 0x8000
            ? new(offset, true)
            : throw new ArgumentOutOfRangeException(nameof(offset), offset, "A buffer begins within the first 32,768 bytes of the program's data.");

    /// <summary>A number.</summary>
    public static implicit operator SyscallArgument(long value) => new(value);
}

/// <summary>A system call to measure: a name of the kernel's tables, or a number, with its arguments.</summary>
/// <param name="Name">Its name; for a number, its digits.</param>
/// <param name="Arguments">Up to six arguments.</param>
public sealed record SyscallRequest(string Name, params IReadOnlyList<SyscallArgument> Arguments)
{
    /// <summary>A file that the program opens before; its descriptor is then 3.</summary>
    public string? OpensFirst { get; init; }

    /// <summary>A number, whatever stands behind it in the tables.</summary>
    public int? Number { get; init; }

    /// <summary>What the open call is given as flags.</summary>
    internal int OpenFlags { get; init; }

    /// <summary>A call without arguments.</summary>
    public static implicit operator SyscallRequest(string name) => Syscalls.All.FirstOrDefault(known => known.Name == name) ?? new(name);

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>System calls that people measure, with arguments that make them succeed.</summary>
public static class Syscalls
{
    private const int WriteOnly = 1;

    /// <summary>getpid: the least that a call can do.</summary>
    public static SyscallRequest GetPid { get; } = new("getpid");

    /// <summary>getppid.</summary>
    public static SyscallRequest GetPpid { get; } = new("getppid");

    /// <summary>gettid.</summary>
    public static SyscallRequest GetTid { get; } = new("gettid");

    /// <summary>getuid.</summary>
    public static SyscallRequest GetUid { get; } = new("getuid");

    /// <summary>time, without a place to store it.</summary>
    public static SyscallRequest Time { get; } = new("time", 0);

    /// <summary>gettimeofday into a buffer.</summary>
    public static SyscallRequest GetTimeOfDay { get; } = new("gettimeofday", SyscallArgument.Buffer(), 0);

    /// <summary>clock_gettime of CLOCK_MONOTONIC into a buffer.</summary>
    public static SyscallRequest ClockGetTime { get; } = new("clock_gettime", 1, SyscallArgument.Buffer());

    /// <summary>read of 64 bytes of /dev/zero.</summary>
    public static SyscallRequest ReadZero { get; } = new("read", 3, SyscallArgument.Buffer(), 64) { OpensFirst = "/dev/zero" };

    /// <summary>write of 64 bytes to /dev/null.</summary>
    public static SyscallRequest WriteNull { get; } = new("write", 3, SyscallArgument.Buffer(), 64) { OpensFirst = "/dev/null", OpenFlags = WriteOnly };

    /// <summary>A number that no table has: the price of the way alone.</summary>
    public static SyscallRequest Unused { get; } = Numbered(9999);

    /// <summary>All of these.</summary>
    public static IReadOnlyList<SyscallRequest> All { get; } =
        [GetPid, GetPpid, GetTid, GetUid, Time, GetTimeOfDay, ClockGetTime, ReadZero, WriteNull, Unused];

    /// <summary>A call by its number.</summary>
    public static SyscallRequest Numbered(int number, params IReadOnlyList<SyscallArgument> arguments) =>
        new(number.ToString(System.Globalization.CultureInfo.InvariantCulture), arguments) { Number = number };
}
