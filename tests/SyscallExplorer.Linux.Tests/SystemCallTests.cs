using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Time that passes and was used, limits, random bytes, identities: what the machine tells of itself.</summary>
public sealed class SystemCallTests
{
    private const int Nanosleep = 35, Getrusage = 98, Sysinfo = 99, Times = 100, Prctl = 157, Setrlimit = 160, Getrlimit = 97, GetAffinity = 204, ClockGettime = 228;
    private const int ClockGetres = 229, ClockNanosleep = 230, Prlimit = 302, Getcpu = 309, Getrandom = 318;
    private const ulong D = UserSpace.Data64;
    private const long Second = 1_000_000_000;

    private static byte[] Words(params long[] words) => [.. words.SelectMany(BitConverter.GetBytes)];

    [Theory]
    [InlineData("Haswell")]
    [InlineData("Zen2")]
    public void A_sleep_moves_every_clock_but_that_of_processor_time(string cpu)
    {
        CallRun run = new CallScript(64).Holding(0x100, Words(3, 500_000_000)).Call(ClockGettime, 1, D + 0x200).Call(Nanosleep, D + 0x100, 0).Call(ClockGettime, 1, D + 0x210)
            .Call(ClockGettime, 2, D + 0x220).Call(Times, 0).Run(cpu: Cpus.Find(cpu));
        long Time(ulong at) => run.Word(at) * Second + run.Word(at + 8);
        Assert.Equal([0L, 0, 0, 0], [run[0], run[1], run[2], run[3]]);
        Assert.InRange(Time(0x210) - Time(0x200), 35 * Second / 10, 35 * Second / 10 + 1_000_000);
        Assert.InRange(Time(0x220), 1, 1_000_000);
        Assert.Equal(350, run[4]);
    }

    [Fact]
    public void A_sleep_until_a_time_ends_then_and_one_until_the_past_at_once()
    {
        CallRun run = new CallScript(64).Holding(0x100, Words(2, 0)).Call(ClockNanosleep, 1, 1, D + 0x100, 0).Call(ClockNanosleep, 1, 1, D + 0x100, 0).Call(ClockNanosleep, 0, 1, D + 0x100, 0)
            .Call(ClockGettime, 1, D + 0x200).Run();
        Assert.Equal([0L, 0, 0], [run[0], run[1], run[2]]);
        Assert.InRange(run.Word(0x200) * Second + run.Word(0x208), 2 * Second, 2 * Second + 1_000_000);
    }

    [Fact]
    public void Times_that_are_none_are_refused()
    {
        CallRun run = new CallScript(64).Holding(0x100, Words(0, Second)).Holding(0x110, Words(-1, 0)).Call(Nanosleep, D + 0x100, 0).Call(Nanosleep, D + 0x110, 0).Call(Nanosleep, 0x10, 0)
            .Call(ClockNanosleep, 99, 0, D + 0x100, 0).Call(ClockNanosleep, 4, 0, D + 0x100, 0).Run();
        Assert.Equal([-22L, -22, -14, -22, -95], Enumerable.Range(0, 5).Select(i => run[i]));
    }

    [Fact]
    public void A_sleep_beyond_the_machines_clock_stops_the_run_with_a_sentence()
    {
        CallRun run = new CallScript(64).Holding(0x100, Words(86_400, 0)).Holding(0x110, Words(1_000_000_000, 0)).Call(Nanosleep, D + 0x100, 0).Call(Nanosleep, D + 0x110, 0).Run();
        Assert.Equal(0, run[0]);
        Assert.Contains("waits for time to pass, until 1000086400 s after boot", run.Machine.Run(RunLimits.Instructions(1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_32_bit_sleep_reads_32_bit_times()
    {
        CallRun run = new CallScript(32).Holding(0x100, [.. BitConverter.GetBytes(1), .. BitConverter.GetBytes(0)]).Call(162, UserSpace.Data32 + 0x100, 0).Run();
        Assert.Equal(0, run[0]);
        Assert.InRange(new EmulatedTime(run.Machine).SinceBoot, Second, Second + 1_000_000);
    }

    [Fact]
    public void Random_bytes_come_from_the_seed_and_go_on()
    {
        static byte[] Draw(ulong seed)
        {
            LinuxMachine machine = Guest.Boot(seed: seed);
            machine.Load(new ElfProgram(ElfFile.Parse(ElfImage.Program(a =>
            {
                foreach (ulong at in (ulong[])[0, 16])
                {
                    a.mov(rdi, 0x40_4000 + at);
                    a.mov(esi, 16);
                    a.xor(edx, edx);
                    a.mov(eax, Getrandom);
                    a.syscall();
                }

                a.Exit64(eax);
            }).ToBytes()), "/a"));
            machine.Run(RunLimits.Instructions(100_000));
            Assert.Equal(16, machine.ExitStatus);
            byte[] bytes = new byte[32];
            Assert.True(machine.Memory.TryRead(0x40_4000, bytes));
            return bytes;
        }

        byte[] first = Draw(1);
        Assert.NotEqual(first[..16], first[16..]);
        Assert.Equal(first, Draw(1));
        Assert.NotEqual(first, Draw(2));
        Assert.Equal(-Errno.EINVAL, new CallScript(64).Call(Getrandom, D, 1, 8).Run()[0]);
    }

    [Fact]
    public void Limits_are_told_lowered_and_not_raised_again()
    {
        const int stack = 3;
        CallRun run = new CallScript(64).Holding(0x100, Words(0x10_0000, 0x40_0000)).Holding(0x110, Words(0x10_0000, -1)).Holding(0x120, Words(2, 1)).Call(Getrlimit, stack, D + 0x200)
            .Call(Prlimit, 0, stack, D + 0x100, D + 0x210).Call(Prlimit, 0, stack, 0, D + 0x220).Call(Setrlimit, stack, D + 0x110).Call(Setrlimit, stack, D + 0x120).Call(Getrlimit, 16, D)
            .Call(Prlimit, 4711, stack, 0, D).Run();
        Assert.Equal([0L, 0, 0, -1, -22, -22, -3], Enumerable.Range(0, 7).Select(i => run[i]));
        Assert.Equal(Words(8 << 20, -1), run.Bytes(0x200, 16));
        Assert.Equal(run.Bytes(0x200, 16), run.Bytes(0x210, 16));
        Assert.Equal(Words(0x10_0000, 0x40_0000), run.Bytes(0x220, 16));
    }

    [Fact]
    public void The_machine_has_one_processor_and_its_memory()
    {
        CallRun run = new CallScript(64).Call(GetAffinity, 0, 128, D + 0x100).Call(GetAffinity, 0, 7, D).Call(Getcpu, D + 0x110, D + 0x114, 0).Call(Sysinfo, D + 0x200)
            .Holding(0x110, Words(-1)).Run();
        Assert.Equal([8L, -22, 0, 0], Enumerable.Range(0, 4).Select(i => run[i]));
        Assert.Equal((1L, 0L), (run.Word(0x100), run.Word(0x110)));
        Assert.Equal(ProgramLimits.Default.MemoryBytes, run.Word(0x200 + 32));
        Assert.InRange(run.Word(0x200 + 40), 1 << 20, ProgramLimits.Default.MemoryBytes);
        Assert.Equal(1, run.Dword(0x200 + 104));
    }

    [Fact]
    public void The_programs_name_is_told_and_changed()
    {
        CallRun run = new CallScript(64).Holding(0x100, "a name that is too long\0").Call(Prctl, 16, D + 0x200).Call(Prctl, 15, D + 0x100).Call(Prctl, 16, D + 0x210).Call(Prctl, 999, 0).Run();
        Assert.Equal([0L, 0, 0, -22], Enumerable.Range(0, 4).Select(i => run[i]));
        Assert.Equal("program\0", run.Text(0x200, 8));
        Assert.Equal("a name that is \0", run.Text(0x210, 16));
        Assert.Contains("prctl(999)", run.Machine.Unimplemented.Keys);
    }

    [Fact]
    public void Usage_is_the_programs_own_and_resolution_is_a_nanosecond_or_a_tick()
    {
        CallRun run = new CallScript(64).Then(a =>
        {
            Label loop = a.CreateLabel();
            a.mov(ecx, 50_000);
            a.Label(ref loop);
            a.dec(ecx);
            a.jne(loop);
        }).Call(Getrusage, 0, D + 0x200).Call(Getrusage, -1, D + 0x300).Call(Getrusage, 5, D).Call(ClockGetres, 1, D + 0x400).Call(ClockGetres, 6, D + 0x410)
            .Call(ClockGetres, 9, D).Run();
        Assert.Equal([0L, 0, -22, 0, 0, -22], Enumerable.Range(0, 6).Select(i => run[i]));
        Assert.InRange(run.Word(0x208), 1, 1000);
        Assert.InRange(run.Word(0x200 + 64), 1, 100);
        Assert.Equal(new byte[144], run.Bytes(0x300, 144));
        Assert.Equal((1L, 4_000_000L), (run.Word(0x408), run.Word(0x418)));
    }

    [Fact]
    public void Identities_are_the_users_and_can_only_be_set_to_what_they_are()
    {
        CallRun run = new CallScript(64).Call(104).Call(107).Call(108).Call(105, TaskIdentity.Uid).Call(106, 0).Call(118, D, D + 4, D + 8).Call(111).Call(121, 0).Call(124, 0).Call(95, 0x12).Call(95, 0).Run();
        Assert.Equal([1000L, 1000, 1000, 0, -1, 0, 1000, 1000, 999, 0x12, 0x12], Enumerable.Range(0, 11).Select(i => run[i]));
        run = new CallScript(32).Call(47).Call(49).Call(50).Call(200).Call(201).Call(202).Run();
        Assert.Equal(Enumerable.Repeat(1000L, 6), Enumerable.Range(0, 6).Select(i => run[i]));
    }
}
