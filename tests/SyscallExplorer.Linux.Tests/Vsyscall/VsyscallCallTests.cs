using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;
using static SyscallExplorer.Linux.Tests.VsyscallGuest;

namespace SyscallExplorer.Linux.Tests;

/// <summary>The three calls of the vsyscall page in every mode of every generation.</summary>
public sealed class VsyscallCallTests
{
    private const ulong InCx = 0x1111_2222_3333_4444, InR11 = 0x5555_6666_7777_8888, InDx = 0x1234;

    public static TheoryData<string, string, bool> Serving()
    {
        var data = new TheoryData<string, string, bool>();
        foreach ((KernelGeneration kernel, VsyscallMode mode, string options) in Modes().Where(entry => entry.Mode != VsyscallMode.None))
            data.Add(kernel.Release, options, mode != VsyscallMode.Native);
        return data;
    }

    public static TheoryData<string, string> Emulating()
    {
        var data = new TheoryData<string, string>();
        foreach ((KernelGeneration kernel, VsyscallMode mode, string options) in Modes())
        {
            if (mode is VsyscallMode.Emulate or VsyscallMode.Xonly)
                data.Add(kernel.Release, options);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Serving))]
    public void The_three_calls_give_what_the_system_calls_give(string release, string options, bool isEmulated)
    {
        _ = isEmulated;
        LinuxMachine machine = Run(release, options, a =>
        {
            a.mov(r15, rsp);
            Call(a, Page, D, D + 0x10);
            a.mov(rbx, rax);
            Guest.Call(a, 96, D + 0x20, D + 0x30);
            Call(a, Time, D + 0x40);
            a.mov(__qword_ptr[D + 0x48], rax);
            Guest.Call(a, 201, D + 0x50);
            foreach (ulong place in (ReadOnlySpan<ulong>)[D + 0x60, D + 0x64, D + 0x68, D + 0x6C])
                a.mov(__dword_ptr[place], 77);
            Call(a, Getcpu, D + 0x60, D + 0x64);
            a.or(rbx, rax);
            Guest.Call(a, 309, D + 0x68, D + 0x6C, 0);
            Call(a, Time);
            a.mov(__qword_ptr[D + 0x58], rax);
            a.sub(r15, rsp);
            a.or(rbx, r15);
            a.Exit64(ebx);
        });
        Assert.Equal(0, machine.ExitStatus);
        long first = Microseconds(machine, 0), second = Microseconds(machine, 0x20);
        Assert.InRange(second - first, 0, 100);
        Assert.Equal(machine.Kernel.ReleaseTime, first / 1_000_000);
        Assert.Equal(Word(machine, 0x30), Word(machine, 0x10));
        Assert.Equal([Word(machine, 0x50), Word(machine, 0x50), Word(machine, 0x50)], [Word(machine, 0x40), Word(machine, 0x48), Word(machine, 0x58)]);
        Assert.Equal(0ul, Word(machine, 0x60));

        // Linux 2.6.39 has getcpu in its vsyscall page only, and no system call of the name.
        Assert.Equal(release == "2.6.39", Word(machine, 0x68) != 0);
    }

    [Theory]
    [MemberData(nameof(Serving))]
    public void A_call_by_a_fault_leaves_RCX_and_R11_alone_and_one_by_SYSCALL_does_not(string release, string options, bool isEmulated)
    {
        bool makesCall = !isEmulated && release != "2.6.39";
        LinuxMachine machine = Run(release, options, a =>
        {
            a.mov(rcx, InCx);
            a.mov(r11, InR11);
            a.mov(edx, (int)InDx);
            Call(a, Time);
            a.mov(__qword_ptr[D], rcx);
            a.mov(__qword_ptr[D + 8], r11);
            a.mov(__qword_ptr[D + 16], rdx);
            a.xor(ebx, ebx);
            a.Exit64(ebx);
        });
        Assert.Equal(!makesCall, Word(machine, 0) == InCx);
        Assert.Equal(!makesCall, Word(machine, 8) == InR11);
        Assert.Equal(InDx, Word(machine, 16));
    }

    [Theory]
    [MemberData(nameof(Emulating))]
    public void A_third_argument_of_getcpu_is_neither_looked_at_nor_lost(string release, string options)
    {
        LinuxMachine machine = Run(release, options, a =>
        {
            a.mov(rdx, InCx);
            Call(a, Getcpu, D, 0);
            a.mov(__qword_ptr[D + 16], rdx);
            a.mov(ebx, eax);
            a.Exit64(ebx);
        });
        Assert.Equal(0, machine.ExitStatus);
        Assert.Equal(InCx, Word(machine, 16));
    }

    [Theory]
    [MemberData(nameof(Serving))]
    public void Single_stepping_over_a_call_by_a_fault_traps_once_in_the_page(string release, string options, bool isEmulated)
    {
        LinuxMachine machine = Run(release, options, a =>
        {
            Label handler = a.CreateLabel(), restorer = a.CreateLabel(), over = a.CreateLabel(), elsewhere = a.CreateLabel();
            a.jmp(over);
            a.Label(ref handler);
            a.mov(rax, __qword_ptr[rdx + 40 + 16 * 8]);
            a.mov(rcx, Page);
            a.sub(rax, rcx);
            a.inc(__dword_ptr[D + 4]);
            a.cmp(rax, 0x1000);
            a.jae(elsewhere);
            a.inc(__dword_ptr[D]);
            a.Label(ref elsewhere);
            a.ret();
            a.Label(ref restorer);
            a.mov(eax, 15);
            a.syscall();
            a.Label(ref over);
            Install(a, SignalNumbers.SIGTRAP, handler, restorer);
            a.pushfq();
            a.or(__dword_ptr[rsp], (int)Rflags.TF);
            a.popfq();
            Call(a, Time);
            a.pushfq();
            a.and(__dword_ptr[rsp], ~(int)Rflags.TF);
            a.popfq();
            a.xor(ebx, ebx);
            a.Exit64(ebx);
        });
        Assert.Equal(0, machine.ExitStatus);
        int inPage = (int)(uint)Word(machine, 0), all = (int)(Word(machine, 0) >> 32);
        Assert.Equal(isEmulated, inPage == 1);
        Assert.True(inPage >= 1);
        const int others = 6, returnFromPage = 1;
        Assert.Equal(isEmulated ? others : others + returnFromPage, all - inPage);
    }

    [Fact]
    public void The_calls_cost_a_fault_where_they_are_emulated()
    {
        long Cost(string release, string options)
        {
            long Clock(int calls) => Run(release, options, a =>
            {
                for (int i = 0; i < calls; i++)
                    Call(a, Page, D);
                a.xor(ebx, ebx);
                a.Exit64(ebx);
            }).Processor.Clock;
            const int many = 20;
            return (Clock(many + 1) - Clock(1)) / many;
        }

        long old = Cost("2.6.39", ""), native = Cost("4.4", "vsyscall=native"), emulated = Cost("4.4", ""), xonly = Cost("5.13", ""), again = Cost("5.13", "vsyscall=emulate");
        Assert.True(old < native, $"{old} < {native}");
        Assert.True(native < emulated, $"{native} < {emulated}");
        Assert.InRange(xonly, again * 9 / 10, again * 11 / 10);
    }

    private static long Microseconds(LinuxMachine machine, int offset) => (long)Word(machine, offset) * 1_000_000 + (long)Word(machine, offset + 8);
}
