namespace SyscallExplorer.Machine;

/// <summary>The mnemonics of the exceptions. SDM vol. 3A, table 6-1.</summary>
public static class ExceptionNames
{
    private static readonly string?[] Mnemonics =
        ["DE", "DB", "NMI", "BP", "OF", "BR", "UD", "NM", "DF", null, "TS", "NP", "SS", "GP", "PF", null, "MF", "AC", "MC", "XM"];

    /// <summary>Such as GP for <see cref="Vector.GeneralProtection"/>; the number for a vector that has no name.</summary>
    public static string Mnemonic(Vector vector) => (int)vector < Mnemonics.Length && Mnemonics[(int)vector] is { } name ? name : ((int)vector).ToString();
}
