namespace SyscallExplorer;

/// <summary>How a native measurement is made. The defaults take two to four seconds.</summary>
public sealed record NativeOptions
{
    /// <summary>Most batches of each figure that are written down, 10 to 256; some more before them warm up.</summary>
    public int Batches { get; init; } = 200;

    /// <summary>Time after which no further batch of a figure begins, unless fewer than ten are there: 1 ms to 10 s.</summary>
    public TimeSpan TimePerFigure { get; init; } = TimeSpan.FromMilliseconds(60);

    /// <summary>The CPU that measuring programs stay on; null for the first one that they may use.</summary>
    public int? Cpu { get; init; }

    /// <summary>Checks the values.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One is out of its range.</exception>
    internal void Check()
    {
        const int fewest = 10;
        if (Batches is < fewest or > ChildLayout.MaxRounds)
            throw new ArgumentOutOfRangeException(nameof(Batches), $"A figure takes {fewest} to {ChildLayout.MaxRounds} batches, not {Batches}.");
        if (TimePerFigure < TimeSpan.FromMilliseconds(1) || TimePerFigure > TimeSpan.FromSeconds(10))
            throw new ArgumentOutOfRangeException(nameof(TimePerFigure), $"A figure takes 1 ms to 10 s, not {TimePerFigure}.");
        if (Cpu is < 0 or >= ChildLayout.CpuSetSize * 8)
            throw new ArgumentOutOfRangeException(nameof(Cpu), $"A CPU has a number from 0 to {(ChildLayout.CpuSetSize * 8) - 1}, not {Cpu}.");
    }
}
