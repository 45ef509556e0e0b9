using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Five levels of page tables, where the processor has LA57.</summary>
public sealed class FiveLevelPagingTests
{
    public static TheoryData<string, string, string> Machines()
    {
        var rows = new TheoryData<string, string, string>();
        foreach (KernelGeneration kernel in Kernels.All.Where(kernel => kernel.Traits.Version >= new Version(4, 14)))
        {
            foreach (string cpu in (string[])["SapphireRapids", "Zen4"])
            {
                rows.Add(kernel.Name, cpu, "pti=on");
                rows.Add(kernel.Name, cpu, "pti=off");
            }
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void The_kernel_is_under_the_last_entry_and_programs_under_the_first(string kernel, string cpu, string options)
    {
        LinuxMachine machine = Guest.Load(a => a.hlt(), cpu: Cpus.Find(cpu), commandLine: options, kernel: Kernels.Find(kernel));
        machine.Run(RunLimits.Instructions(5_000));
        Assert.NotEqual(0ul, machine.Processor.Registers.ControlRegister4 & Cr4.LA57);
        foreach ((ulong address, int index) in (ReadOnlySpan<(ulong, int)>)[(UserSpace.Code64, 0), (machine.AddressOf("entry_SYSCALL_64"), 511), (KernelLayout.EntryStack, 511)])
        {
            foreach (PageTableRoot root in machine.PageTableRoots)
            {
                PagePath path = machine.Processor.WalkOf(address, root.Address);
                Assert.Equal(("PML5E", index), (path.Steps[0].Level, path.Steps[0].Index));
                Assert.NotNull(path.Physical);
            }
        }

        // With isolation the last entry leads to other tables for user mode, in which there is no more than it needs.
        ulong inside = machine.AddressOf("sys_ni_syscall");
        Assert.All(machine.PageTableRoots.Skip(1), root => Assert.Null(machine.Processor.WalkOf(inside, root.Address).Physical));
        Assert.Equal(options == "pti=on" ? 2 : 1, machine.PageTableRoots.Count);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void A_child_has_tables_of_its_own_and_an_LDT_comes_along(string kernel, string cpu, string options)
    {
        const int fork = 57, wait4 = 61, exit = 231, modifyLdt = 154, write = 0x11;
        ulong data = UserSpace.Data64;
        LinuxMachine machine = Guest.Load(a =>
        {
            Iced.Intel.Label parent = a.CreateLabel();
            a.mov(rax, data);
            a.mov(__dword_ptr[rax + 4], 0x1000);
            a.mov(__dword_ptr[rax + 8], 0xF_FFFF);
            a.mov(__dword_ptr[rax + 12], 0x51);
            Guest.Call(a, modifyLdt, write, data, 16);
            a.mov(r12, rax);
            a.mov(eax, fork);
            a.syscall();
            a.test(eax, eax);
            a.jne(parent);
            a.mov(ecx, 7);
            a.mov(fs, ecx);
            a.mov(ebx, fs);
            a.mov(rax, data);
            a.mov(__dword_ptr[rax + 64], ebx);
            a.mov(edi, ebx);
            a.mov(eax, exit);
            a.syscall();
            a.Label(ref parent);
            Guest.Call(a, wait4, ulong.MaxValue, data + 32, 0, 0);
            a.mov(rax, data);
            a.mov(edi, __dword_ptr[rax + 33]);
            a.add(edi, __dword_ptr[rax + 64]);
            a.add(edi, r12d);
            a.mov(eax, exit);
            a.syscall();
        }, cpu: Cpus.Find(cpu), commandLine: options, kernel: Kernels.Find(kernel));
        RunResult result = machine.Run(RunLimits.Instructions(400_000));
        Assert.True(machine.ExitStatus == 7, result.Message);
    }

    [Fact]
    public void An_address_behind_47_bits_is_canonical_and_SYSRET_goes_there()
    {
        foreach ((string options, Iced.Intel.Mnemonic expected) in (ReadOnlySpan<(string, Iced.Intel.Mnemonic)>)[("", Iced.Intel.Mnemonic.Sysretq), ("no5lvl", Iced.Intel.Mnemonic.Iretq)])
        {
            foreach (string kernel in (string[])["4.20", "5.13", "6.12"])
            {
                CallInFlight call = CallInFlight.Of(kernel, Cpus.SapphireRapids, Way.Syscall, options);
                call[PtRegsOffsets.Ip] = call[PtRegsOffsets.Cx] = 1ul << 47;
                Assert.Equal(expected, RingExits.Next(call.Machine).By);
                RingExits.Run(call.Machine);
                Assert.Equal(SignalNumbers.SIGSEGV, call.Machine.Signal);
            }
        }
    }

    [Theory]
    [InlineData("4.4", "Zen4", "")]
    [InlineData("6.1", "Skylake", "")]
    [InlineData("6.1", "SapphireRapids", "no5lvl")]
    public void Elsewhere_there_are_four(string kernel, string cpu, string options)
    {
        LinuxMachine machine = Guest.Boot(Cpus.Find(cpu), options, kernel: Kernels.Find(kernel));
        Assert.Equal(0ul, machine.Processor.Registers.ControlRegister4 & Cr4.LA57);
        Assert.Equal("PML4E", machine.Processor.WalkOf(KernelLayout.DirectMap).Steps[0].Level);
    }

    [Fact]
    public void The_option_is_one_of_Linux_4_18() =>
        Assert.Throws<ArgumentException>(() => Guest.Boot(Cpus.Zen4, "no5lvl", kernel: Kernels.Linux_4_4));
}
