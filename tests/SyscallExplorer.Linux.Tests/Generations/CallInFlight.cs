using Iced.Intel;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux.Tests;

/// <summary>A machine that stands at the first instruction of getpid, with the registers that the entry saved at the top of the task's stack.</summary>
internal sealed record CallInFlight(LinuxMachine Machine, KernelGeneration Kernel, ulong Frame)
{
    private const ulong Flags = KernelLayout.TaskPhysical + TaskLayout.ThreadFlags;

    public static CallInFlight Of(string kernel, CpuModel cpu, Way way, string options = "")
    {
        KernelGeneration generation = Kernels.Find(kernel);
        LinuxMachine machine = Guest.Load(a =>
        {
            a.push(0);
            way.Enter(a, generation, way.GetpidNumber());
            a.nop();
            a.nop();
            a.hlt();
        }, way.Bitness(), cpu, options, kernel: generation);
        Guest.RunTo(machine, way.Getpid(generation));
        return new CallInFlight(machine, generation, machine.Tasks.Current.Registers);
    }

    public ulong this[int offset]
    {
        get => Guest.Peek(Machine, Frame + (ulong)offset);
        set => Guest.Poke(Machine, Frame + (ulong)offset, value);
    }

    /// <summary>Asks for a look at the task on its way to user mode, as a tracer of restartable sequences does.</summary>
    public void AskForWorkOnExit() => Machine.Processor.Bus.Ram.WriteUInt64(Flags, Machine.Processor.Bus.Ram.ReadUInt64(Flags) | ThreadFlags.NotifyResume);
}
