using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>The time that programs read through the vDSO.</summary>
public sealed class VdsoTimeTests
{
    private const ulong D = UserSpace.Data64;
    private const ulong D32 = UserSpace.Data32;
    private const long Second = 1_000_000_000;
    private const long Limit = 3_000_000;

    public static TheoryData<int, string> ClocksAndCpus()
    {
        var data = new TheoryData<int, string>();
        foreach (CpuModel cpu in Cpus.All)
        {
            foreach (int clock in (int[])[0, 1, 4, 5, 6, 7, 11])
                data.Add(clock, cpu.Name);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(ClocksAndCpus))]
    public void The_vdso_and_the_system_call_show_one_time_in_64_bit_programs(int clock, string cpu)
    {
        long[] times = Times64(clock, Cpus.Find(cpu), "");
        Assert.Equal(times.Order(), times);
        Assert.InRange(times[^1] - times[0], 5_000_000, 24_000_000);
    }

    [Theory]
    [MemberData(nameof(ClocksAndCpus))]
    public void The_vdso_and_the_system_call_show_one_time_in_32_bit_programs(int clock, string cpu)
    {
        ulong vdso = UserSpace.KernelVsyscallPage + Narrow.OffsetOf("__vdso_clock_gettime64");
        LinuxMachine machine = Guest.Load(a =>
        {
            for (int i = 0; i < 4; i++)
            {
                a.push((uint)(D32 + (ulong)i * 32));
                a.push(clock);
                a.call(vdso);
                a.add(esp, 8);
                a.or(esi, eax);
                a.mov(ebx, clock);
                a.mov(ecx, (uint)(D32 + (ulong)i * 32 + 16));
                a.mov(eax, 403);
                a.call(UserSpace.KernelVsyscall);
                a.or(esi, eax);
                Spin(a);
            }

            a.mov(ebx, esi);
            a.mov(eax, 1);
            a.@int(unchecked((sbyte)0x80));
        }, 32, Cpus.Find(cpu));
        machine.Run(RunLimits.Instructions(Limit));
        Assert.Equal(0, machine.ExitStatus);
        long[] times = Read(machine, D32, 8);
        Assert.Equal(times.Order(), times);
    }

    [Fact]
    public void The_vdso_reads_time_without_entering_the_kernel()
    {
        LinuxMachine machine = Guest.Load(a => Clock(a, ClockIds.Monotonic, D));
        Guest.RunTo(machine, UserSpace.Vdso64 + Wide.OffsetOf("__vdso_clock_gettime"));
        ulong back = ReturnAddress(machine);

        while (machine.Processor.Registers.Rip != back)
        {
            machine.Run(RunLimits.Instructions(1));
            Assert.NotEqual(machine.AddressOf("do_syscall_64"), machine.Processor.Registers.Rip);
        }

        Assert.Equal(0ul, machine.Processor.Registers[Gpr.Rax]);
    }

    [Fact]
    public void A_reader_waits_while_the_sequence_number_is_odd()
    {
        LinuxMachine machine = Guest.Load(a => Clock(a, ClockIds.Realtime, D));
        Guest.RunTo(machine, UserSpace.Vdso64 + Wide.OffsetOf("__vdso_clock_gettime"));
        ulong back = ReturnAddress(machine);
        Poke32(machine, 0x80, 1);
        machine.Run(RunLimits.Instructions(2000));
        Assert.InRange(machine.Processor.Registers.Rip, UserSpace.Vdso64, UserSpace.Vdso64 + 0x1000);
        Poke32(machine, 0x80, 2);
        Guest.RunTo(machine, back);
        Assert.Equal(0ul, machine.Processor.Registers[Gpr.Rax]);
    }

    [Theory]
    [InlineData(64)]
    [InlineData(32)]
    public void Without_a_counter_the_real_system_call_answers(int bitness)
    {
        LinuxMachine machine = bitness == 64
            ? Guest.Load(a => Clock(a, ClockIds.Monotonic, D))
            : Guest.Load(a =>
            {
                a.push((uint)D32);
                a.push(ClockIds.Monotonic);
                a.call(UserSpace.KernelVsyscallPage + Narrow.OffsetOf("__vdso_clock_gettime64"));
                a.mov(ebx, eax);
                a.mov(eax, 1);
                a.@int(unchecked((sbyte)0x80));
            }, 32);
        Poke32(machine, 0x84, 0);
        Guest.RunTo(machine, bitness == 64 ? "do_syscall_64" : "do_fast_syscall_32");
        machine.Run(RunLimits.Instructions(Limit));
        Assert.Equal(0, machine.ExitStatus);
        long time = Read(machine, bitness == 64 ? D : D32, 1)[0];
        Assert.InRange(time, 1, Second);
    }

    [Fact]
    public void Clocks_that_the_data_page_does_not_have_are_asked_of_the_kernel()
    {
        LinuxMachine machine = Guest.Load(a => Clock(a, ClockIds.ProcessTime, D));
        Guest.RunTo(machine, "do_syscall_64");
        Assert.Equal(228ul, machine.Processor.Registers[Gpr.Rdi]);
        machine.Run(RunLimits.Instructions(Limit));
        Assert.Equal(0, machine.ExitStatus);
    }

    [Fact]
    public void A_clock_that_does_not_exist_is_an_error_as_from_the_system_call()
    {
        LinuxMachine machine = Guest.Run(a =>
        {
            a.mov(edi, 99);
            a.mov(rsi, D);
            a.mov(rax, UserSpace.Vdso64 + Wide.OffsetOf("__vdso_clock_gettime"));
            a.call(rax);
            a.neg(eax);
            a.Exit64(eax);
        });
        Assert.Equal(Errno.EINVAL, machine.ExitStatus);
    }

    [Theory]
    [InlineData("Skylake")]
    [InlineData("Zen2")]
    public void Getcpu_gettimeofday_time_and_getres_answer_like_the_kernel(string cpu)
    {
        LinuxMachine machine = Guest.Run(a =>
        {
            a.mov(rdi, D);
            a.mov(rsi, D + 4);
            a.mov(__dword_ptr[rdi], -1);
            a.mov(__dword_ptr[rsi], -1);
            CallVdso(a, "__vdso_getcpu");
            a.mov(rdi, D + 16);
            a.mov(rsi, D + 32);
            CallVdso(a, "__vdso_gettimeofday");
            a.mov(rdi, D + 40);
            CallVdso(a, "__vdso_time");
            a.mov(rdi, D + 48);
            a.mov(__qword_ptr[rdi], rax);
            a.mov(edi, ClockIds.Monotonic);
            a.mov(rsi, D + 64);
            CallVdso(a, "__vdso_clock_getres");
            a.mov(edi, ClockIds.RealtimeCoarse);
            a.mov(rsi, D + 80);
            CallVdso(a, "__vdso_clock_getres");
            a.mov(edi, 0);
            a.mov(esi, 0);
            CallVdso(a, "__vdso_getcpu");
            a.mov(edi, 0);
            CallVdso(a, "__vdso_time");
            a.mov(edi, 0);
            a.Exit64(edi);
        }, cpu: Cpus.Find(cpu));
        byte[] bytes = new byte[96];
        Assert.True(machine.Memory.TryRead(D, bytes));
        Assert.Equal(0, BitConverter.ToInt64(bytes));
        Assert.Equal(Kernels.Linux_5_13.ReleaseTime, BitConverter.ToInt64(bytes, 16));
        Assert.InRange(BitConverter.ToInt64(bytes, 24), 0, 999_999);
        Assert.Equal(Kernels.Linux_5_13.ReleaseTime, BitConverter.ToInt64(bytes, 40));
        Assert.Equal(Kernels.Linux_5_13.ReleaseTime, BitConverter.ToInt64(bytes, 48));
        Assert.Equal((0, 1), (BitConverter.ToInt64(bytes, 64), BitConverter.ToInt64(bytes, 72)));
        Assert.Equal((0, 4_000_000), (BitConverter.ToInt64(bytes, 80), BitConverter.ToInt64(bytes, 88)));
    }

    [Fact]
    public void Sleep_longer_than_the_line_reaches_leaves_the_time_right()
    {
        LinuxMachine machine = Guest.Load(a =>
        {
            a.mov(rdi, D + 64);
            a.mov(__qword_ptr[rdi], 100);
            a.mov(__qword_ptr[rdi + 8], 0);
            a.mov(esi, 0);
            a.mov(eax, 35);
            a.syscall();
            Clock(a, ClockIds.Monotonic, D);
        });
        machine.Run(RunLimits.Instructions(Limit));
        Assert.InRange(Read(machine, D, 1)[0], 100 * Second, 100 * Second + 1_000_000);
    }

    internal static Vdso Wide => Vdso.Of(Kernels.Linux_5_13, VdsoAbi.X64);

    internal static Vdso Narrow => Vdso.Of(Kernels.Linux_5_13, VdsoAbi.I386);

    internal static void CallVdso(Assembler a, string name)
    {
        a.mov(rax, UserSpace.Vdso64 + Wide.OffsetOf(name));
        a.call(rax);
    }

    private static long[] Times64(int clock, CpuModel cpu, string options)
    {
        LinuxMachine machine = Guest.Load(a =>
        {
            for (int i = 0; i < 4; i++)
            {
                a.mov(edi, clock);
                a.mov(rsi, D + (ulong)i * 32);
                CallVdso(a, "__vdso_clock_gettime");
                a.or(rbx, rax);
                a.mov(edi, clock);
                a.mov(rsi, D + (ulong)i * 32 + 16);
                a.mov(eax, 228);
                a.syscall();
                a.or(rbx, rax);

                // Ticks pass meanwhile.
                a.mov(rdi, D + 0x800);
                a.mov(__qword_ptr[rdi + 8], 3_000_000);
                a.mov(esi, 0);
                a.mov(eax, 35);
                a.syscall();
            }

            a.Exit64(ebx);
        }, 64, cpu, options);
        machine.Run(RunLimits.Instructions(Limit));
        Assert.Equal(0, machine.ExitStatus);
        return Read(machine, D, 8);
    }

    /// <summary>Lets ticks pass with few instructions: slow ones.</summary>
    private static void Spin(Assembler a)
    {
        Label again = a.CreateLabel();
        a.mov(edi, 1500);
        a.Label(ref again);
        a.pause();
        a.dec(edi);
        a.jne(again);
    }

    private static void Clock(Assembler a, int clock, ulong place)
    {
        a.mov(edi, clock);
        a.mov(rsi, place);
        CallVdso(a, "__vdso_clock_gettime");
        a.mov(edi, eax);
        a.Exit64(edi);
    }

    private static ulong ReturnAddress(LinuxMachine machine)
    {
        byte[] bytes = new byte[8];
        Assert.True(machine.Memory.TryRead(machine.Processor.Registers[Gpr.Rsp], bytes));
        return BitConverter.ToUInt64(bytes);
    }

    private static void Poke32(LinuxMachine machine, ulong offset, int value) => machine.Processor.Bus.Ram.Write(VdsoSet.DataPhysical + offset, BitConverter.GetBytes(value));

    private static long[] Read(LinuxMachine machine, ulong place, int count)
    {
        byte[] bytes = new byte[count * 16];
        Assert.True(machine.Memory.TryRead(place, bytes));
        return [.. Enumerable.Range(0, count).Select(i => BitConverter.ToInt64(bytes, i * 16) * Second + BitConverter.ToInt64(bytes, i * 16 + 8))];
    }
}
