namespace SyscallExplorer;

/// <summary>A figure that somebody has published, with what is needed to predict it.</summary>
/// <param name="Id">Its identifier in <c>data/published</c>.</param>
/// <param name="Category"><c>path</c>, <c>control</c>, <c>vdso</c> or <c>instruction</c>.</param>
/// <param name="Family">The family of processors that results are summed up by, such as <c>Intel Core i</c>.</param>
/// <param name="Cpu">The kit's model, such as <c>Haswell</c>.</param>
/// <param name="Part">The processor as the source names it.</param>
/// <param name="IsFitted">Whether the model's tables may rest on it.</param>
/// <param name="Source">Title and year.</param>
/// <param name="Url">Where a stranger finds it.</param>
/// <param name="LowCycles">Core cycles: the low end, where the clock was not written down, or the figure itself.</param>
/// <param name="HighCycles">Core cycles: the high end, or the figure itself.</param>
public abstract record PublishedFigure(
    string Id, string Category, string Family, string Cpu, string Part, bool IsFitted, string Source, string Url, double LowCycles, double HighCycles)
{
    /// <summary>What was measured, in a few words.</summary>
    public abstract string What { get; }

    /// <summary>Core cycles in the middle of the interval.</summary>
    public double Cycles => (LowCycles + HighCycles) / 2;
}

/// <summary>A way into the kernel and back, a call of the vDSO, or a loop without either.</summary>
/// <param name="Id">Its identifier.</param>
/// <param name="Category">Its category.</param>
/// <param name="Family">The family of processors.</param>
/// <param name="Cpu">The kit's model.</param>
/// <param name="Part">The processor as the source names it.</param>
/// <param name="IsFitted">Whether the tables may rest on it.</param>
/// <param name="Source">Title and year.</param>
/// <param name="Url">Where it is.</param>
/// <param name="LowCycles">The low end, core cycles.</param>
/// <param name="HighCycles">The high end, core cycles.</param>
/// <param name="Kernel">The kernel as the source names it.</param>
/// <param name="Generation">The kit's generation that is nearest to it.</param>
/// <param name="CommandLine">The kernel's options.</param>
/// <param name="Way">An <see cref="EntryPath"/>, <c>Vdso</c> or <c>None</c>.</param>
/// <param name="Call">The call.</param>
public sealed record PublishedPath(
    string Id, string Category, string Family, string Cpu, string Part, bool IsFitted, string Source, string Url, double LowCycles, double HighCycles,
    string Kernel, string Generation, string CommandLine, string Way, string Call)
    : PublishedFigure(Id, Category, Family, Cpu, Part, IsFitted, Source, Url, LowCycles, HighCycles)
{
    /// <inheritdoc/>
    public override string What => Way switch
    {
        "None" => "a loop that calls an empty function",
        "Vdso" => $"{Call} in the vDSO, {Kernel}",
        _ => $"{Call} by {Way}, {Kernel}",
    };
}

/// <summary>An instruction, or a few.</summary>
/// <param name="Id">Its identifier.</param>
/// <param name="Category">Its category.</param>
/// <param name="Family">The family of processors.</param>
/// <param name="Cpu">The kit's model.</param>
/// <param name="Part">The processor as the source names it.</param>
/// <param name="IsFitted">Whether the tables may rest on it.</param>
/// <param name="Source">Title and year.</param>
/// <param name="Url">Where it is.</param>
/// <param name="LowCycles">The low end, core cycles.</param>
/// <param name="HighCycles">The high end, core cycles.</param>
/// <param name="Code">Mnemonics, or a figure's key.</param>
public sealed record PublishedInstruction(
    string Id, string Category, string Family, string Cpu, string Part, bool IsFitted, string Source, string Url, double LowCycles, double HighCycles, string Code)
    : PublishedFigure(Id, Category, Family, Cpu, Part, IsFitted, Source, Url, LowCycles, HighCycles)
{
    /// <inheritdoc/>
    public override string What => Code;
}
