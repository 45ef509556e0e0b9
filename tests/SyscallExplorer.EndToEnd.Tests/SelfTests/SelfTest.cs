namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>One of Linux's own tests for x86, and how it ends in the kit.</summary>
/// <param name="Name">The name of its source, without the extension.</param>
/// <param name="Bitness">32 or 64.</param>
/// <param name="Passed">How many lines that begin with [OK] it writes.</param>
public sealed record SelfTest(string Name, int Bitness, int Passed)
{
    /// <summary>What is compiled with it.</summary>
    public string? Companion { get; init; }

    /// <summary>The symbol that it begins with, where it has its own.</summary>
    public string? Start { get; init; }

    /// <summary>Whether it looks into the images that its dynamic linker sees.</summary>
    public bool IsDynamic { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Name}_{Bitness}";
}
