namespace SyscallExplorer.Machine;

/// <summary>Every family of floating-point instructions on vectors: SSE to SSE4.1, AVX, FMA and F16C.</summary>
internal static class VectorFloatFamilies
{
    public static void Register(InstructionTableBuilder table)
    {
        var forms = new VectorFloatForms(table);
        VectorFloatArithmetic.Register(forms);
        VectorFloatComparisons.Register(forms);
        VectorFloatRounding.Register(forms);
        VectorFloatPairs.Register(forms);
        VectorFloatDotProducts.Register(forms);
        VectorFloatMultiplyAdds.Register(forms);
        Reciprocals.Register(forms);
        MmxFloatConversions.Register(forms);
        HalfPrecisionConversions.Register(forms);
        VectorFloatConversions.Register(forms);
    }
}
