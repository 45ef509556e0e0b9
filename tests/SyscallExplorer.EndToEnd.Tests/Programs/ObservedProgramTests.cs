using SyscallExplorer.Linux;
using Xunit;

namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>Real programs that are observed while they run.</summary>
public sealed class ObservedProgramTests
{
    private static readonly Lab s_lab = Lab.Boot("5.13", "Skylake");

    [SkippableTheory]
    [InlineData("seq 1 50 | sort -rn | head -n 3")]
    [InlineData("trap 'echo term' TERM; (sleep 0.001; kill -TERM $$) & wait; echo $?; wait; echo done")]
    [InlineData("cat nothing; sh -c 'kill -SEGV $$'; echo $?")]
    public void Busybox_does_not_notice_that_it_is_observed(string script)
    {
        var request = new ProgramRequest(BusyBox.Path, "sh", "-c", script);
        ProgramRun alone = s_lab.Run(request);
        ProgramObservation observation = s_lab.Observe(request);
        Assert.Equal((alone.Cost, alone.Instructions, alone.Output, alone.Error), (observation.Run.Cost, observation.Run.Instructions, observation.Run.Output, observation.Run.Error));
        Assert.Equal(alone.Cost, observation.Profile.Cost);
        Assert.Equal(alone.Instructions, observation.Profile.Activities.Sum(activity => activity.Instructions));
        long idle = observation.Profile.Activities.Where(activity => activity.Kind == ActivityKind.Idle).Sum(activity => activity.Cost);
        long running = observation.Timeline.Tasks.SelectMany(task => task.Intervals).Where(interval => interval.Mode is TaskMode.User or TaskMode.Kernel)
            .Sum(interval => interval.End - interval.Start);
        Assert.Equal(alone.Cost, running + idle);
        Assert.Equal(observation.Calls.Count, observation.Profile.SystemCalls.Sum(call => call.Count));
        Assert.All(observation.Calls, call => Assert.StartsWith(call.Name, call.Text, StringComparison.Ordinal));
    }

    [SkippableFact]
    public void A_dynamic_program_is_observed_with_its_libraries_in_the_map()
    {
        Tools.RequireFile("/bin/true", "a dynamic program");
        Skip.IfNot(OperatingSystem.IsLinux(), "The root is that of a Linux computer.");
        ProgramObservation observation = s_lab.Observe(new ProgramRequest("/bin/true") { Root = "/" });
        Assert.Equal(0, observation.Run.ExitStatus);
        Assert.Contains(observation.Run.HostInputs, input => input.Kind == HostInputKind.Content && input.Path.Contains("libc.so", StringComparison.Ordinal));
        Assert.Contains(Assert.Single(observation.MemoryMaps).Regions, region => region.IsExecutable && region.Name.Contains("libc.so", StringComparison.Ordinal));
    }
}
