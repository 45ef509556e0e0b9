using System.Security.Cryptography;
using SyscallExplorer.Linux;
using SyscallExplorer.Machine;
using Xunit;

namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>Runs are the same to the byte, whether they are repeated, cut, or taken on by another machine with tasks that wait.</summary>
public sealed class SnapshotOfProgramTests
{
    private const int Moments = 4;
    private const long UnitsPerCycle = 256;

    public static TheoryData<string> WaitingPrograms() =>
        ["pipes/processes", "processes/fork", "files/descriptors", "signals/restart", "threads/locks", "threads/cancel", "timers/sleep", "waiting/epoll", "waiting/socketpair",
            "tracing/stops", "tracing/events", "tracing/filters"];

    [SkippableTheory]
    [MemberData(nameof(WaitingPrograms))]
    public void A_machine_that_takes_a_run_on_at_any_moment_ends_it_with_the_same_bytes(string name)
    {
        string program = Compiled.Get(name, new Variant("glibc", 64, 2));
        LinuxMachine whole = Load(program);
        long cycles = InKit.ToEnd(whole).Clock / UnitsPerCycle;
        string end = Describe(whole);
        var random = new Random(name.Length);
        int withWaiting = 0;
        for (int i = 0; i < Moments; i++)
        {
            LinuxMachine first = Load(program);
            first.Run(RunLimits.Cycles(random.NextInt64(1, cycles)));
            LinuxSnapshot snapshot = first.Capture();
            withWaiting += first.State.Tasks.Values.Any(task => task.State == RunState.Sleeping) ? 1 : 0;
            LinuxMachine second = InKit.Boot();
            second.Restore(snapshot);
            InKit.ToEnd(second);
            Assert.Equal(end, Describe(second));

            // The one that was captured is not disturbed.
            InKit.ToEnd(first);
            Assert.Equal(end, Describe(first));
        }

        Assert.True(withWaiting > 0, "No moment had a task that waits, so that this says nothing about them.");
    }

    [SkippableTheory]
    [MemberData(nameof(WaitingPrograms))]
    public void Two_runs_with_one_seed_have_one_trace(string name)
    {
        string program = Compiled.Get(name, new Variant("musl", 64, 2));
        LinuxMachine one = Load(program, seed: 7), other = Load(program, seed: 7);
        InKit.ToEnd(one);
        InKit.ToEnd(other);
        Assert.Equal(Describe(one), Describe(other));
    }

    private static LinuxMachine Load(string program, ulong seed = 0) => InKit.Load(program, ["/tmp"], traced: true, seed: seed);

    private static string Describe(LinuxMachine machine) => string.Join('\n',
        machine.ExitStatus, machine.Processor.Clock, machine.Processor.InstructionCount,
        Convert.ToHexString(SHA256.HashData(machine.Output)), Convert.ToHexString(SHA256.HashData(machine.Error)), machine.SystemCalls);
}
