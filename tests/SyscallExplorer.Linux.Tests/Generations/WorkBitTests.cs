using Iced.Intel;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Each bit by which somebody looks at a call, on each way in: the call is done, and leaves by IRET in Linux 2.6.39 and by its usual way later.</summary>
public sealed class WorkBitTests
{
    private static readonly Way[] s_ways = [Way.Syscall, Way.Int80, Way.Sysenter32, Way.Syscall32];

    public static TheoryData<string, string, int> Rows()
    {
        var rows = new TheoryData<string, string, int>();
        foreach (KernelGeneration kernel in Kernels.All)
        {
            foreach (string cpu in (string[])["Skylake", "Core2", "Zen2", "Zen4"])
            {
                foreach (int bit in (int[])[SyscallWork.Seccomp, SyscallWork.Tracepoint, SyscallWork.Trace, SyscallWork.Emu, SyscallWork.Audit])
                    rows.Add(kernel.Name, cpu, bit);
                if (kernel.Traits.HasSyscallWork)
                    rows.Add(kernel.Name, cpu, SyscallWork.UserDispatch);
            }
        }

        return rows;
    }

    /// <summary>A filter is work on entry alone. In Linux 2.6.39 a 32-bit call goes on from there as if nothing had been, a 64-bit call has left its fast path.</summary>
    [Theory]
    [MemberData(nameof(Rows))]
    public void A_bit_for_tracers_is_served_and_the_call_leaves_as_its_generation_has_it(string kernel, string cpu, int bit)
    {
        foreach (Way way in s_ways.Where(way => way.IsOf(Cpus.Find(cpu))))
        {
            LinuxMachine machine = AtEntry(kernel, cpu, way);
            machine.Tasks.Current.SetWork(bit, true);
            Guest.RunTo(machine, "syscall_trace_enter");
            RingExit exit = RingExits.Next(machine);
            Assert.Equal(bit == SyscallWork.Emu ? -Errno.ENOSYS : TaskIdentity.Pid, (int)exit.Rax);
            AssertWay(machine, way, exit, isFast: bit == SyscallWork.Seccomp && !way.IsWide());
        }
    }

    public static TheoryData<string, string, int> ExitFlags()
    {
        var rows = new TheoryData<string, string, int>();
        foreach (KernelGeneration kernel in Kernels.All)
        {
            foreach (string cpu in (string[])["Skylake", "Zen2"])
            {
                foreach (int flag in (int[])[ThreadFlags.NotifyResume, ThreadFlags.SigPending, ThreadFlags.NeedResched])
                    rows.Add(kernel.Name, cpu, flag);
            }
        }

        return rows;
    }

    /// <summary>In Linux 2.6.39 giving the processor up is no reason for IRET: after it the flags are looked at again.</summary>
    [Theory]
    [MemberData(nameof(ExitFlags))]
    public void A_flag_for_the_way_back_is_served_and_the_call_leaves_as_its_generation_has_it(string kernel, string cpu, int flag)
    {
        foreach (Way way in s_ways.Where(way => way.IsOf(Cpus.Find(cpu))))
        {
            LinuxMachine machine = AtEntry(kernel, cpu, way);
            machine.Tasks.Current.SetFlag(flag, true);
            RingExit exit = RingExits.Next(machine);
            Assert.Equal((ulong)TaskIdentity.Pid, exit.Rax);
            Assert.Equal(0u, machine.Tasks.Current.Flags & (uint)flag);
            AssertWay(machine, way, exit, isFast: flag == ThreadFlags.NeedResched && way == Way.Syscall);
        }
    }

    private static LinuxMachine AtEntry(string kernel, string cpu, Way way)
    {
        KernelGeneration generation = Kernels.Find(kernel);
        LinuxMachine machine = Guest.Load(a =>
        {
            way.Enter(a, generation, way.GetpidNumber());
            a.hlt();
        }, way.Bitness(), Cpus.Find(cpu), kernel: generation);
        Guest.RunTo(machine, way switch
        {
            Way.Syscall => generation.Design.LstarSymbol(machine.Features),
            Way.Int80 => generation.Design.Int80.Symbol,
            Way.Sysenter32 => generation.Design.SysenterCompat.Symbol,
            _ => generation.Design.SyscallCompat.Symbol,
        });
        return machine;
    }

    /// <param name="machine">The machine.</param>
    /// <param name="way">The way in.</param>
    /// <param name="exit">How it was left.</param>
    /// <param name="isFast">Whether Linux 2.6.39 leaves by its fast way, too.</param>
    private static void AssertWay(LinuxMachine machine, Way way, RingExit exit, bool isFast) =>
        Assert.Equal(machine.Kernel.Traits.HasPartialFrame && !isFast ? Mnemonic.Iretq : way.Exit(machine.Kernel, machine.Processor.Model), exit.By);
}
