namespace SyscallExplorer.Linux;

/// <summary>A limit that ends a run.</summary>
public enum LimitKind
{
    /// <summary>Memory of all programs and their page tables.</summary>
    Memory,

    /// <summary>Bytes in files of the machine.</summary>
    Files,

    /// <summary>Tasks at the same time.</summary>
    Tasks,

    /// <summary>Bytes written to standard output and error.</summary>
    Output,
}

/// <summary>What the programs of a machine may use. Who reaches a limit ends the run, with a report that says which, where, and how to raise it.</summary>
public sealed record ProgramLimits
{
    /// <summary>Limits that any reasonable program keeps.</summary>
    public static ProgramLimits Default { get; } = new();

    /// <summary>Bytes of memory, page tables included.</summary>
    public long MemoryBytes { get; init; } = 512L << 20;

    /// <summary>Bytes in files inside the machine.</summary>
    public long FileBytes { get; init; } = 256L << 20;

    /// <summary>Tasks at the same time, threads included.</summary>
    public int Tasks { get; init; } = 1000;

    /// <summary>Bytes that may be written to standard output and error together.</summary>
    public long OutputBytes { get; init; } = 64L << 20;

    /// <summary>Why a run ended, and what would let it go on.</summary>
    internal string Sentence(LimitKind kind, string where)
    {
        (string what, string property, string option) = kind switch
        {
            LimitKind.Memory => ($"The limit of {MemoryBytes >> 20} MiB of memory is reached", nameof(MemoryBytes), "--max-memory"),
            LimitKind.Files => ($"The limit of {FileBytes >> 20} MiB in files is reached", nameof(FileBytes), "--max-files"),
            LimitKind.Tasks => ($"The limit of {Tasks} tasks is reached", nameof(Tasks), "--max-tasks"),
            _ => ($"The limit of {OutputBytes >> 20} MiB of output is reached", nameof(OutputBytes), "--max-output"),
        };
        return $"{what} {where}. ProgramLimits.{property}, or {option} of sysx exec, raises it.";
    }
}
