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
    }
}
