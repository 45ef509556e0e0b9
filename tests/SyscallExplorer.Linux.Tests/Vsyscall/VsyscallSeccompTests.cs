using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;
using static SyscallExplorer.Linux.Tests.VsyscallGuest;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Filters see a vsyscall as the system call that it stands for.</summary>
public sealed class VsyscallSeccompTests
{
    private const int Program = 0x600, Instructions = 0x640;
    private const int TimeNumber = 201;

    public static TheoryData<string, string> Emulating() => VsyscallCallTests.Emulating();

    [Theory]
    [MemberData(nameof(Emulating))]
    public void An_error_of_a_filter_is_the_calls_result(string release, string options)
    {
        LinuxMachine machine = RunFiltered(release, options, SeccompAction.Error | 77);
        Assert.Equal(5, machine.ExitStatus);
        Assert.Equal(-77, (long)Word(machine, 0));
    }

    [Theory]
    [MemberData(nameof(Emulating))]
    public void A_filter_that_wants_a_tracer_where_there_is_none_makes_the_call_missing(string release, string options)
    {
        LinuxMachine machine = RunFiltered(release, options, SeccompAction.Trace | 1);
        Assert.Equal(-Errno.ENOSYS, (long)Word(machine, 0));
    }

    [Theory]
    [MemberData(nameof(Emulating))]
    public void A_trap_of_a_filter_tells_the_page_and_goes_on_behind_the_call(string release, string options)
    {
        LinuxMachine machine = RunFiltered(release, options, SeccompAction.Trap | 3);
        Assert.Equal(Handled, machine.ExitStatus);
        Assert.Equal([SignalNumbers.SIGSYS, SignalCodes.Seccomp], [(int)Word(machine, Signal), (int)Word(machine, Code)]);
        Assert.Equal(Time, Word(machine, At));
        Assert.InRange(Word(machine, Ip), UserSpace.Code64, UserSpace.Code64 + 0x1000);
    }

    [Theory]
    [MemberData(nameof(Emulating))]
    public void A_filter_that_allows_the_call_changes_nothing(string release, string options)
    {
        LinuxMachine machine = RunFiltered(release, options, SeccompAction.Allow);
        Assert.Equal(machine.Kernel.ReleaseTime, (long)Word(machine, 0));
    }

    [Theory]
    [MemberData(nameof(Emulating))]
    public void A_filter_that_kills_does_so(string release, string options)
    {
        LinuxMachine machine = RunFiltered(release, options, SeccompAction.KillThread);
        Assert.Equal(SignalNumbers.SIGSYS, machine.Signal);
    }

    [Theory]
    [MemberData(nameof(Emulating))]
    public void In_the_strict_mode_a_vsyscall_kills(string release, string options)
    {
        LinuxMachine machine = Run(release, options, a =>
        {
            Guest.Call(a, 157, 22, 1);
            Call(a, Time);
            a.mov(ebx, 5);
            a.mov(edi, ebx);
            a.mov(eax, 60);
            a.syscall();
        });
        Assert.Equal(SignalNumbers.SIGKILL, machine.Signal);
    }

    /// <summary>A filter that has a result for time() only, then a vsyscall of it.</summary>
    private static LinuxMachine RunFiltered(string release, string options, uint result)
    {
        LinuxMachine machine = Load(release, options, a =>
        {
            Handle(a, SignalNumbers.SIGSYS);
            Guest.Call(a, 157, 38, 1, 0, 0, 0);
            Guest.Call(a, 157, 22, 2, D + Program);
            a.mov(r12, rax);
            Call(a, Time);
            a.mov(__qword_ptr[D], rax);
            a.mov(ebx, 5);
            a.add(rbx, r12);
            a.Exit64(ebx);
        });
        BpfInstruction[] filter =
        [
            new(BpfCodes.LoadWord, 0, 0, 0), new(BpfCodes.Jump | BpfCodes.IfEqual, 0, 1, TimeNumber), new(BpfCodes.ReturnConstant, 0, 0, result),
            new(BpfCodes.ReturnConstant, 0, 0, SeccompAction.Allow),
        ];
        Assert.True(machine.Memory.TryWrite(D + Program, [.. BitConverter.GetBytes((long)filter.Length), .. BitConverter.GetBytes(D + Instructions)]));
        Assert.True(machine.Memory.TryWrite(D + Instructions, [.. filter.SelectMany(instruction => instruction.ToBytes())]));
        RunResult run = machine.Run(RunLimits.Instructions(300_000));
        Assert.True(machine.IsOver, run.Message);
        return machine;
    }
}
