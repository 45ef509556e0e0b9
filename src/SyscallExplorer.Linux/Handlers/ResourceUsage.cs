namespace SyscallExplorer.Linux;

/// <summary>
/// <c>struct rusage</c>. What a task ran is known exactly; how much of it was the kernel's is told by where the ticks found it, as in
/// kernels without exact accounting. man 2 getrusage.
/// </summary>
internal static class ResourceUsage
{
    private const long MicrosecondsPerSecond = 1_000_000;

    /// <summary>Nanoseconds in user mode and in the kernel.</summary>
    public static (long User, long System) Split(LinuxMachine machine, TaskTimes times)
    {
        long total = new EmulatedTime(machine).NanosecondsOf(times.Running);
        long ticks = times.UserTicks + times.SystemTicks;
        long system = ticks == 0 ? 0 : (long)((Int128)total * times.SystemTicks / ticks);
        return (total - system, system);
    }

    public static CStructure Of(LinuxMachine machine, TaskTimes times, bool compat, long residentPages = 0)
    {
        const int counters = 14;
        const int maximumResident = 0, minorFaults = 4, voluntary = 12, involuntary = 13;
        (long user, long system) = Split(machine, times);
        var c = new CStructure(compat);
        foreach (long nanoseconds in (ReadOnlySpan<long>)[user, system])
            c.Word(nanoseconds / 1000 / MicrosecondsPerSecond).Word(nanoseconds / 1000 % MicrosecondsPerSecond);
        for (int i = 0; i < counters; i++)
        {
            c.Word(i switch
            {
                maximumResident => residentPages * (long)(KernelLayout.PageSize >> 10),
                minorFaults => times.MinorFaults,
                voluntary => times.VoluntarySwitches,
                involuntary => times.InvoluntarySwitches,
                _ => 0L,
            });
        }

        return c;
    }
}
