namespace SyscallExplorer.Machine;

/// <summary>The x87 instruction set. SDM vol. 1, chapter 8.</summary>
internal static class X87Families
{
    public static void Register(InstructionTableBuilder table)
    {
        X87Loads.Register(table);
        X87Stores.Register(table);
        X87Moves.Register(table);
        X87Arithmetic.Register(table);
        X87Functions.Register(table);
        X87Transcendentals.Register(table);
        X87Angles.Register(table);
        X87Comparisons.Register(table);
        X87ControlInstructions.Register(table);
        X87Environments.Register(table);
    }
}
