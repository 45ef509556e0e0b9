using Iced.Intel;
using Xunit;

namespace SyscallExplorer.Machine.Tests;

/// <summary>Which forms there are.</summary>
public sealed class VectorFloatFormTests
{
    private static readonly string[] Stems =
    [
        "add", "sub", "mul", "div", "sqrt", "min", "max", "addsub", "hadd", "hsub", "dp", "round", "cmp", "comi", "ucomi", "cvt", "rcp", "rsqrt",
        "fmadd", "fmsub", "fnmadd", "fnmsub", "fmaddsub", "fmsubadd",
    ];

    private static readonly CpuidFeature[] Features =
        [CpuidFeature.SSE, CpuidFeature.SSE2, CpuidFeature.SSE3, CpuidFeature.SSE4_1, CpuidFeature.AVX, CpuidFeature.FMA, CpuidFeature.F16C];

    [Fact]
    public void Every_form_that_computes_with_floating_point_is_built()
    {
        var forms = Enum.GetValues<Code>().Distinct().Where(code =>
            code.ToOpCode().IsInstruction
            && code.CpuidFeatures() is [var feature] && Features.Contains(feature)
            && Stems.Any(stem => Name(code).StartsWith(stem, StringComparison.Ordinal))).ToList();
        Assert.Equal(289, forms.Count);
        Assert.DoesNotContain(forms, code => !InstructionTable.Supports(code));
    }

    private static string Name(Code code)
    {
        string name = code.Mnemonic().ToString().ToLowerInvariant();
        return code.ToOpCode().Encoding == EncodingKind.VEX ? name[1..] : name;
    }
}
