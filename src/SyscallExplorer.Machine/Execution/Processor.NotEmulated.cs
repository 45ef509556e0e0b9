namespace SyscallExplorer.Machine;

/// <content>What the kit does not emulate, and says so instead of running on: real mode, virtual-8086 mode, task switches by JMP and CALL.</content>
public sealed partial class Processor
{
    /// <summary>What an instruction or an event would have done; the loop makes a sentence of it.</summary>
    private string? _notEmulated;

    /// <summary>Why nothing can be executed; it stops the run.</summary>
    private string? _notEmulatedEvent;

    /// <summary>Ends the run before the instruction in progress, which must have changed nothing.</summary>
    /// <param name="effect">What it would do, such as "would enter real mode".</param>
    internal Outcome NotEmulated(string effect)
    {
        _notEmulated = effect;
        return Outcome.Unsupported;
    }

    /// <summary>Ends the run after the instruction in progress.</summary>
    /// <param name="what">What happened, as the beginning of a sentence.</param>
    internal void NoteNotEmulated(string what)
    {
        _notEmulatedEvent = $"{what} at {Where}, which the kit does not emulate.";
        LookAgain();
    }

    /// <summary>The outcome of a step that failed: with an exception pending, or because it is not emulated.</summary>
    internal Outcome FaultUnlessNotEmulated => _notEmulated is null ? Outcome.Fault : Outcome.Unsupported;

    private string? NotEmulatedMode()
    {
        if ((S.Cr0 & Cr0.PE) == 0)
            return $"The processor is in real mode (CR0.PE = 0) at {Where}, which the kit does not emulate: set CR0.PE and the segment registers before the run.";
        return (S.Rflags & Rflags.VM) != 0
            ? $"The processor is in virtual-8086 mode (EFLAGS.VM = 1) at {Where}, which the kit does not emulate: clear EFLAGS.VM before the run."
            : null;
    }
}
