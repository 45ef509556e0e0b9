using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Which pages of the kernel are there in user mode, and with which rights.</summary>
public sealed class PageTableIsolationTests
{
    private static readonly ulong[] Hidden =
    [
        KernelLayout.Text.Base, KernelLayout.ReadOnlyData, KernelLayout.Data, KernelLayout.DirectMapped(KernelLayout.TaskPhysical),
        KernelLayout.DirectMap, KernelLayout.ThreadStackTop - 8, KernelLayout.PerCpu, KernelLayout.TssRw - 8, KernelLayout.TssRw + 4096,
    ];

    private static readonly ulong[] Shared =
    [
        KernelLayout.EntryText.Base, KernelLayout.IdtAlias, KernelLayout.GdtAlias, KernelLayout.TssAlias, KernelLayout.EntryStackTop - 8,
        KernelLayout.ExceptionStackTop(1) - 8, KernelLayout.ExceptionStackTop(4) - 8, KernelLayout.TssRw,
    ];

    [Theory]
    [InlineData("Skylake")]
    [InlineData("Haswell")]
    [InlineData("Zen2")]
    public void With_isolation_user_mode_sees_only_what_the_entry_needs(string cpu)
    {
        LinuxMachine machine = InUserMode(cpu, "pti=on");
        ulong root = machine.Processor.Registers.ControlRegister3;
        Assert.All(Hidden, address => Assert.Null(PageView.Of(machine, root, address)));
        Assert.All(Shared, address => Assert.False(Assert.NotNull(PageView.Of(machine, root, address)).User));
    }

    [Fact]
    public void Without_isolation_all_of_the_kernel_is_mapped_for_the_supervisor_only()
    {
        LinuxMachine machine = InUserMode("Skylake", "pti=off");
        ulong root = machine.Processor.Registers.ControlRegister3;
        Assert.Equal(machine.Memory.Map.KernelRoot, machine.Memory.Map.UserRoot);
        Assert.All(Hidden.Concat(Shared), address => Assert.False(Assert.NotNull(PageView.Of(machine, root, address)).User));
    }

    [Theory]
    [InlineData("pti=on")]
    [InlineData("pti=off")]
    public void Code_is_not_writable_and_data_is_not_executable_through_its_own_mapping(string options)
    {
        LinuxMachine machine = Guest.Boot(commandLine: options);
        ulong root = machine.Memory.Map.KernelRoot;
        foreach (ulong code in (ulong[])[KernelLayout.Text.Base, KernelLayout.EntryText.Base])
            Assert.True(PageView.Of(machine, root, code) is { Executable: true, Writable: false });
        foreach (ulong data in (ulong[])[KernelLayout.Data, KernelLayout.DirectMap, KernelLayout.ThreadStack, KernelLayout.TssRw])
            Assert.True(PageView.Of(machine, root, data) is { Executable: false, Writable: true });
        foreach (ulong constant in (ulong[])[KernelLayout.ReadOnlyData, KernelLayout.IdtAlias, KernelLayout.GdtAlias, KernelLayout.TssAlias])
            Assert.True(PageView.Of(machine, root, constant) is { Executable: false, Writable: false });
    }

    [Fact]
    public void The_tss_alias_and_the_writable_tss_are_one_page()
    {
        LinuxMachine machine = Guest.Boot();
        PageView alias = PageView.Of(machine, machine.Memory.Map.KernelRoot, KernelLayout.TssAlias)!.Value;
        PageView writable = PageView.Of(machine, machine.Memory.Map.KernelRoot, KernelLayout.TssRw)!.Value;
        Assert.Equal(alias.Physical, writable.Physical);
        Assert.True(writable.Writable);
    }

    [Fact]
    public void The_user_half_of_the_kernels_own_table_is_not_executable_under_isolation()
    {
        LinuxMachine isolated = InUserMode("Skylake", "pti=on");
        Assert.True(PageView.Of(isolated, isolated.Memory.Map.UserRoot, UserSpace.Code64) is { User: true, Executable: true });
        Assert.True(PageView.Of(isolated, isolated.Memory.Map.KernelRoot, UserSpace.Code64) is { User: true, Executable: false });
        LinuxMachine open = InUserMode("Skylake", "pti=off");
        Assert.True(PageView.Of(open, open.Memory.Map.KernelRoot, UserSpace.Code64) is { Executable: true });
    }

    [Theory]
    [InlineData("pti=on", 0x1801ul, 1ul)]
    [InlineData("pti=on nopcid", 0x1000ul, 0ul)]
    [InlineData("pti=off", 1ul, 1ul)]
    [InlineData("pti=off nopcid", 0ul, 0ul)]
    public void Cr3_selects_the_users_half_of_the_pair_and_its_pcid(string options, ulong inUserMode, ulong inKernel)
    {
        LinuxMachine machine = Guest.Load(a => a.syscall(), commandLine: options);
        ulong root = machine.Memory.Map.KernelRoot;
        Assert.Equal(0ul, root & 0x1FFF);
        Guest.RunTo(machine, UserSpace.Code64);
        Assert.Equal(root | inUserMode, machine.Processor.Registers.ControlRegister3);
        Guest.RunTo(machine, "entry_SYSCALL_64");
        Assert.Equal(root | inUserMode, machine.Processor.Registers.ControlRegister3);
        Guest.RunTo(machine, "do_syscall_64");
        Assert.Equal(root | inKernel, machine.Processor.Registers.ControlRegister3);
    }

    [Fact]
    public void Under_isolation_only_pages_that_both_tables_hold_are_global()
    {
        LinuxMachine machine = Guest.Boot(commandLine: "pti=on");
        ulong root = machine.Memory.Map.KernelRoot;
        foreach (ulong hidden in Hidden)
            Assert.False(PageView.Of(machine, root, hidden)!.Value.Global);
        foreach (ulong shared in Shared.Where(address => address != KernelLayout.TssRw))
        {
            Assert.True(PageView.Of(machine, root, shared)!.Value.Global);
            Assert.True(PageView.Of(machine, machine.Memory.Map.UserRoot, shared)!.Value.Global);
        }
    }

    [Fact]
    public void Without_isolation_every_kernel_page_is_global_and_no_user_page_is()
    {
        LinuxMachine machine = InUserMode("Skylake", "pti=off");
        ulong root = machine.Memory.Map.KernelRoot;
        Assert.All(Hidden.Concat(Shared), address => Assert.True(PageView.Of(machine, root, address)!.Value.Global));
        Assert.False(PageView.Of(machine, root, UserSpace.Code64)!.Value.Global);
    }

    [Theory]
    [InlineData("pti=on nox2apic", false)]
    [InlineData("pti=off nox2apic", true)]
    public void The_local_apics_page_is_the_supervisors_and_not_cached(string options, bool inUserMode)
    {
        LinuxMachine machine = InUserMode("Skylake", options);
        MemoryMap map = machine.Memory.Map;
        PageView page = Assert.NotNull(PageView.Of(machine, map.KernelRoot, KernelLayout.LocalApic));
        Assert.Equal(new PageView(0xFEE0_0000, Writable: true, User: false, Executable: false, Global: inUserMode), page);
        var tables = new PageTables(machine.Processor.Bus.Ram, machine.Frames);
        ulong entry = machine.Processor.Bus.Ram.ReadUInt64(Assert.NotNull(tables.EntryAddress(map.KernelRoot, KernelLayout.LocalApic)));
        Assert.Equal(PageEntry.PCD | PageEntry.PWT, entry & (PageEntry.PCD | PageEntry.PWT));
        Assert.Equal(inUserMode, PageView.Of(machine, map.UserRoot, KernelLayout.LocalApic) is not null);
    }

    [Fact]
    public void A_local_apic_that_is_reached_by_msrs_has_no_page()
    {
        LinuxMachine machine = InUserMode("Skylake", "pti=off");
        Assert.Null(PageView.Of(machine, machine.Memory.Map.KernelRoot, KernelLayout.LocalApic));
    }

    private static LinuxMachine InUserMode(string cpu, string options)
    {
        LinuxMachine machine = Guest.Load(a => a.nop(), cpu: Cpus.Find(cpu), commandLine: options);
        Guest.RunTo(machine, UserSpace.Code64);
        return machine;
    }
}
