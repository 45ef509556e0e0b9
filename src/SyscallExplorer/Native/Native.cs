namespace SyscallExplorer;

/// <summary>
/// The reader's own machine beside the emulated one. Linux on x86-64 only; elsewhere, and where the host forbids it, a measurement has no figures and says why.
/// Nothing measured here ever reaches an emulated machine.
/// </summary>
public static class Native
{
    private static readonly object s_oneAtATime = new();

    /// <summary>
    /// Measures ways into the kernel, ways around it, and the instructions that they rest on, by small programs that the kit writes itself and runs as processes. It
    /// takes two to four seconds, and one measurement waits for another.
    /// </summary>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <returns>The figures, or a measurement without any whose <see cref="NativeMeasurement.Unavailable"/> says why.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static NativeMeasurement Measure(NativeOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new NativeOptions();
        options.Check();
        if (NativeSession.WhyNotHere() is { } why)
            return NativeMeasurement.None(why);
        lock (s_oneAtATime)
        {
            using NativeSession? session = NativeSession.TryStart(options, out string? problem, cancellation);
            return session?.Measure() ?? NativeMeasurement.None(problem!, HostReader.Read(new ThisHost()));
        }
    }

    /// <summary>Runs something while nobody else measures in this process.</summary>
    internal static T Alone<T>(Func<T> work)
    {
        lock (s_oneAtATime)
            return work();
    }
}
