using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Every generation's readers with its own data page, and every page's writer; each in place of those of the machine's kernel.</summary>
public sealed class VdsoGenerationTests
{
    private const long Second = 1_000_000_000;

    public static TheoryData<string, int> Readers()
    {
        var data = new TheoryData<string, int>();
        foreach (VdsoGeneration generation in VdsoGeneration.All)
        {
            data.Add(generation.Release, 64);
            if (!generation.Functions32.IsEmpty)
                data.Add(generation.Release, 32);
        }

        return data;
    }

    public static TheoryData<string> Releases() => [.. VdsoGeneration.All.Select(generation => generation.Release)];

    [Theory]
    [MemberData(nameof(Readers))]
    public void A_generations_image_reads_the_time_from_its_own_data_page(string release, int bitness)
    {
        VdsoGeneration generation = VdsoGeneration.Of(release);
        Vdso wide = VdsoImageTests.Make(release, VdsoAbi.X64), narrow = VdsoImageTests.Make(release, VdsoAbi.I386);
        int[] clocks = [.. generation.Data.Clocks.Select(clock => clock.Clock)];
        ulong place = bitness == 64 ? UserSpace.Data64 : UserSpace.Data32;
        LinuxMachine machine = Guest.Load(a =>
        {
            for (int i = 0; i < clocks.Length; i++)
            {
                ulong first = place + (ulong)i * 32, second = first + 16;
                if (bitness == 64)
                {
                    a.mov(edi, clocks[i]);
                    a.mov(rsi, first);
                    a.mov(rax, UserSpace.Vdso64 + wide.OffsetOf("__vdso_clock_gettime"));
                    a.call(rax);
                    a.or(rbx, rax);
                    a.mov(edi, clocks[i]);
                    a.mov(rsi, second);
                    a.mov(eax, 228);
                    a.syscall();
                    continue;
                }

                a.push((uint)first);
                a.push(clocks[i]);
                a.call(UserSpace.KernelVsyscallPage + narrow.OffsetOf("__vdso_clock_gettime"));
                a.add(esp, 8);
                a.or(edi, eax);
                a.mov(ebx, clocks[i]);
                a.mov(ecx, (uint)second);
                a.mov(eax, 265);
                a.call(UserSpace.KernelVsyscallPage + narrow.OffsetOf("__kernel_vsyscall"));
            }

            if (bitness == 64)
            {
                a.Exit64(ebx);
                return;
            }

            a.mov(ebx, edi);
            a.mov(eax, 1);
            a.@int(unchecked((sbyte)0x80));
        }, bitness, commandLine: "pti=off");
        Replace(machine, generation, new VdsoSet(wide, narrow), bitness);
        machine.Run(RunLimits.Instructions(50_000));
        Assert.Null(machine.Fatal?.ToString());
        Assert.Equal(0, machine.ExitStatus);
        byte[] bytes = new byte[clocks.Length * 32];
        Assert.True(machine.Memory.TryRead(place, bytes));
        for (int i = 0; i < clocks.Length; i++)
        {
            long first = Time(bytes, i * 32, bitness), second = Time(bytes, i * 32 + 16, bitness);
            Assert.InRange(second - first, 0, 20_000);
            bool isCoarse = clocks[i] is ClockIds.RealtimeCoarse or ClockIds.MonotonicCoarse;
            Assert.Equal(isCoarse, second == first);
        }
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public void The_kernel_writes_each_data_page_under_an_odd_sequence_number(string release)
    {
        VvarLayout layout = VdsoGeneration.Of(release).Data;
        LinuxMachine machine = Guest.Load(a => a.ud2());
        var section = new CodeSection(".test", KernelLayout.Text.Base + 0x10_0000, KernelLayout.Text.Physical + 0x10_0000, 0x1000);
        var k = new KernelAssembler(section, new Dictionary<string, ulong>());
        TimekeepingCode.Emit(k, layout);
        AssembledSection code = k.Finish();
        machine.Processor.Bus.Ram.Write(section.Physical, code.Bytes);
        ProcessorRegisters registers = machine.Processor.Registers;
        ulong back = registers.Rip;
        registers[Gpr.Rsp] -= 8;
        Guest.Poke(machine, registers[Gpr.Rsp], back);
        registers.Rip = code.Symbols[TimekeepingCode.Symbol];
        const ulong now = 123_456_789_012;
        registers.WriteMsr(Msr.Tsc, now);
        Guest.RunTo(machine, code.Symbols[VvarPage.Symbol]);
        int sequence = layout.Blocks[0] + layout.Sequence;
        uint before = (uint)Field(machine, sequence, 4);
        bool wasOdd = false;
        while (machine.Processor.Registers.Rip != back)
        {
            bool changes = Field(machine, layout.Blocks[0] + layout.CycleLast, 8) != 0;
            wasOdd |= changes && Field(machine, sequence, 4) % 2 == 1;
            Assert.True(!changes || Field(machine, sequence, 4) % 2 == 1 || (uint)Field(machine, sequence, 4) == before + 2);
            machine.Run(RunLimits.Instructions(1));
        }

        Assert.True(wasOdd);
        Assert.Equal(before + 2, (uint)Field(machine, sequence, 4));
        ulong timekeeper = KernelLayout.Timekeeper;
        ulong last = Guest.Peek(machine, timekeeper + TimekeeperLayout.CycleLast);
        Assert.InRange(last, now, now + 10_000);
        Assert.Equal(last, Field(machine, layout.Blocks[0] + layout.CycleLast, 8));
        uint mult = Clocksource.Of(machine.Processor.Model).Multiplier;
        long boot = Kernels.Linux_5_13.ReleaseTime;
        (UInt128 seconds, UInt128 rest) = UInt128.DivRem((UInt128)last * mult, (UInt128)Second << Clocksource.Of(Cpus.Skylake).Shift);
        foreach (VvarClock clock in layout.Clocks)
        {
            bool isWall = ClockIds.IsWallClock(clock.Clock) || clock.IsFromWallClock;
            Assert.Equal((ulong)seconds + (isWall ? (ulong)boot : 0), Field(machine, clock.Seconds, 8));
            bool isShifted = clock.IsShifted && layout.WallToMonotonic is null;
            Assert.Equal((ulong)(isShifted ? rest : rest >> Clocksource.Of(Cpus.Skylake).Shift), Field(machine, clock.Nanoseconds, layout.WallToMonotonic is null ? 8 : 4));
        }
    }

    [Theory]
    [InlineData(KernelFeature.Syscall32, "55 89 CD 0F 05 B9 2B 00 00 00 8E D1 89 E9 5D C3", 5)]
    [InlineData(KernelFeature.Sysenter32, "51 52 55 89 E5 0F 34 90 90 90 90 90 90 90 EB F3 5D 5A 59 C3", 16)]
    [InlineData(null, "CD 80 C3", 2)]
    public void Linux_2_6_39_has_an_image_for_each_way_into_the_kernel(KernelFeature? entry, string expected, int pad)
    {
        HashSet<KernelFeature> features = entry is { } feature ? [feature] : [];
        Vdso image = Vdso.Of(VdsoGeneration.Of("2.6.39"), VdsoAbi.I386, features);
        ulong stub = image.OffsetOf("__kernel_vsyscall");
        Assert.Equal(expected, string.Join(' ', image.Bytes.Skip((int)stub).Take(expected.Split(' ').Length).Select(value => value.ToString("X2"))));
        Assert.Equal(stub + (ulong)pad, image.LandingPad);
        Assert.Equal(4096, image.Bytes.Count);
    }

    /// <summary>Another generation's image and data stand where the machine's own stood.</summary>
    private static void Replace(LinuxMachine machine, VdsoGeneration generation, VdsoSet set, int bitness)
    {
        PhysicalMemory ram = machine.Processor.Bus.Ram;
        ulong text = bitness == 64 ? UserSpace.Vdso64 : UserSpace.KernelVsyscallPage;
        machine.Memory.Unmap(text - 0x4000, text + 0x1000);
        byte[] timekeeper = new byte[TimekeeperLayout.Size];
        machine.ReadKernel(KernelLayout.Timekeeper, timekeeper);
        set.Write(ram, machine.Features, generation.Data, timekeeper);
        set.Map(ram, machine.Memory, _ => text - (ulong)generation.Data.Pages * KernelLayout.PageSize);
        if (generation.Data.Fixed is { } page)
            new PageTables(ram, machine.Frames).Map(machine.Memory.Map.KernelRoot, (ulong)page, VdsoSet.DataPhysical, PageEntry.P | PageEntry.US | PageEntry.NX);
    }

    private static long Time(byte[] bytes, int offset, int bitness) => bitness == 64
        ? BitConverter.ToInt64(bytes, offset) * Second + BitConverter.ToInt64(bytes, offset + 8)
        : BitConverter.ToInt32(bytes, offset) * Second + BitConverter.ToInt32(bytes, offset + 4);

    private static ulong Field(LinuxMachine machine, int offset, int size)
    {
        byte[] bytes = new byte[8];
        machine.Processor.Bus.Ram.Read(VdsoSet.DataPhysical + (ulong)offset, bytes.AsSpan(0, size));
        return BitConverter.ToUInt64(bytes);
    }
}
