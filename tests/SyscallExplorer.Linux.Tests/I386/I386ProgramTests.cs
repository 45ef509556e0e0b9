using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Programs on 32-bit kernels.</summary>
public sealed class I386ProgramTests
{
    private const int Vector = 0x80;

    public static TheoryData<string, string> Machines()
    {
        var machines = new TheoryData<string, string>();
        foreach (KernelGeneration kernel in Kernels.I386)
        {
            foreach (CpuModel cpu in (CpuModel[])[Cpus.PentiumIII, Cpus.Core2, Cpus.K8, Cpus.Skylake, Cpus.Zen2])
                machines.Add(kernel.Name, cpu.Name);
        }

        return machines;
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void A_program_writes_its_number_and_exits(string kernel, string cpu)
    {
        LinuxMachine machine = Run(kernel, cpu, a =>
        {
            Call(a, 20);
            a.mov(__dword_ptr[UserSpace.Data32], eax);
            Call(a, 4, 1, (int)UserSpace.Data32, 4);
            Call(a, 1, 7);
        });
        Assert.Equal(BitConverter.GetBytes(TaskIdentity.Pid), machine.Output);
        Assert.Equal(7, machine.ExitStatus);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void A_child_has_memory_of_its_own_and_its_parent_learns_its_status(string kernel, string cpu)
    {
        LinuxMachine machine = Run(kernel, cpu, a =>
        {
            Label parent = a.CreateLabel();
            a.mov(__dword_ptr[D], 1);
            Call(a, 2);
            a.test(eax, eax);
            a.jne(parent);
            a.mov(__dword_ptr[D], 2);
            Call(a, 1, 9);
            a.Label(ref parent);
            a.mov(__dword_ptr[D + 4], eax);
            Call(a, 114, -1, (int)D + 8, 0, 0);
            a.mov(__dword_ptr[D + 12], eax);
            Call(a, 4, 1, (int)D, 16);
            Call(a, 1, 0);
        });
        int[] words = [.. System.Runtime.InteropServices.MemoryMarshal.Cast<byte, int>(machine.Output)];
        Assert.Equal([1, TaskIdentity.Pid + 1, 9 << 8, TaskIdentity.Pid + 1], words);
    }

    /// <summary>An alarm comes while the program reads from an empty pipe, and its handler does not ask for the call to begin anew.</summary>
    [Theory]
    [MemberData(nameof(Machines))]
    public void A_signal_ends_a_call_that_waits(string kernel, string cpu)
    {
        const int setTimer = 104, pipe = 42, read = 3, action = 0x100, timer = 0x140, handler = 0x200, microseconds = 12, milliseconds = 5000;
        LinuxMachine machine = Run(kernel, cpu, a =>
        {
            a.mov(__dword_ptr[D + action], (int)UserSpace.Code32 + handler);
            Call(a, 67, SignalNumbers.SIGALRM, (int)D + action, 0);
            Call(a, pipe, (int)D);
            a.mov(__dword_ptr[D + timer + microseconds], milliseconds);
            Call(a, setTimer, 0, (int)D + timer, 0);
            a.mov(ebx, __dword_ptr[D]);
            a.mov(ecx, (int)D + 0x180);
            a.mov(edx, 4);
            a.mov(eax, read);
            a.@int(unchecked((sbyte)Vector));
            a.mov(__dword_ptr[D + 8], eax);
            Call(a, 4, 1, (int)D + 8, 4);
            Call(a, 1, 0);
            Pad(a, handler);
            a.ret();
        });
        Assert.Equal(-Errno.EINTR, BitConverter.ToInt32([.. machine.Output]));
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void A_handler_sees_the_fault_and_the_program_goes_on_where_it_sends_it(string kernel, string cpu)
    {
        const int action = 0x100, context = 8, ip = 56, handler = 0x200, sizeOfStore = 3;
        LinuxMachine machine = Run(kernel, cpu, a =>
        {
            a.mov(__dword_ptr[D + action], (int)UserSpace.Code32 + handler);
            Call(a, 67, SignalNumbers.SIGSEGV, (int)D + action, 0);
            a.mov(ebx, 0x1234);
            a.mov(__byte_ptr[esi], 0);
            a.mov(__dword_ptr[D + 8], ebx);
            Call(a, 4, 1, (int)D, 12);
            Call(a, 1, 0);
            Pad(a, handler);
            a.mov(eax, __dword_ptr[esp + 4]);
            a.mov(__dword_ptr[D], eax);
            a.mov(eax, cs);
            a.mov(__dword_ptr[D + 4], eax);
            a.add(__dword_ptr[esp + context + ip], sizeOfStore);
            a.ret();
        });
        int[] words = [.. System.Runtime.InteropServices.MemoryMarshal.Cast<byte, int>(machine.Output)];
        Assert.Equal([SignalNumbers.SIGSEGV, I386Selectors.UserCs, 0x1234], words);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void A_program_that_computes_does_not_keep_others_from_running(string kernel, string cpu)
    {
        LinuxMachine machine = Run(kernel, cpu, a =>
        {
            Label parent = a.CreateLabel();

            // A page that both have: the child writes it, while the parent does nothing but look.
            Call(a, 192, 0, 4096, 3, 0x21, -1, 0);
            a.mov(esi, eax);
            a.push(esi);
            Call(a, 2);
            a.pop(esi);
            a.test(eax, eax);
            a.jne(parent);
            a.mov(__dword_ptr[esi], 5);
            Call(a, 1, 0);
            a.Label(ref parent);
            a.cmp(__dword_ptr[esi], 5);
            a.jne(parent);
            Call(a, 1, 3);
        }, limit: 60_000_000);
        Assert.Equal(3, machine.ExitStatus);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Sysenter_under_a_single_step_comes_back_to_a_trap(string kernel, string cpu)
    {
        LinuxMachine machine = Start(kernel, cpu, a =>
        {
            a.mov(eax, 20);
            a.pushfd();
            a.or(__dword_ptr[esp], (int)Rflags.TF);
            a.mov(ebp, esp);
            a.popfd();
            a.sysenter();
        });
        RunResult result = machine.Run(RunLimits.Instructions(20_000));
        Assert.True(machine.Fatal is not null, result.Message);
        Assert.True(machine.Fatal.Signal == SignalNumbers.SIGTRAP, machine.Fatal.Title);
        Assert.Equal(3ul, machine.Fatal.Registers[PtRegsOffsets.Cs] & 3);
    }

    /// <summary>sigreturn puts a selector into CS that no descriptor has: IRET faults in ring 0, and the program is told.</summary>
    [Theory]
    [MemberData(nameof(Machines))]
    public void An_Iret_that_faults_ends_the_program_and_not_the_kernel(string kernel, string cpu)
    {
        const int codeSelector = 60, stackSelector = 72;
        LinuxMachine machine = Start(kernel, cpu, a =>
        {
            a.sub(esp, 1024);
            a.mov(ebp, esp);
            a.mov(__dword_ptr[ebp + codeSelector], 0x1F3);
            a.mov(__dword_ptr[ebp + stackSelector], 0x7B);
            a.mov(eax, 119);
            a.@int(unchecked((sbyte)Vector));
        });
        RunResult result = machine.Run(RunLimits.Instructions(20_000));
        Assert.True(machine.Fatal is { Signal: > 0 }, machine.Fatal?.Title ?? result.Message);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void A_kernel_without_a_stack_ends_in_the_task_of_the_double_fault(string kernel, string cpu)
    {
        LinuxMachine machine = Start(kernel, cpu, a => Call(a, 20));
        byte[] nowhere = BitConverter.GetBytes(0xF000_0000);
        machine.Processor.Bus.Ram.Write(I386Layout.TssPhysical + TaskStateSegment.Rsp0, nowhere);
        machine.Run(RunLimits.Instructions(2_000));
        Assert.NotNull(machine.Fatal);
        FatalReport report = machine.Fatal;
        Assert.Equal(0, report.Signal);
        Assert.Contains("#DF", report.Title);
        Assert.Equal((ulong)I386Selectors.UserCs, report.Registers[PtRegsOffsets.Cs]);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void A_fork_of_the_machine_goes_on_as_the_machine_does(string kernel, string cpu)
    {
        LinuxMachine machine = Start(kernel, cpu, a =>
        {
            Call(a, 13, (int)D);
            Call(a, 265, 1, (int)D + 4);
            Call(a, 4, 1, (int)D, 12);
            Call(a, 1, 0);
        });
        machine.Run(RunLimits.Instructions(100));
        LinuxMachine fork = machine.Fork();
        RunResult first = machine.Run(RunLimits.Instructions(100_000)), second = fork.Run(RunLimits.Instructions(100_000));
        Assert.Equal(first.Instructions, second.Instructions);
        Assert.Equal(machine.Output, fork.Output);
        Assert.Equal(machine.Processor.Clock, fork.Processor.Clock);
        Assert.Equal((int)machine.Kernel.ReleaseTime, BitConverter.ToInt32(machine.Output));
        Assert.Equal(0, BitConverter.ToInt32(machine.Output, 4));
        Assert.InRange(BitConverter.ToInt32(machine.Output, 8), 1, 1_000_000);
    }

    private const ulong D = UserSpace.Data32;

    /// <summary>Fills up to an offset from the program's start.</summary>
    private static void Pad(Assembler a, int offset)
    {
        var stream = new MemoryStream();
        a.Assemble(new StreamCodeWriter(stream), UserSpace.Code32);
        a.db(Enumerable.Repeat((byte)0x90, offset - (int)stream.Length).ToArray());
    }

    private static LinuxMachine Start(string kernel, string cpu, Action<Assembler> program) =>
        Guest.Load(program, 32, Cpus.Find(cpu), kernel: Kernels.Find(kernel));

    private static void Call(Assembler a, int number, params ReadOnlySpan<int> arguments)
    {
        AssemblerRegister32[] registers = [ebx, ecx, edx, esi, edi, ebp];
        for (int i = 0; i < arguments.Length; i++)
            a.mov(registers[i], arguments[i]);
        a.mov(eax, number);
        a.@int(unchecked((sbyte)Vector));
    }

    private static LinuxMachine Run(string kernel, string cpu, Action<Assembler> program, long limit = 1_000_000)
    {
        LinuxMachine machine = Start(kernel, cpu, program);
        RunResult result = machine.Run(RunLimits.Instructions(limit));
        Assert.True(machine.IsOver, result.Message);
        Assert.True(machine.Fatal is null, machine.Fatal?.Title);
        return machine;
    }
}
