using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Work on entry and exit, which the guest code notices.</summary>
public sealed class ExitWorkTests
{
    private const ulong Work = KernelLayout.TaskPhysical + TaskLayout.SyscallWork;
    private const ulong Flags = KernelLayout.TaskPhysical + TaskLayout.ThreadFlags;

    [Theory]
    [InlineData(SyscallWork.Seccomp)]
    [InlineData(SyscallWork.Tracepoint)]
    [InlineData(SyscallWork.Trace)]
    [InlineData(SyscallWork.Emu)]
    [InlineData(SyscallWork.Audit)]
    [InlineData(SyscallWork.UserDispatch)]
    public void Entry_work_takes_the_slow_path_of_every_entry_and_the_call_is_done_all_the_same(int bit)
    {
        foreach ((LinuxMachine machine, string entry) in Entries())
        {
            Guest.RunTo(machine, entry);
            machine.Processor.Bus.Ram.WriteUInt64(Work, (ulong)bit);
            Guest.RunTo(machine, "syscall_trace_enter");
            if (bit == SyscallWork.Emu)
                continue;
            Guest.RunTo(machine, "__x64_sys_getpid", "__ia32_sys_getpid");
            Guest.RunTo(machine, ReturnByIret.IretSymbol, "syscall_return_via_sysret", FastReturn32.Symbol);
        }
    }

    [Fact]
    public void Emulation_leaves_the_call_out()
    {
        foreach ((LinuxMachine machine, string entry) in Entries())
        {
            Guest.RunTo(machine, entry);
            machine.Processor.Bus.Ram.WriteUInt64(Work, SyscallWork.Emu);
            Guest.RunTo(machine, "__x64_sys_getpid", "__ia32_sys_getpid", "syscall_exit_to_user_mode");
            Assert.DoesNotContain("sys_getpid", machine.SymbolText(machine.Processor.Registers.Rip), StringComparison.Ordinal);
            Assert.Equal(unchecked((ulong)-Errno.ENOSYS), machine.ReadPtRegs(machine.Tasks.Current.Registers)[PtRegsOffsets.Ax]);
        }
    }

    [Fact]
    public void A_trap_at_the_exit_is_no_work_on_entry_and_ends_an_unprepared_program()
    {
        foreach ((LinuxMachine machine, string entry) in Entries())
        {
            Guest.RunTo(machine, entry);
            machine.Processor.Bus.Ram.WriteUInt64(Work, SyscallWork.ExitTrap);
            Guest.RunTo(machine, "syscall_trace_enter", "syscall_exit_work");
            Assert.Contains("syscall_exit_work", machine.SymbolText(machine.Processor.Registers.Rip), StringComparison.Ordinal);
            machine.Run(RunLimits.Instructions(5000));
            Assert.Equal(SignalNumbers.SIGTRAP, machine.Signal);
        }
    }

    [Theory]
    [InlineData(ThreadFlags.Uprobe)]
    [InlineData(ThreadFlags.PatchPending)]
    public void A_thread_flag_that_nobody_serves_takes_the_exit_loop_with_interrupts_on_and_is_refused(int bit)
    {
        foreach ((LinuxMachine machine, string entry) in Entries())
        {
            Guest.RunTo(machine, entry);
            machine.Processor.Bus.Ram.WriteUInt64(Flags, (ulong)bit);
            AssertRefused(machine, "exit_to_user_mode_loop", bit);
            Assert.NotEqual(0ul, machine.Processor.Registers.Flags & Rflags.IF);
        }
    }

    [Theory]
    [InlineData(ThreadFlags.NotifyResume)]
    [InlineData(ThreadFlags.SigPending)]
    [InlineData(ThreadFlags.NeedResched)]
    [InlineData(ThreadFlags.NotifySignal | ThreadFlags.SigPending)]
    public void A_thread_flag_takes_the_exit_loop_and_is_served_there(int bits)
    {
        foreach ((LinuxMachine machine, string entry) in Entries())
        {
            Guest.RunTo(machine, entry);
            machine.Processor.Bus.Ram.WriteUInt64(Flags, (ulong)bits);
            Guest.RunTo(machine, "exit_to_user_mode_loop");
            Guest.RunTo(machine, ReturnByIret.IretSymbol, "syscall_return_via_sysret", FastReturn32.Symbol);
            Assert.Equal(0u, machine.Tasks.Current.Flags & ThreadFlags.ExitLoop);
        }
    }

    [Fact]
    public void A_thread_flag_is_seen_on_the_way_back_from_an_exception_too()
    {
        LinuxMachine machine = Guest.Load(a =>
        {
            a.nop();
            a.mov(eax, __dword_ptr[UserSpace.Data64]);
        });
        Guest.RunTo(machine, "asm_exc_page_fault");
        machine.Processor.Bus.Ram.WriteUInt64(Flags, ThreadFlags.Uprobe);
        AssertRefused(machine, "exit_to_user_mode_loop", ThreadFlags.Uprobe);
    }

    [Fact]
    public void Flags_that_ask_for_nothing_are_left_alone()
    {
        const ulong others = ~(ulong)(uint)(ThreadFlags.ExitLoop | ThreadFlags.NeedFpuLoad);
        LinuxMachine machine = Guest.Load(a =>
        {
            a.mov(eax, 39);
            a.syscall();
            a.Exit64(eax);
        });
        machine.Processor.Bus.Ram.WriteUInt64(Flags, others);
        machine.Run(RunLimits.Instructions(5000));
        Assert.Equal(TaskIdentity.Pid & 0xFF, machine.ExitStatus);
    }

    [Fact]
    public void The_mark_of_a_32_bit_call_is_there_during_the_call_and_gone_after_it()
    {
        LinuxMachine machine = Guest.Load(a =>
        {
            for (int i = 0; i < 2; i++)
            {
                a.mov(eax, 20);
                SystemCallPathTests.Int80(a);
            }
        }, 32);
        Guest.RunTo(machine, "do_int80_syscall_32");
        Assert.False(machine.IsInCompatCall);
        Guest.RunTo(machine, "__ia32_sys_getpid");
        Assert.True(machine.IsInCompatCall);
        Guest.RunTo(machine, "swapgs_restore_regs_and_return_to_usermode");
        Assert.False(machine.IsInCompatCall);
    }

    [Theory]
    [InlineData("entry_SYSCALL_64", false)]
    [InlineData("do_syscall_64", false)]
    [InlineData("__x64_sys_getpid", true)]
    [InlineData("exit_to_user_mode_prepare", false)]
    [InlineData("syscall_return_via_sysret", false)]
    public void Interrupts_are_on_only_between_entry_and_exit(string symbol, bool on)
    {
        LinuxMachine machine = Guest.Load(a =>
        {
            a.mov(eax, 39);
            a.syscall();
        });
        Guest.RunTo(machine, UserSpace.Code64);
        Guest.RunTo(machine, symbol);
        Assert.Equal(on, (machine.Processor.Registers.Flags & Rflags.IF) != 0);
    }

    private static void AssertRefused(LinuxMachine machine, string symbol, int bits)
    {
        RunResult result = machine.Run(RunLimits.Instructions(5000));
        Assert.True(machine.IsOver);
        Assert.Null(machine.Fatal);
        Assert.Null(machine.ExitStatus);
        Assert.Contains(symbol, result.Message, StringComparison.Ordinal);
        Assert.Contains($"{bits:x}h", result.Message, StringComparison.Ordinal);
        Assert.Contains("still to come", result.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<(LinuxMachine Machine, string Entry)> Entries()
    {
        yield return (Guest.Load(a =>
        {
            a.mov(eax, 39);
            a.syscall();
        }), "entry_SYSCALL_64");
        yield return (Guest.Load(a =>
        {
            a.mov(eax, 20);
            SystemCallPathTests.Int80(a);
        }, 32), "entry_INT80_compat");
        yield return (Guest.Load(a =>
        {
            a.mov(eax, 20);
            a.call(UserSpace.KernelVsyscall);
        }, 32), "entry_SYSENTER_compat");
        yield return (Guest.Load(a =>
        {
            a.mov(eax, 20);
            a.call(UserSpace.KernelVsyscall);
        }, 32, Cpus.Zen2), "entry_SYSCALL_compat");
    }
}
