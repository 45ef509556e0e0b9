using System.Runtime.Intrinsics;
using Xunit;

namespace SyscallExplorer.Machine.Tests;

/// <summary>The host's instructions, where a rule makes use of them, against the portable form of the rule.</summary>
public sealed class AcceleratedRuleTests
{
    private static readonly Dictionary<string, Action> Comparisons = new()
    {
        ["AESENC"] = Compare<AesRounds.Encrypt>,
        ["AESENCLAST"] = Compare<AesRounds.EncryptLast>,
        ["AESDEC"] = Compare<AesRounds.Decrypt>,
        ["AESDECLAST"] = Compare<AesRounds.DecryptLast>,
        ["PCLMULQDQ"] = Compare<CarrylessProducts.LowQuadwords>,
        ["PSHUFB"] = Compare<Shuffles.Bytes>,
        ["PADDSB"] = Compare<PackedArithmetic.SaturatedSum<sbyte>>,
        ["PADDSW"] = Compare<PackedArithmetic.SaturatedSum<short>>,
        ["PADDUSB"] = Compare<PackedArithmetic.SaturatedSum<byte>>,
        ["PADDUSW"] = Compare<PackedArithmetic.SaturatedSum<ushort>>,
        ["PSUBSB"] = Compare<PackedArithmetic.SaturatedDifference<sbyte>>,
        ["PSUBSW"] = Compare<PackedArithmetic.SaturatedDifference<short>>,
        ["PSUBUSB"] = Compare<PackedArithmetic.SaturatedDifference<byte>>,
        ["PSUBUSW"] = Compare<PackedArithmetic.SaturatedDifference<ushort>>,
        ["PMADDWD"] = Compare<PackedMultiplication.WordPairs>,
        ["PMADDUBSW"] = Compare<PackedMultiplication.BytePairs>,
        ["PSADBW"] = Compare<PackedMultiplication.AbsoluteDifferences>,
        ["PACKSSWB"] = Compare<Packing.Pack<short, sbyte>>,
        ["PACKUSWB"] = Compare<Packing.Pack<short, byte>>,
        ["PACKSSDW"] = Compare<Packing.Pack<int, short>>,
        ["PACKUSDW"] = Compare<Packing.Pack<int, ushort>>,
        ["PUNPCKLBW"] = Compare<Packing.InterleaveLow<byte>>,
        ["PUNPCKLWD"] = Compare<Packing.InterleaveLow<ushort>>,
        ["PUNPCKLDQ"] = Compare<Packing.InterleaveLow<uint>>,
        ["PUNPCKLQDQ"] = Compare<Packing.InterleaveLow<ulong>>,
        ["PUNPCKHBW"] = Compare<Packing.InterleaveHigh<byte>>,
        ["PUNPCKHWD"] = Compare<Packing.InterleaveHigh<ushort>>,
        ["PUNPCKHDQ"] = Compare<Packing.InterleaveHigh<uint>>,
        ["PUNPCKHQDQ"] = Compare<Packing.InterleaveHigh<ulong>>,
    };

    public static TheoryData<string> Names => new(Comparisons.Keys);

    [Theory, MemberData(nameof(Names))]
    public void The_portable_form_equals_the_instruction_of_the_host(string name) => Comparisons[name]();

    [Fact]
    public void Every_accelerated_rule_is_compared()
    {
        IEnumerable<Type> rules = typeof(IAcceleratedRule).Assembly.GetTypes().Where(type => type.IsValueType && type.IsAssignableTo(typeof(IAcceleratedRule)));
        IEnumerable<string> compared = Comparisons.Values.Select(comparison => Definition(comparison.Method.GetGenericArguments()[0]).FullName!);
        Assert.Equal(rules.Select(rule => rule.FullName!).Order(), compared.Distinct().Order());
    }

    private static Type Definition(Type type) => type.IsGenericType ? type.GetGenericTypeDefinition() : type;

    private static void Compare<TRule>() where TRule : struct, IAcceleratedRule
    {
        if (!TRule.IsAccelerated)
            return;
        var samples = new VectorSamples(7);
        for (int i = 0; i < 300; i++)
        {
            (Vector128<byte> left, Vector128<byte> right) = (samples.Next().GetLower(), samples.Next().GetLower());
            Assert.Equal(TRule.Accelerated(left, right), TRule.Portable(left, right));
        }
    }
}
