using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>32-bit kernels on boards without a local APIC: the interval timer gives the tick and, without a time-stamp counter, the clock.</summary>
public sealed class AtTimerTests
{
    private const int Fork = 2, Nanosleep = 162, ClockGetTime = 265;
    private const uint D = (uint)UserSpace.Data32;
    private const long Millisecond = 1_000_000;
    private const long TickNanoseconds = 4 * Millisecond;

    public static TheoryData<string, string> Machines()
    {
        var rows = new TheoryData<string, string> { { Kernels.Linux_2_6_39_i386.Name, "Intel386" } };
        foreach (KernelGeneration kernel in Kernels.I386)
        {
            rows.Add(kernel.Name, "Intel486");
            rows.Add(kernel.Name, "Pentium");
        }

        return rows;
    }

    private static LinuxMachine Start(string kernel, string cpu, Action<Assembler> program) => Guest.Load(program, 32, Cpus.Find(cpu), kernel: Kernels.Find(kernel));

    private static void Call(Assembler a, int number, params uint[] arguments)
    {
        AssemblerRegister32[] registers = [ebx, ecx, edx];
        for (int i = 0; i < arguments.Length; i++)
            a.mov(registers[i], arguments[i]);
        a.mov(eax, number);
        a.@int(unchecked((sbyte)0x80));
    }

    private static ulong Register(LinuxMachine machine, int offset) => (machine.Fatal ?? throw new InvalidOperationException("The program did not end.")).Registers[offset];

    private static long Nanoseconds(LinuxMachine machine, int seconds, int nanoseconds) =>
        (long)Register(machine, seconds) * 1000 * Millisecond + (long)Register(machine, nanoseconds);

    /// <summary>Ends with two times in the registers: EBX and ECX, ESI and EDI.</summary>
    private static void EndWithTimes(Assembler a)
    {
        a.mov(ebx, __dword_ptr[D]);
        a.mov(ecx, __dword_ptr[D + 4]);
        a.mov(esi, __dword_ptr[D + 16]);
        a.mov(edi, __dword_ptr[D + 20]);
        a.hlt();
    }

    [Theory, MemberData(nameof(Machines))]
    public void A_sleeper_wakes_with_the_tick_behind_its_time(string kernel, string cpu)
    {
        LinuxMachine machine = Start(kernel, cpu, a =>
        {
            Call(a, ClockGetTime, 1, D);
            a.mov(__dword_ptr[D + 32], 0);
            a.mov(__dword_ptr[D + 36], (int)(30 * Millisecond));
            Call(a, Nanosleep, D + 32, 0);
            Call(a, ClockGetTime, 1, D + 16);
            EndWithTimes(a);
        });
        RunResult result = machine.Run(RunLimits.Instructions(2_000_000));
        Assert.True(machine.Fatal is not null, result.Message);
        long woken = Nanoseconds(machine, PtRegsOffsets.Si, PtRegsOffsets.Di);
        long slept = woken - Nanoseconds(machine, PtRegsOffsets.Bx, PtRegsOffsets.Cx);
        Assert.InRange(slept, 30 * Millisecond, 30 * Millisecond + 2 * TickNanoseconds);

        // The guest's code and the host's parts tell one time.
        Assert.InRange(new EmulatedTime(machine).SinceBoot - woken, 0, Millisecond);
    }

    [Theory, MemberData(nameof(Machines))]
    public void A_program_that_spins_loses_the_processor(string kernel, string cpu)
    {
        LinuxMachine machine = Start(kernel, cpu, a =>
        {
            Label forever = a.CreateLabel();
            Call(a, Fork);
            a.Label(ref forever);
            a.jmp(forever);
        });
        machine.Run(RunLimits.Instructions(6_000_000));
        Assert.Equal(2, machine.State.Tasks.Values.Count(task => task.Times.UserTicks > 0));
    }

    [Fact]
    public void The_registers_of_the_FPU_change_hands_by_FNSAVE()
    {
        // The child and the parent hold another number each while the other runs.
        LinuxMachine machine = Start(Kernels.Linux_2_6_39_i386.Name, "Intel386", a =>
        {
            Label child = a.CreateLabel(), spin = a.CreateLabel(), wait = a.CreateLabel();
            Call(a, Fork);
            a.test(eax, eax);
            a.je(child);
            a.fldpi();
            a.mov(ecx, 1 << 18);
            a.Label(ref wait);
            a.dec(ecx);
            a.jne(wait);
            a.fstp(__tbyte_ptr[D]);
            a.mov(ebx, __dword_ptr[D]);
            a.mov(ecx, __dword_ptr[D + 4]);
            a.movzx(edx, __word_ptr[D + 8]);
            a.hlt();
            a.Label(ref child);
            a.fldl2e();
            a.Label(ref spin);
            a.jmp(spin);
        });
        machine.Run(RunLimits.Instructions(4_000_000));
        Assert.NotNull(machine.Fatal);
        Assert.True(machine.State.Ticks > 2, $"{machine.State.Ticks} ticks.");
        Assert.Equal((0x2168_C235ul, 0xC90F_DAA2ul, 0x4000ul), (Register(machine, PtRegsOffsets.Bx), Register(machine, PtRegsOffsets.Cx), Register(machine, PtRegsOffsets.Dx)));
    }

    [Theory, MemberData(nameof(Machines))]
    public void A_machine_goes_on_alike_wherever_it_is_cut(string kernel, string cpu)
    {
        Guest.AssertGoesOnAlike(
            () => Start(kernel, cpu, a =>
            {
                a.mov(__dword_ptr[D + 32], 0);
                a.mov(__dword_ptr[D + 36], (int)(9 * Millisecond));
                Call(a, Nanosleep, D + 32, 0);
                Call(a, ClockGetTime, 0, D);
                EndWithTimes(a);
            }),
            machine =>
            {
                RunResult result = machine.Run(RunLimits.Instructions(2_000_000));
                Assert.True(machine.Fatal is not null, result.Message);
                return $"{Nanoseconds(machine, PtRegsOffsets.Bx, PtRegsOffsets.Cx)} at {machine.Processor.Clock}";
            },
            seed: 7,
            moments: 3);
    }
}
