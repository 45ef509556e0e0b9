using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SyscallExplorer.Linux;
using SyscallExplorer.Machine;
using Xunit;

namespace SyscallExplorer.Tests;

/// <summary>
/// Results may change only with what they rest on. The file beside this test holds costs together with hashes of the tables and of the
/// guest code they came from. It was written on another host than most tests run on.
/// </summary>
public sealed class BaselineTests
{
    private static readonly string File = Path.Combine(AppContext.BaseDirectory, "Labs", "baseline.json");
    private static readonly string[] Options = ["pti=on", "pti=off", "mitigations=off"];

    [Fact]
    public void A_result_changes_only_with_a_table_or_with_guest_code()
    {
        SortedDictionary<string, string> now = Measure();
        if (Environment.GetEnvironmentVariable("SYSX_WRITE_BASELINE") is { Length: > 0 } target)
        {
            System.IO.File.WriteAllText(target, JsonSerializer.Serialize(now, new JsonSerializerOptions { WriteIndented = true, IndentCharacter = ' ', IndentSize = 2, NewLine = "\n" }) + "\n");
            return;
        }

        var recorded = JsonSerializer.Deserialize<SortedDictionary<string, string>>(System.IO.File.ReadAllText(File))!;
        foreach ((string key, string value) in now.Where(entry => entry.Key.StartsWith("input ", StringComparison.Ordinal)))
        {
            Assert.True(recorded.GetValueOrDefault(key) == value,
                $"{key} changed, so the recorded results are of another model. Write them anew with SYSX_WRITE_BASELINE=<path of Labs/baseline.json> and review the difference.");
        }

        Assert.Equal(recorded, now);
    }

    private static SortedDictionary<string, string> Measure()
    {
        var values = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["input guest code"] = Kernels.Linux_5_13.ImageHash,
            ["input hypercalls"] = HypercallCosts.Load("linux-5.13").DataHash,
        };
        foreach (CpuModel cpu in Cpus.All)
        {
            values[$"input figures {cpu}"] = cpu.Microarchitecture.DataHash;

            // Whole runs, with what tasks did when: the same on every host.
            ProgramObservation observation = Lab.Boot(Kernels.Linux_5_13, cpu).Observe(PipePrograms.TwoProcesses());
            values[$"{cpu} two processes on a pipe"] =
                $"{observation.Run.Cost} in {observation.Run.Instructions} instructions, trace {Hash(observation.Strace.Text)}, timeline {Hash(string.Join('\n', observation.Timeline.Tasks.SelectMany(task => task.Intervals.Select(interval => $"{task.Label} {interval}"))))}";
            foreach (string options in Options)
            {
                Lab lab = Lab.Boot(Kernels.Linux_5_13, cpu, options);
                foreach (SyscallRequest call in (SyscallRequest[])[Syscalls.GetPid, Syscalls.ReadZero, Syscalls.ClockGetTime])
                {
                    foreach (PathCost row in lab.Compare(call).Rows)
                        values[$"{cpu} {options} {call} {row.Label}"] = $"{row.Cost} in {row.Instructions} instructions";
                }
            }
        }

        return values;
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
