using System.Text.Json.Serialization;
using SyscallExplorer.Machine;

namespace SyscallExplorer;

/// <summary>The frequency of the time-stamp counter.</summary>
/// <param name="Hertz">Ticks in a second.</param>
/// <param name="Source">Who says so.</param>
public sealed record TscFrequency(double Hertz, string Source);

/// <summary>How many ticks of the time-stamp counter one cycle of the core had while it was measured.</summary>
/// <param name="Median">The median over the figures of each one's fastest batch.</param>
/// <param name="Low">The least: the core at its fastest.</param>
/// <param name="High">The most of a figure's median batch: the core at its slowest, or interrupted.</param>
public sealed record TicksPerCycle(double Median, double Low, double High);

/// <summary>
/// What entries into the kernel, and ways around it, cost on the reader's own machine; made by <see cref="Native.Measure"/>, or read from JSON that was written
/// on another one. Where nothing could be measured, <see cref="Unavailable"/> says why, and there are no rows.
/// </summary>
[TypeFormatterSource(typeof(ResultFormatterSource), PreferredMimeTypes = ["text/html", "text/plain"])]
public sealed partial record NativeMeasurement
{
    /// <summary>Why nothing was measured, in a sentence; null when something was.</summary>
    public string? Unavailable { get; init; }

    /// <summary>The machine; null where not even that is known.</summary>
    public NativeHost? Host { get; init; }

    /// <summary>The frequency of the time-stamp counter; null when nothing was measured.</summary>
    public TscFrequency? Tsc { get; init; }

    /// <summary>Ticks to a cycle of the core; null when nothing was measured.</summary>
    public TicksPerCycle? TicksPerCycle { get; init; }

    /// <summary>The CPU that the measuring programs stayed on; null when the kernel would not keep them on one.</summary>
    public int? Cpu { get; init; }

    /// <summary>The figures.</summary>
    public required IReadOnlyList<NativeFigure> Rows { get; init; }

    /// <summary>Whether there is anything to look at.</summary>
    [JsonIgnore]
    public bool IsAvailable => Unavailable is null;

    /// <summary>The figure of a name.</summary>
    /// <param name="key">Such as <c>syscall getpid</c>.</param>
    /// <exception cref="ArgumentException">There is none; the message says what there is, or why there is nothing.</exception>
    public NativeFigure this[string key] => Find(key) ?? throw new ArgumentException(NoRow($"named '{key}'.{Suggestion.Question(key, Rows.Select(row => row.Key))}"), nameof(key));

    /// <summary>The figure of a call by a way into the kernel.</summary>
    /// <param name="path">The way.</param>
    /// <param name="call">The call; <c>getpid</c> or <c>unused</c> for every way.</param>
    /// <exception cref="ArgumentException">There is none; the message says what there is, or why there is nothing.</exception>
    public NativeFigure this[EntryPath path, string call] =>
        Rows.FirstOrDefault(row => row.Path == path && row.Call == call) ?? throw new ArgumentException(NoRow($"for {call} by {path}."), nameof(path));

    /// <summary>The figure of a name, or null.</summary>
    public NativeFigure? Find(string key) => Rows.FirstOrDefault(row => row.Key == key);

    /// <summary>A measurement of nothing, and why.</summary>
    internal static NativeMeasurement None(string why, NativeHost? host = null) => new() { Unavailable = why, Host = host, Rows = [] };

    private string NoRow(string what) => IsAvailable
        ? $"This measurement has no figure {what} It has {string.Join(", ", Rows.Select(row => row.Key))}."
        : $"This measurement has no figures. {Unavailable}";
}
