namespace SyscallExplorer.Machine;

/// <summary>MMX, SSE to SSE4.2, SSE4A, AES-NI, PCLMULQDQ, SHA, AVX and AVX2 without their floating-point arithmetic.</summary>
internal static class VectorFamilies
{
    public static void Register(InstructionTableBuilder table)
    {
        VectorMoves.Register(table);
        ScalarMoves.Register(table);
        HalfMoves.Register(table);
        PackedArithmetic.Register(table);
        PackedLogic.Register(table);
        PackedMultiplication.Register(table);
        PackedShifts.Register(table);
        Packing.Register(table);
        Shuffles.Register(table);
        MaskExtraction.Register(table);
        Broadcasts.Register(table);
        Horizontals.Register(table);
        Blends.Register(table);
        LanePermutes.Register(table);
        ElementMoves.Register(table);
        MmxMoves.Register(table);
        VectorTests.Register(table);
        MaskedMoves.Register(table);
        ByteMaskStores.Register(table);
        Gathers.Register(table);
        StringComparisons.Register(table);
        AesRounds.Register(table);
        CarrylessProducts.Register(table);
        ShaRounds.Register(table);
        BitFieldMoves.Register(table);
    }
}
