using SyscallExplorer.Linux;
using SyscallExplorer.Machine;
using Xunit;

namespace SyscallExplorer.Tests;

/// <summary>Programs that are observed while they run.</summary>
public sealed class ObservationTests
{
    private static readonly Lab s_lab = Lab.Boot("5.13", "Skylake");

    public static TheoryData<string, string> Machines => new()
    {
        { "Skylake", "" },
        { "Haswell", "mitigations=off" },
        { "Zen2", "pti=on" },
    };

    [Theory]
    [MemberData(nameof(Machines))]
    public void An_observed_run_is_the_same_to_the_cycle_as_one_that_nobody_watches(string cpu, string options)
    {
        Lab lab = Lab.Boot("5.13", cpu, options);
        foreach (ProgramRequest request in (ProgramRequest[])[PipePrograms.TwoProcesses(), PipePrograms.Sleeper(), PipePrograms.OldWays()])
        {
            ProgramRun alone = lab.Run(request), watched = lab.Observe(request).Run;
            Assert.Equal((alone.Cost, alone.Instructions, alone.Message), (watched.Cost, watched.Instructions, watched.Message));
            Assert.Equal(alone.OutputBytes.ToArray(), watched.OutputBytes.ToArray());
            Assert.Equal(alone.Inputs, watched.Inputs);
        }
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Every_cycle_and_every_instruction_belongs_to_one_activity_and_one_phase(string cpu, string options)
    {
        Lab lab = Lab.Boot("5.13", cpu, options);
        foreach (ProgramRequest request in (ProgramRequest[])[PipePrograms.TwoProcesses(), PipePrograms.Sleeper(), PipePrograms.OldWays()])
        {
            (ProgramRun run, CycleProfile profile) = (lab.Observe(request).Run, lab.Observe(request).Profile);
            Assert.Equal(run.Cost, profile.Cost);
            Assert.Equal(run.Instructions, profile.Activities.Sum(activity => activity.Instructions));
            Assert.Equal(run.Cost, profile.Phases.Sum(phase => phase.Cost));
            long halted = profile.Phases.Where(phase => phase.Phase.Kind == PhaseKind.Halted).Sum(phase => phase.Cost);
            Assert.Equal(run.Cost - halted, profile.Figures.Sum(use => use.Uses * use.Figure.Cost));
            Assert.Equal(1, profile.Origins.Sum(origin => origin.Share), precision: 9);
        }
    }

    [Fact]
    public void System_calls_are_counted_by_name_and_those_that_fail_too()
    {
        CycleProfile pipe = s_lab.Observe(PipePrograms.TwoProcesses()).Profile;
        Assert.Equal((1, 1, 2, 2), (pipe["pipe"].Count, pipe["fork"].Count, pipe["close"].Count, pipe["exit_group"].Count));
        Assert.Equal(0, pipe["wait4"].Errors);
        ProgramObservation sleeper = s_lab.Observe(PipePrograms.Sleeper());
        Assert.Equal((1, 1), (sleeper.Profile["close"].Count, sleeper.Profile["close"].Errors));
        Assert.Equal(1, sleeper.Profile["syscall_0x270f"].Errors);
        Assert.Contains(sleeper.Profile.Activities, activity => activity.Kind == ActivityKind.Idle && activity.Cycles > 1_000_000);
        Assert.Equal(["exit (32-bit)", "getpid (32-bit)"], s_lab.Observe(PipePrograms.OldWays()).Profile.SystemCalls.Select(call => call.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_system_call_goes_through_the_phases_of_its_path()
    {
        PhaseKind[] phases = [.. s_lab.Observe(PipePrograms.TwoProcesses()).Profile["close"].Phases.Select(phase => phase.Phase.Kind)];
        Assert.Equal(
            [
                PhaseKind.HardwareEntry, PhaseKind.StackSwitch, PhaseKind.SaveRegisters, PhaseKind.EntryWork, PhaseKind.Dispatch, PhaseKind.Handler, PhaseKind.ExitWork,
                PhaseKind.RestoreRegisters, PhaseKind.HardwareExit,
            ],
            phases.Where(phase => phase is not (PhaseKind.Mitigation or PhaseKind.Schedule or PhaseKind.Interrupted)));
    }

    [Fact]
    public void Text_by_observation_is_the_text_by_tracepoints()
    {
        foreach (ProgramRequest request in (ProgramRequest[])[PipePrograms.MapsReader(), PipePrograms.Sleeper(), PipePrograms.OldWays()])
        {
            LinuxMachine machine = LinuxMachine.Boot(Kernels.Linux_5_13, Cpus.Skylake, KernelOptions.Parse(""));
            machine.Load(request.Code!);
            machine.TraceSystemCalls();
            machine.Run(RunLimits.Instructions(1_000_000));
            Assert.Equal(machine.SystemCalls!.ToString(), s_lab.Observe(request).Strace.Text);
        }
    }

    [Fact]
    public void A_machine_that_is_traced_already_is_observed_too()
    {
        Lab lab = s_lab.Fork();
        lab.Machine.TraceSystemCalls();
        ProgramObservation observation = lab.Observe(PipePrograms.Sleeper());
        Assert.Equal(s_lab.Observe(PipePrograms.Sleeper()).Strace.Text, observation.Strace.Text);
        Assert.All(observation.Calls, call => Assert.StartsWith(call.Name, call.Text, StringComparison.Ordinal));
        Assert.Equal(lab.Run(PipePrograms.Sleeper()).Cost, observation.Run.Cost);
    }

    [Fact]
    public void A_call_has_its_text_and_its_result()
    {
        ProgramObservation observation = s_lab.Observe(PipePrograms.TwoProcesses());
        Assert.Contains(observation.Calls, call => call is { Name: "write", Text: "write(4, \"bessage\\n\", 8) = 8", Result: 8 });
        Assert.Contains(observation.Calls, call => call is { Name: "exit_group", Text: "exit_group(7) = ?", End: null, Result: null });
    }

    [Fact]
    public void A_timeline_has_no_gaps_and_never_two_tasks_that_run()
    {
        ProgramObservation observation = s_lab.Observe(PipePrograms.TwoProcesses());
        Timeline timeline = observation.Timeline;
        Assert.Equal([1000, 1001], timeline.Tasks.Select(task => task.Task));
        Assert.Equal((1000, 1001), (timeline.Tasks[1].Parent, timeline.Tasks[1].Process));
        foreach (TaskTimeline task in timeline.Tasks)
            Assert.All(task.Intervals.Zip(task.Intervals.Skip(1)), pair => Assert.Equal(pair.First.End, pair.Second.Start));
        TaskInterval[] running = [.. timeline.Tasks.SelectMany(task => task.Intervals).Where(interval => interval.Mode is TaskMode.User or TaskMode.Kernel).OrderBy(interval => interval.Start)];
        Assert.All(running.Zip(running.Skip(1)), pair => Assert.True(pair.First.End <= pair.Second.Start, $"{pair}"));

        long idle = observation.Profile.Activities.Where(activity => activity.Kind == ActivityKind.Idle).Sum(activity => activity.Cost);
        Assert.Equal(observation.Run.Cost, running.Sum(interval => interval.End - interval.Start) + idle);
        long user = running.Where(interval => interval.Mode == TaskMode.User).Sum(interval => interval.End - interval.Start);
        Assert.Equal(observation.Profile.Activities.Single(activity => activity.Kind == ActivityKind.UserCode).Cost, user);
        Assert.Equal(observation.Run.Cost, timeline.End);
    }

    [Fact]
    public void A_wait_says_what_for_and_a_call_stands_where_its_task_was_in_the_kernel()
    {
        Timeline timeline = s_lab.Observe(PipePrograms.TwoProcesses()).Timeline;
        Assert.Contains(timeline.Tasks[0].Intervals, interval => interval is { Mode: TaskMode.Waiting, Reason: { Length: > 0 } });
        foreach (ObservedCall call in timeline.Calls)
        {
            TaskTimeline task = timeline.Tasks.Single(task => task.Task == call.Task);
            Assert.Contains(task.Intervals, interval => interval.Mode == TaskMode.Kernel && interval.Start == call.Start && interval.Reason == call.Name);
        }
    }

    [Fact]
    public void A_memory_map_is_what_the_program_reads_in_proc()
    {
        ProgramObservation observation = s_lab.Observe(PipePrograms.MapsReader(), new ObservationOptions { MapsAt = ["open", "exit_group"] });
        Assert.Equal(["open", "exit_group"], observation.MemoryMaps.Select(map => map.Call));
        Assert.Equal(observation.Run.Output, string.Concat(observation.MemoryMaps[0].Regions.Select(region => $"{region}\n")));
        Assert.Contains(observation.MemoryMaps[0].Regions, region => region is { Name: "[stack]", Rights: "rw-p", Size: > 0 });
    }

    [Fact]
    public void Each_process_shows_its_memory_at_its_end_even_without_the_call_that_was_asked_for()
    {
        IReadOnlyList<AddressSpaceMap> maps = s_lab.Observe(PipePrograms.TwoProcesses()).MemoryMaps;
        Assert.Equal([1000, 1001], maps.Select(map => map.Process).Order());
        Assert.All(maps, map => Assert.Equal("exit_group", map.Call));
        AddressSpaceMap last = Assert.Single(s_lab.Observe(PipePrograms.OldWays()).MemoryMaps);
        Assert.Null(last.Call);
        Assert.NotEmpty(last.Regions);
    }

    [Fact]
    public void A_limit_of_details_leaves_counts_and_cycles_whole_and_is_told()
    {
        ProgramObservation whole = s_lab.Observe(PipePrograms.TwoProcesses());
        ProgramObservation cut = s_lab.Observe(PipePrograms.TwoProcesses(), new ObservationOptions { DetailLimit = 4 });
        Assert.Equal(whole.Profile.ToText(), cut.Profile.ToText());
        Assert.Equal(4, cut.Calls.Count);
        Assert.Equal(4, cut.Timeline.Tasks.Sum(task => task.Intervals.Count));
        Assert.False(cut.Timeline.IsComplete || cut.Strace.IsComplete);
        Assert.Equal(2, cut.Run.Notes.Count(note => note.Contains("DetailLimit", StringComparison.Ordinal)));
        Assert.Empty(whole.Run.Notes);
    }

    [Fact]
    public void Two_observations_are_equal_to_the_bit()
    {
        ProgramObservation one = s_lab.Observe(PipePrograms.TwoProcesses()), other = s_lab.Observe(PipePrograms.TwoProcesses());
        Assert.Equal(one.ToHtml(), other.ToHtml());
        Assert.Equal(one.Strace.Text, other.Strace.Text);
        Assert.Equal(one.Timeline.Plot().ToJson(), other.Timeline.Plot().ToJson());
        Assert.Equal(one.Profile.Plot().ToJson(), other.Profile.Plot().ToJson());
    }
}
