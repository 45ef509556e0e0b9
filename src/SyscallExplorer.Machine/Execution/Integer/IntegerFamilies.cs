namespace SyscallExplorer.Machine;

/// <summary>The general-purpose instruction set without its system part.</summary>
internal static class IntegerFamilies
{
    public static void Register(InstructionTableBuilder table)
    {
        AddSubtract.Register(table);
        Logic.Register(table);
        Shifts.Register(table);
        Rotates.Register(table);
        DoubleShifts.Register(table);
        Multiplication.Register(table);
        Division.Register(table);
        Moves.Register(table);
        Exchanges.Register(table);
        CompareExchangeWide.Register(table);
        Conversions.Register(table);
        Conditionals.Register(table);
        BitTests.Register(table);
        BitScans.Register(table);
        BitFields.Register(table);
        CarryChains.Register(table);
        Checksums.Register(table);
        Pushes.Register(table);
        Pops.Register(table);
        StackFrames.Register(table);
        NearBranches.Register(table);
        Loops.Register(table);
        Strings.Register(table);
        FlagMoves.Register(table);
        Hints.Register(table);
        DecimalAdjust.Register(table);
        RangeChecks.Register(table);
        RandomNumbers.Register(table);
    }
}
