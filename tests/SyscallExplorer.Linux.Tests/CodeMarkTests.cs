using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Phases and origins of the kernel's code.</summary>
public sealed class CodeMarkTests
{
    [Fact]
    public void Marks_begin_with_the_section_and_go_up()
    {
        foreach (AssembledSection section in Kernels.Linux_5_13.Image.Sections)
        {
            Assert.Equal(0, section.Marks[0].Offset);
            Assert.Equal(section.Marks.Select(mark => mark.Offset).Order(), section.Marks.Select(mark => mark.Offset));
            Assert.InRange(section.Marks[^1].Offset, 0, section.Bytes.Length - 1);
        }
    }

    /// <summary>Routines that belong to the phase of whoever calls them.</summary>
    private static readonly string[] s_ofCaller =
    [
        IndirectThunk.Symbol, "error_entry", "error_entry_from_usermode_after_swapgs", "error_return", "sync_regs", "__x86_return_thunk",
    ];

    public static TheoryData<string, string, string> Machines()
    {
        var data = new TheoryData<string, string, string>();
        foreach (KernelGeneration kernel in Kernels.All)
        {
            foreach (string cpu in (string[])["Skylake", "Zen2"])
            {
                foreach (string options in kernel.Traits.Version >= new Version(5, 2) ? (string[])["", "pti=off", "mitigations=off"] : [""])
                    data.Add(kernel.Name, cpu, options);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Every_byte_of_kernel_code_has_an_origin_and_all_but_routines_of_many_callers_a_phase(string kernel, string cpu, string options)
    {
        LinuxMachine machine = Guest.Boot(Cpus.Find(cpu), options, kernel: Kernels.Find(kernel));
        foreach (AssembledSection section in machine.Kernel.Image.Sections)
        {
            for (ulong address = section.Section.Base; address < section.Section.Base + (ulong)section.Bytes.Length; address++)
            {
                (Phase? phase, CodeOrigin origin) = machine.CodeAt(address);
                Assert.NotEqual(CodeOrigin.User, origin);
                if (phase is null)
                    Assert.Contains(machine.SymbolAt(address)?.Name, s_ofCaller);
            }

            Assert.Equal(CodeOrigin.User, machine.CodeAt(section.Section.Base + (ulong)section.Bytes.Length).Origin);
        }
    }

    [Theory]
    [InlineData("entry_SYSCALL_64", PhaseKind.StackSwitch, CodeOrigin.Documented)]
    [InlineData("entry_SYSENTER_compat", PhaseKind.StackSwitch, CodeOrigin.Documented)]
    [InlineData("entry_INT80_compat", PhaseKind.StackSwitch, CodeOrigin.Documented)]
    [InlineData("entry_SYSCALL_64_after_hwframe", PhaseKind.SaveRegisters, CodeOrigin.Documented)]
    [InlineData("do_syscall_64", PhaseKind.EntryWork, CodeOrigin.Composed)]
    [InlineData("do_int80_syscall_32", PhaseKind.EntryWork, CodeOrigin.Composed)]
    [InlineData("__x64_sys_getpid", PhaseKind.Handler, CodeOrigin.Composed)]
    [InlineData("__x64_sys_open", PhaseKind.Handler, CodeOrigin.Tabled)]
    [InlineData("exit_to_user_mode_prepare", PhaseKind.ExitWork, CodeOrigin.Composed)]
    [InlineData("syscall_return_via_sysret", PhaseKind.RestoreRegisters, CodeOrigin.Documented)]
    [InlineData("asm_exc_page_fault", PhaseKind.Interrupted, CodeOrigin.Documented)]
    [InlineData("exc_page_fault", PhaseKind.Interrupted, CodeOrigin.Composed)]
    public void A_symbol_belongs_to_its_phase(string symbol, PhaseKind phase, CodeOrigin origin)
    {
        LinuxMachine machine = Guest.Boot();
        (Phase? actual, CodeOrigin actualOrigin) = machine.CodeAt(machine.AddressOf(symbol));
        Assert.Equal(phase, actual?.Kind);
        Assert.Equal(origin, actualOrigin);
    }

    [Fact]
    public void The_instructions_of_a_mitigation_carry_its_name()
    {
        var seen = new HashSet<string>();
        LinuxMachine machine = Guest.Boot();
        foreach (AssembledSection section in machine.Kernel.Image.Sections)
        {
            for (int offset = 0; offset < section.Bytes.Length; offset++)
            {
                if (machine.CodeAt(section.Section.Base + (ulong)offset).Phase is { Kind: PhaseKind.Mitigation } phase)
                    seen.Add(phase.Mitigation!);
            }
        }

        Assert.Equal(["KPTI", "MDS", "RSB filling", "STACKLEAK", "index mask", "kstack offset", "retpoline", "swapgs fence"], seen.Order(StringComparer.Ordinal));
    }
}
