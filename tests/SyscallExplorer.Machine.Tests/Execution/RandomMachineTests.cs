using System.Collections.Concurrent;
using Xunit;

namespace SyscallExplorer.Machine.Tests;

/// <summary>Whatever stands in memory and in the registers: a run ends in an architectural way, and the host neither throws nor hangs.</summary>
public class RandomMachineTests
{
    private const int Seeds = 100_000;
    private const int Budget = 120;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_hundred_thousand_random_machines_end_without_an_exception_of_the_host_and_without_a_hang()
    {
        int workers = Environment.ProcessorCount;
        int[] current = new int[workers];
        var failures = new ConcurrentQueue<string>();
        var reasons = new ConcurrentDictionary<StopReason, int>();
        Task[] tasks = [.. Enumerable.Range(0, workers).Select(worker => Task.Factory.StartNew(() => Work(worker), TaskCreationOptions.LongRunning))];

        void Work(int worker)
        {
            var machines = new RandomMachine();
            for (int seed = worker; seed < Seeds && failures.Count < 10; seed += workers)
            {
                Volatile.Write(ref current[worker], seed);
                try
                {
                    RunResult result = machines.Create(seed).Run(RunLimits.Instructions(Budget));
                    reasons.AddOrUpdate(result.Reason, 1, (_, count) => count + 1);
                    if (result.Message.Length == 0)
                        failures.Enqueue($"Seed {seed} ended in {result.Reason} without a sentence.");
                }
                catch (Exception e)
                {
                    failures.Enqueue($"Seed {seed}: {e}");
                }
            }
        }

        Task all = Task.WhenAll(tasks);
        for (int[] last = []; !all.IsCompleted; last = (int[])current.Clone())
        {
            await Task.WhenAny(all, Task.Delay(s_patience));
            for (int worker = 0; worker < last.Length; worker++)
                Assert.True(tasks[worker].IsCompleted || current[worker] != last[worker], $"Seed {current[worker]} has run for {s_patience} and has not ended.");
        }

        await all;
        Assert.True(failures.IsEmpty, string.Join(Environment.NewLine, failures));

        // Each kind of end must be there, or the machines would not be random enough to tell anything.
        foreach (StopReason reason in (StopReason[])[StopReason.InstructionBudget, StopReason.TripleFault, StopReason.Halted, StopReason.Unsupported])
            Assert.True(reasons.GetValueOrDefault(reason) > Seeds / 1000, $"Only {reasons.GetValueOrDefault(reason)} machines ended in {reason}.");
    }
}
