using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Programs that call into the vsyscall page, and what they leave in their data.</summary>
internal static class VsyscallGuest
{
    public const ulong D = UserSpace.Data64, Page = VsyscallPage.Address, Time = Page + 0x400, Getcpu = Page + 0x800;

    /// <summary>Where the handler keeps what it was told, a word each.</summary>
    public const int Signal = 0x400, Code = 0x408, At = 0x410, Ip = 0x418, Sp = 0x420, Error = 0x428, TrapNumber = 0x430, Cr2 = 0x438, Ax = 0x440;

    /// <summary>The status with which the handler ends the program.</summary>
    public const int Handled = 33;

    private const int Action = 0x500;

    /// <summary>All generations with all of their modes, as the command line says it.</summary>
    public static IEnumerable<(KernelGeneration Kernel, VsyscallMode Mode, string Options)> Modes()
    {
        foreach (KernelGeneration kernel in Kernels.All)
        {
            Version version = kernel.Traits.Version;
            foreach (VsyscallMode mode in Enum.GetValues<VsyscallMode>().Where(mode => VsyscallModes.Has(version, mode)))
                yield return (kernel, mode, version < VsyscallModes.Since ? "" : "vsyscall=" + VsyscallModes.Values[(int)mode]);
        }
    }

    public static KernelGeneration Kernel(string release) => Kernels.Find("linux-" + release);

    public static LinuxMachine Load(string release, string options, Action<Assembler> program, CpuModel? cpu = null) =>
        Guest.Load(program, cpu: cpu, commandLine: options, kernel: Kernel(release));

    public static LinuxMachine Run(string release, string options, Action<Assembler> program, CpuModel? cpu = null)
    {
        LinuxMachine machine = Load(release, options, program, cpu);
        RunResult result = machine.Run(RunLimits.Instructions(300_000));
        Assert.True(machine.IsOver, result.Message);
        return machine;
    }

    /// <summary>Calls an address with two arguments.</summary>
    public static void Call(Assembler a, ulong address, ulong first = 0, ulong second = 0)
    {
        a.mov(rdi, first);
        a.mov(rsi, second);
        a.mov(rax, address);
        a.call(rax);
    }

    /// <summary>From now on a signal is kept in the data, and ends the program.</summary>
    public static void Handle(Assembler a, int signal)
    {
        const int context = 40;
        Label handler = a.CreateLabel(), over = a.CreateLabel();
        a.jmp(over);
        a.Label(ref handler);
        foreach ((int from, int to) in (ReadOnlySpan<(int, int)>)[(0, Signal), (8, Code), (16, At)])
        {
            a.mov(rax, __qword_ptr[rsi + from]);
            a.mov(__qword_ptr[D + (ulong)to], rax);
        }

        foreach ((int word, int to) in (ReadOnlySpan<(int, int)>)[(13, Ax), (15, Sp), (16, Ip), (19, Error), (20, TrapNumber), (22, Cr2)])
        {
            a.mov(rax, __qword_ptr[rdx + context + word * 8]);
            a.mov(__qword_ptr[D + (ulong)to], rax);
        }

        a.mov(ebx, Handled);
        a.Exit64(ebx);
        a.Label(ref over);
        Install(a, signal, handler);
    }

    /// <summary>Makes a label the handler of a signal; its frame's return address is <paramref name="restorer"/>, if it has one.</summary>
    public static void Install(Assembler a, int signal, Label handler, Label? restorer = null)
    {
        a.lea(rax, __[handler]);
        a.mov(__qword_ptr[D + Action], rax);
        a.mov(rax, SignalActionFlags.SignalInfo | SignalActionFlags.Restorer);
        a.mov(__qword_ptr[D + Action + 8], rax);
        a.lea(rax, __[restorer ?? handler]);
        a.mov(__qword_ptr[D + Action + 16], rax);
        Guest.Call(a, 13, (ulong)signal, D + Action, 0, 8);
    }

    public static ulong Word(LinuxMachine machine, int offset)
    {
        Span<byte> word = stackalloc byte[8];
        Assert.True(machine.Memory.TryRead(D + (ulong)offset, word));
        return BitConverter.ToUInt64(word);
    }
}
