using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;
using static SyscallExplorer.Linux.Tests.VsyscallGuest;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Calls of the vsyscall page that go wrong, in every generation that emulates them.</summary>
public sealed class VsyscallFaultTests
{
    private const ulong Kernel = 0xFFFF_8880_0000_0000;
    private const int MapError = 1;

    public static TheoryData<string, string> Emulating() => VsyscallCallTests.Emulating();

    public static TheoryData<string, string> Without()
    {
        var data = new TheoryData<string, string>();
        foreach ((KernelGeneration kernel, VsyscallMode mode, string options) in Modes().Where(entry => entry.Mode == VsyscallMode.None))
            data.Add(kernel.Release, options);
        return data;
    }

    [Theory]
    [MemberData(nameof(Emulating))]
    public void A_jump_into_the_middle_is_a_signal_of_the_kernel(string release, string options)
    {
        foreach (ulong address in (ulong[])[Page + 7, Page + 0x401, Page + 0xC00, Page + 0xFFF])
        {
            LinuxMachine machine = WithHandler(release, options, a => Call(a, address));
            Assert.Equal([SignalNumbers.SIGSEGV, SignalCodes.Kernel], [(int)Word(machine, Signal), (int)Word(machine, Code)]);
            Assert.Equal(address, Word(machine, Ip));
        }
    }

    [Theory]
    [MemberData(nameof(Emulating))]
    public void A_stack_that_cannot_be_read_is_a_signal_of_the_kernel(string release, string options)
    {
        foreach (ulong stack in (ulong[])[0x1000, Kernel])
        {
            LinuxMachine machine = Run(release, options, a =>
            {
                a.mov(rsp, stack);
                a.xor(edi, edi);
                a.mov(rax, Time);
                a.jmp(rax);
            });
            Assert.Equal(SignalNumbers.SIGSEGV, machine.Signal);
            Assert.Equal(Time, machine.Fatal!.Registers[PtRegsOffsets.Ip]);
            Assert.Equal(stack, machine.Fatal.Registers[PtRegsOffsets.Sp]);
        }
    }

    [Theory]
    [MemberData(nameof(Emulating))]
    public void A_pointer_into_the_kernel_is_told_as_a_write_that_faulted(string release, string options)
    {
        foreach ((ulong call, ulong first, ulong second) in ((ulong, ulong, ulong)[])
            [(Page, Kernel, 0), (Page, 0, Kernel), (Time, Kernel, 0), (Getcpu, Kernel, D), (Getcpu, D, Kernel), (Page, KernelLayout.UserAddressLimit - 8, 0)])
        {
            LinuxMachine machine = WithHandler(release, options, a => Call(a, call, first, second));
            ulong bad = Math.Max(first, second);
            Assert.Equal([SignalNumbers.SIGSEGV, MapError], [(int)Word(machine, Signal), (int)Word(machine, Code)]);
            Assert.Equal([bad, bad, 6ul, 14ul, call], [Word(machine, At), Word(machine, Cr2), Word(machine, Error), Word(machine, TrapNumber), Word(machine, Ip)]);
        }
    }

    [Theory]
    [MemberData(nameof(Emulating))]
    public void A_pointer_to_nothing_is_a_signal_and_not_an_error(string release, string options)
    {
        const ulong nothing = 0x1000;
        bool tellsFault = VsyscallGuest.Kernel(release).Traits.Version < new Version(6, 10);
        foreach ((ulong call, ulong first, ulong second) in ((ulong, ulong, ulong)[])[(Page, nothing, 0), (Page, D, nothing), (Time, nothing, 0), (Getcpu, D, nothing)])
        {
            LinuxMachine machine = WithHandler(release, options, a => Call(a, call, first, second));
            Assert.Equal([SignalNumbers.SIGSEGV, tellsFault ? MapError : SignalCodes.Kernel], [(int)Word(machine, Signal), (int)Word(machine, Code)]);
            Assert.Equal(call, Word(machine, Ip));
            Assert.Equal(unchecked((ulong)-Errno.ENOSYS), Word(machine, Ax));
            if (tellsFault)
                Assert.Equal([nothing, nothing, 6ul, 14ul], [Word(machine, At), Word(machine, Cr2), Word(machine, Error), Word(machine, TrapNumber)]);
        }
    }

    [Theory]
    [MemberData(nameof(Emulating))]
    public void A_read_only_destination_is_told_as_one_that_is_there(string release, string options)
    {
        bool tellsFault = VsyscallGuest.Kernel(release).Traits.Version < new Version(6, 10);
        LinuxMachine machine = WithHandler(release, options, a => Call(a, Time, UserSpace.Code64));
        Assert.Equal(SignalNumbers.SIGSEGV, (int)Word(machine, Signal));
        if (tellsFault)
            Assert.Equal([UserSpace.Code64, 7ul, 2ul], [Word(machine, Cr2), Word(machine, Error), (ulong)(int)Word(machine, Code)]);
        else
            Assert.Equal(SignalCodes.Kernel, (int)Word(machine, Code));
    }

    [Theory]
    [MemberData(nameof(Without))]
    public void Without_the_page_a_call_is_a_jump_to_nothing(string release, string options)
    {
        LinuxMachine machine = WithHandler(release, options, a => Call(a, Time));
        Assert.Equal([SignalNumbers.SIGSEGV, MapError], [(int)Word(machine, Signal), (int)Word(machine, Code)]);
        Assert.Equal([Time, Time, 14ul], [Word(machine, At), Word(machine, Ip), Word(machine, TrapNumber)]);
    }

    [Fact]
    public void The_page_can_be_read_where_it_is_mapped_and_never_written()
    {
        foreach ((KernelGeneration kernel, VsyscallMode mode, string options) in Modes())
        {
            LinuxMachine reader = WithHandler(kernel.Release, options, a =>
            {
                a.mov(rcx, Page);
                a.mov(rax, __qword_ptr[rcx]);
                a.mov(__qword_ptr[D], rax);
                a.xor(ebx, ebx);
                a.Exit64(ebx);
            });
            bool isReadable = mode is VsyscallMode.Native or VsyscallMode.Emulate;
            Assert.Equal(isReadable ? 0 : Handled, reader.ExitStatus);
            if (!isReadable)
                Assert.Equal([Page, (ulong)MapError], [Word(reader, At), (ulong)(int)Word(reader, Code)]);
            else if (kernel.Traits.Version >= VsyscallModes.Since)
                Assert.Equal(0x0F00_0000_60C0_C748ul, Word(reader, 0));
            LinuxMachine writer = WithHandler(kernel.Release, options, a =>
            {
                a.mov(rcx, Page);
                a.mov(__qword_ptr[rcx], rax);
            });
            Assert.Equal(Handled, writer.ExitStatus);
            Assert.Equal(Page, Word(writer, At));
        }
    }

    private static LinuxMachine WithHandler(string release, string options, Action<Iced.Intel.Assembler> program)
    {
        LinuxMachine machine = Run(release, options, a =>
        {
            Handle(a, SignalNumbers.SIGSEGV);
            program(a);
            a.mov(ebx, 1);
            a.Exit64(ebx);
        });
        Assert.True(machine.ExitStatus is 0 or Handled, $"{release} {options}: {machine.ExitStatus} {machine.Fatal}");
        return machine;
    }
}
