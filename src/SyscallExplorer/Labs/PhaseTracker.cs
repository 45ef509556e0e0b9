using Iced.Intel;
using SyscallExplorer.Linux;
using SyscallExplorer.Machine;

namespace SyscallExplorer;

/// <summary>Tells the phase and the origin of each instruction of a task, in the order in which they are executed.</summary>
internal sealed class PhaseTracker(KernelCode code)
{
    private Phase _current = new(PhaseKind.UserStub);
    private int _interruptions;

    /// <summary>Whether an exception or interrupt is being served.</summary>
    public bool IsInterrupted => _interruptions > 0;

    /// <summary>The phase of the instruction that is about to run.</summary>
    public (Phase Phase, CodeOrigin Origin) Next(Processor processor, in Instruction instruction)
    {
        if (processor.CurrentPrivilegeLevel == 3)
        {
            bool enters = instruction.Mnemonic is Mnemonic.Syscall or Mnemonic.Sysenter or Mnemonic.Int;
            _interruptions = 0;
            _current = new Phase(enters ? PhaseKind.HardwareEntry : PhaseKind.UserStub);
            return (_current, enters ? CodeOrigin.Documented : CodeOrigin.User);
        }

        KernelPlace place = code[processor.Registers.Rip];
        if (_interruptions > 0)
            return (place.Phase is { Kind: PhaseKind.Schedule } schedule ? schedule : new Phase(PhaseKind.Interrupted), place.Origin);
        if (IsReturn(instruction))
            return (new Phase(PhaseKind.HardwareExit), CodeOrigin.Documented);
        if (place.Phase is { } own)
        {
            // A mitigation inside a routine ends where the routine goes on in its own phase.
            if (own.Kind != PhaseKind.Mitigation)
                _current = own;
            return (own, place.Origin);
        }

        return (_current, place.Origin);
    }

    /// <summary>Takes note of what an instruction did.</summary>
    public void Note(in InstructionStep step)
    {
        if (step.Raised >= 0)
            _interruptions++;
        else if (_interruptions > 0 && (step.Instruction.Mnemonic is Mnemonic.Iret or Mnemonic.Iretd or Mnemonic.Iretq or Mnemonic.Erets or Mnemonic.Eretu))
            _interruptions--;
    }

    public static bool IsReturn(in Instruction instruction) => instruction.Mnemonic is
        Mnemonic.Sysret or Mnemonic.Sysretq or Mnemonic.Sysexit or Mnemonic.Sysexitq or Mnemonic.Iret or Mnemonic.Iretd or Mnemonic.Iretq
        or Mnemonic.Erets or Mnemonic.Eretu;
}
