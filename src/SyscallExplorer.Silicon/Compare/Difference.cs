namespace SyscallExplorer.Silicon;

/// <summary>One thing in which the two sides differ.</summary>
/// <param name="What">A register, a flag word, a stretch of memory, the exception.</param>
/// <param name="Emulated">Its value in the emulator.</param>
/// <param name="Native">Its value on the host.</param>
public sealed record Difference(string What, string Emulated, string Native)
{
    /// <inheritdoc/>
    public override string ToString() => $"{What}: emulated {Emulated}, native {Native}";
}
