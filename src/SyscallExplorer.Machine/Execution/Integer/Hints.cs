using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>Instructions that change no register: NOP in every form, ENDBR, PAUSE, PREFETCH, CLFLUSH and its kin, and UD0 to UD2, which are #UD by definition.</summary>
internal static unsafe class Hints
{
    private static readonly Mnemonic[] NoOperations =
    [
        Mnemonic.Nop, Mnemonic.Reservednop, Mnemonic.Pause, Mnemonic.Endbr32, Mnemonic.Endbr64, Mnemonic.Prefetch, Mnemonic.Prefetchw, Mnemonic.Prefetchwt1,
        Mnemonic.Prefetchnta, Mnemonic.Prefetcht0, Mnemonic.Prefetcht1, Mnemonic.Prefetcht2, Mnemonic.Prefetchit0, Mnemonic.Prefetchit1, Mnemonic.Cldemote,
    ];

    private static readonly Mnemonic[] CacheLineOperations = [Mnemonic.Clflush, Mnemonic.Clflushopt, Mnemonic.Clwb];

    private static readonly Mnemonic[] Undefined = [Mnemonic.Ud0, Mnemonic.Ud1, Mnemonic.Ud2];

    public static void Register(InstructionTableBuilder table)
    {
        foreach (Mnemonic mnemonic in NoOperations)
            table.Every(mnemonic, &DoNothing);
        foreach (Mnemonic mnemonic in CacheLineOperations)
            table.Every(mnemonic, &TouchLine);
        foreach (Mnemonic mnemonic in Undefined)
            table.Every(mnemonic, &RaiseUndefined);
    }

    private static Outcome DoNothing(Processor cpu, Operation op) => Outcome.Next;

    /// <summary>CLFLUSH faults as a load of a byte does. SDM vol. 2A, CLFLUSH. The caches themselves are not state that a program can read.</summary>
    private static Outcome TouchLine(Processor cpu, Operation op) => cpu.ReadMemory(op, out byte _) ? Outcome.Next : Outcome.Fault;

    private static Outcome RaiseUndefined(Processor cpu, Operation op) => cpu.Raise(Vector.InvalidOpcode);
}
