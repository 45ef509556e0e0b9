using Iced.Intel;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux.Tests;

/// <summary>A way out of ring 0 that was taken, with the registers behind it.</summary>
/// <param name="By">The instruction.</param>
/// <param name="Raised">The vector of an exception that it raised, or -1.</param>
/// <param name="To">RIP behind it.</param>
/// <param name="Rax">RAX behind it.</param>
/// <param name="Mark">R15 behind it, by which a program marks a call.</param>
/// <param name="Flags">RFLAGS behind it.</param>
internal sealed record RingExit(Mnemonic By, int Raised, ulong To, ulong Rax, ulong Mark, ulong Flags);

/// <summary>Runs a machine and keeps the instructions by which ring 0 is left.</summary>
internal static class RingExits
{
    public static List<RingExit> Run(LinuxMachine machine, long limit = 60_000)
    {
        var exits = new List<RingExit>();
        var trace = new Recorder(exits, new Pending());
        RunResult result = machine.Run(RunLimits.Instructions(limit), ref trace);
        Assert.True(machine.IsOver, result.Message);
        return exits;
    }

    /// <summary>Runs until ring 0 is left once.</summary>
    public static RingExit Next(LinuxMachine machine)
    {
        var exits = new List<RingExit>();
        var trace = new Recorder(exits, new Pending(), stopsAtFirst: true);
        RunResult result = machine.Run(RunLimits.Instructions(20_000), ref trace);
        Assert.True(exits.Count == 1, result.Message);
        return exits[0];
    }

    private sealed class Pending
    {
        public bool FromKernel { get; set; }
    }

    private readonly struct Recorder(List<RingExit> exits, Pending pending, bool stopsAtFirst = false) : IInstructionTrace
    {
        public bool Before(Processor processor, in Instruction instruction)
        {
            pending.FromKernel = processor.CurrentPrivilegeLevel == 0 && IsExit(instruction.Mnemonic);
            return !stopsAtFirst || exits.Count == 0;
        }

        public void After(Processor processor, in InstructionStep step)
        {
            bool wasExit = pending.FromKernel;
            pending.FromKernel = false;
            if (!wasExit || (processor.CurrentPrivilegeLevel == 0 && step.Raised < 0))
                return;
            ProcessorRegisters registers = processor.Registers;
            exits.Add(new RingExit(step.Instruction.Mnemonic, step.Raised, registers.Rip, registers[Gpr.Rax], registers[Gpr.R15], registers.Flags));
        }

        private static bool IsExit(Mnemonic mnemonic) => mnemonic is Mnemonic.Sysretq or Mnemonic.Sysret or Mnemonic.Sysexit or Mnemonic.Iretq or Mnemonic.Iretd or Mnemonic.Eretu;
    }
}
