using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>The vDSO of 32-bit kernels: its entry, its time, and the page that the tick keeps.</summary>
public sealed class I386VdsoTests
{
    private const ulong D = UserSpace.Data32;
    private const int ClockGettime = 265, Nanosleep = 162, Exit = 1;
    private const long Second = 1_000_000_000;

    public static TheoryData<string, string, int> Clocks()
    {
        var rows = new TheoryData<string, string, int>();
        foreach (KernelGeneration kernel in Kernels.I386.Skip(1))
        {
            foreach (CpuModel cpu in (CpuModel[])[Cpus.PentiumIII, Cpus.K8, Cpus.Skylake])
            {
                foreach (VvarClock clock in VdsoGeneration.Of(kernel.Release).Data.Clocks)
                    rows.Add(kernel.Name, cpu.Name, clock.Clock);
            }
        }

        return rows;
    }

    /// <summary>Asked in turn, several ticks long; each answer is no earlier than the one before.</summary>
    [Theory]
    [MemberData(nameof(Clocks))]
    public void It_and_the_system_call_show_one_time(string kernel, string cpu, int clock)
    {
        const int rounds = 4, ticks = 3, sleep = 5_000_000;
        LinuxMachine machine = Guest.Boot(Cpus.Find(cpu), kernel: Kernels.Find(kernel));
        ulong vdso = UserSpace.NativeKernelVsyscallPage + machine.Vdso.Narrow!.OffsetOf("__vdso_clock_gettime");
        machine.Load(UserProgram.Assemble(a =>
        {
            for (int i = 0; i < rounds; i++)
            {
                uint first = (uint)D + (uint)i * 16;
                a.push(first);
                a.push(clock);
                a.call(vdso);
                a.add(esp, 8);
                a.or(esi, eax);
                a.mov(ebx, clock);
                a.mov(ecx, first + 8);
                a.mov(eax, ClockGettime);
                a.call(UserSpace.NativeKernelVsyscall);
                a.or(esi, eax);
                a.mov(__dword_ptr[D + 0x100], 0);
                a.mov(__dword_ptr[D + 0x104], sleep);
                a.mov(ebx, (uint)D + 0x100);
                a.xor(ecx, ecx);
                a.mov(eax, Nanosleep);
                a.@int(unchecked((sbyte)0x80));
            }

            a.mov(ebx, esi);
            a.mov(eax, Exit);
            a.@int(unchecked((sbyte)0x80));
        }, 32));
        int before = Updates(machine);
        machine.Run(RunLimits.Instructions(10_000_000));
        Assert.Equal(0, machine.ExitStatus);
        long[] times = [.. Enumerable.Range(0, rounds * 2).Select(i => Time(machine, D + (ulong)i * 8))];
        Assert.Equal(times.Order(), times);
        Assert.NotEqual(times[0], times[^1]);

        // The wall clock begins on the day of the release; what counts from boot is far from it.
        long begin = ClockIds.IsWallClock(clock) ? machine.Kernel.ReleaseTime * Second : 0;
        Assert.InRange(times[0] - begin, 0, Second);
        Assert.True(Updates(machine) >= before + 2 * ticks);
        Assert.Equal(0, Updates(machine) % 2);
    }

    [Fact]
    public void Linux_2_6_39_has_an_entry_for_the_processor_and_no_clock()
    {
        foreach ((CpuModel cpu, bool sysenter) in (ReadOnlySpan<(CpuModel, bool)>)[(Cpus.PentiumIII, true), (Cpus.PentiumIII with { Features = Cpus.PentiumIII.Features.Where(feature => feature != CpuFeature.Sep).ToHashSet() }, false)])
        {
            LinuxMachine machine = Guest.Boot(cpu, kernel: Kernels.Linux_2_6_39_i386);
            Vdso image = machine.Vdso.Narrow!;
            Assert.DoesNotContain(image.Symbols, symbol => symbol.Name == "__vdso_clock_gettime");
            Assert.Equal(sysenter, image.Bytes.ToArray().AsSpan((int)image.OffsetOf("__kernel_vsyscall"), 16).IndexOf<byte>([0x0F, 0x34]) >= 0);
        }
    }

    [Theory]
    [InlineData("Linux_2_6_39_i386")]
    [InlineData("Linux_5_10_i386")]
    public void A_program_without_it_enters_by_int_80_only(string kernel)
    {
        LinuxMachine machine = Guest.Load(a =>
        {
            a.mov(eax, Exit);
            a.mov(ebx, 3);
            a.@int(unchecked((sbyte)0x80));
        }, 32, Cpus.Core2, "vdso32=0", kernel: Kernels.Find(kernel));
        Assert.Null(machine.Vdso.Narrow);
        Assert.DoesNotContain(machine.Memory.Map.Areas, area => area.Name == "[vdso]");
        machine.Run(RunLimits.Instructions(10_000));
        Assert.Equal(3, machine.ExitStatus);
    }

    [Fact]
    public void An_image_of_64_bit_programs_would_serve_nobody()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => LinuxMachine.Boot(
            Kernels.Linux_5_10_i386, Cpus.Core2, KernelOptions.Parse(""), vdso: [VdsoImageTests.Make("5.10", VdsoAbi.X64)]));
        Assert.Contains("32-bit programs only", error.Message, StringComparison.Ordinal);
    }

    /// <summary>The sequence number of the first block: two for each update.</summary>
    private static int Updates(LinuxMachine machine)
    {
        VvarLayout layout = VdsoGeneration.Of(machine.Kernel.Release).Data;
        return (int)machine.Processor.Bus.Ram.ReadUInt64(VdsoSet.DataPhysical + (ulong)(layout.Blocks[0] + layout.Sequence));
    }

    private static long Time(LinuxMachine machine, ulong address)
    {
        byte[] bytes = new byte[8];
        Assert.True(machine.Memory.TryRead(address, bytes));
        return BitConverter.ToInt32(bytes) * Second + BitConverter.ToInt32(bytes, 4);
    }
}
