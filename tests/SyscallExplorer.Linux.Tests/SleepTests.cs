using System.Text;
using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;
using static SyscallExplorer.Linux.Tests.Guest;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Sleeping: no shorter than asked by any clock that the program sees, and the same after a snapshot.</summary>
public sealed class SleepTests
{
    private const ulong D = UserSpace.Data64;
    private const int Nanosleep = 35, GetTime = 228, ClockSleep = 230, Fork = 57, Write = 1, Exit = 231, Wait4 = 61;
    private const long Second = 1_000_000_000;

    private static byte[] Words(params long[] words) => [.. words.SelectMany(BitConverter.GetBytes)];

    public static TheoryData<string, int> Sleeps()
    {
        var data = new TheoryData<string, int>();
        foreach (string cpu in (string[])["Skylake", "Haswell", "Zen2"])
        {
            foreach (int nanoseconds in (int[])[1, 999, 50_000, 1_234_567, 20_000_001, 999_999_999])
                data.Add(cpu, nanoseconds);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Sleeps))]
    public void No_sleep_is_shorter_than_asked_by_the_clock_that_the_program_reads(string cpu, int nanoseconds)
    {
        CallScript script = new CallScript(64).Holding(0x100, Words(0, nanoseconds)).Call(GetTime, 1, D + 0x200);
        for (int i = 0; i < 3; i++)
            script.Call(Nanosleep, D + 0x100, 0).Call(GetTime, 1, D + 0x210 + (ulong)i * 0x10);
        CallRun run = script.Run(cpu: Cpus.Find(cpu));
        long last = run.Word(0x200) * Second + run.Word(0x208);
        for (ulong i = 0; i < 3; i++)
        {
            long now = run.Word(0x210 + i * 0x10) * Second + run.Word(0x218 + i * 0x10);
            Assert.InRange(now - last, nanoseconds, nanoseconds + 50_000);
            last = now;
        }
    }

    [Theory]
    [InlineData("Skylake")]
    [InlineData("Haswell")]
    [InlineData("Zen2")]
    public void A_sleep_until_a_time_ends_when_the_clock_shows_it(string cpu)
    {
        CallRun run = new CallScript(64).Holding(0x100, Words(0, 7_654_321)).Call(ClockSleep, 1, 1, D + 0x100, 0).Call(GetTime, 1, D + 0x200)
            .Holding(0x120, Words(1_624_832_471 + 2, 5)).Call(ClockSleep, 0, 1, D + 0x120, 0).Call(GetTime, 0, D + 0x220).Run(cpu: Cpus.Find(cpu));
        Assert.Equal([0L, 0, 0, 0], Enumerable.Range(0, 4).Select(i => run[i]));
        Assert.InRange(run.Word(0x208), 7_654_321, 7_700_000);
        Assert.Equal(1_624_832_471 + 2, run.Word(0x220));
        Assert.InRange(run.Word(0x228), 5, 50_000);
    }

    [Theory]
    [InlineData("Skylake", "")]
    [InlineData("Skylake", "nox2apic lapic=notscdeadline")]
    [InlineData("Zen2", "")]
    public void Snapshots_and_forks_with_tasks_that_sleep_go_on_alike(string cpu, string options)
    {
        Guest.AssertGoesOnAlike(() => Load(cpu, options), RunToEnd, seed: 4, moments: 12);
    }

    private static LinuxMachine Load(string cpu, string options) => Guest.Load(Sleepers, cpu: Cpus.Find(cpu), commandLine: options);

    private static string RunToEnd(LinuxMachine machine)
    {
        RunResult result = machine.Run(RunLimits.Instructions(2_000_000));
        Assert.True(machine.IsOver, result.Message);
        return $"{machine.ExitStatus} {Encoding.ASCII.GetString(machine.Output)} {machine.Processor.Clock} {machine.Processor.InstructionCount} "
            + $"{machine.State.Switches} {machine.State.Ticks}";
    }

    /// <summary>Two children that sleep, each by its own rhythm, and write when they wake; their parent waits for both.</summary>
    private static void Sleepers(Assembler a)
    {
        foreach ((char letter, int nanoseconds) in (ReadOnlySpan<(char, int)>)[('a', 3_000_000), ('b', 7_000_000)])
        {
            Label parent = a.CreateLabel(), again = a.CreateLabel();
            Call(a, Fork);
            a.test(eax, eax);
            a.jne(parent);
            a.mov(__qword_ptr[D + 8], nanoseconds);
            a.mov(__byte_ptr[D + 0x20], (byte)letter);
            a.mov(ebx, 6);
            a.Label(ref again);
            Call(a, Nanosleep, D, 0);
            Call(a, Write, 1, D + 0x20, 1);
            a.dec(ebx);
            a.jne(again);
            Call(a, Exit, 0);
            a.Label(ref parent);
        }

        for (int child = 0; child < 2; child++)
            Call(a, Wait4, ulong.MaxValue, 0, 0, 0);
        Call(a, Exit, 3);
    }
}
