using Iced.Intel;
using Xunit;

namespace SyscallExplorer.Machine.Tests;

/// <summary>Which instructions a processor has, and which encodings are instructions at all.</summary>
public sealed class InstructionFeatureTests
{
    public static TheoryData<string> OfNoModel =>
    [
        "0F01D5", "0F01D6", "C7F800000000", "C6F800", // TSX
        "0F01C2", "0F78C0", "660F3880 00", "0F01D8", "0F01D9", "0F01DD", // VMX and SVM; VMCALL is the kit's own
        "0F01CF", "0F37", "0FAA", // SGX, SMX, SMM
        "F30FAEE8", "F30FAE30", "0F38F600", "F30F01E8", // CET
        "0F01E8", "F30FAE20", "0F38F900", "660F38F800", "F20F38F800", "F30FC7F0", // SERIALIZE, PTWRITE, MOVDIRI, MOVDIR64B, ENQCMD, SENDUIPI
        "0F01EE", "0F01EF", "660FAEF0", "F30FAEF0", // protection keys, TPAUSE, UMONITOR
        "62F1744858C2", "C4E27849C0", "0F0FC09E", "0F0E", "C4E37969C20 0", // AVX-512, AMX, 3DNow!, FMA4
        "0FA7C0", "0F0A", "0F04", "0F0C", "0F3F0102", // other makers, and holes
    ];

    [Theory, MemberData(nameof(OfNoModel))]
    public void An_extension_that_no_processor_has_is_an_invalid_opcode(string code)
    {
        foreach (CpuModel model in Cpus.All)
            Assert.Equal(Vector.InvalidOpcode, new MachineBench(model).Fault(BenchMode.Kernel64, Bytes(code)).Vector);
    }

    [Fact]
    public void Whatever_is_not_built_yet_is_x87_or_a_vector_instruction()
    {
        string[] elsewhere = ["FPU", "FPU287", "FPU387", "MMX", "SSE", "SSE2", "SSE3", "SSSE3", "SSE4_1", "SSE4_2", "SSE4A", "AVX", "AVX2", "FMA", "F16C", "SHA", "AES", "PCLMULQDQ"];
        Assert.All(InstructionForms.Unsupported, form => Assert.True(form.Name == nameof(Code.Wait) || form.Features.Any(elsewhere.Contains), form.Text));
    }

    [Fact]
    public void RDSSP_is_a_NOP_without_shadow_stacks()
    {
        var bench = new MachineBench();
        bench[Gpr.Rax] = 42;
        bench.Complete(BenchMode.User64, Bytes("F30F1EC8 F3480F1EC8"));
        Assert.Equal(42ul, bench[Gpr.Rax]);
    }

    [Theory]
    [InlineData("Core2", 63ul)]
    [InlineData("Zen4", 0ul)]
    public void TZCNT_and_LZCNT_are_the_scans_that_older_processors_take_them_for(string model, ulong leadingOfHighest)
    {
        var bench = new MachineBench(Cpus.Find(model));
        bench[Gpr.Rax] = 1ul << 63;
        bench[Gpr.Rcx] = bench[Gpr.Rdx] = 0;
        bench.Complete(BenchMode.User64, Bytes("F3480FBCC8 F3480FBDD0"));
        Assert.Equal((63ul, leadingOfHighest), (bench[Gpr.Rcx], bench[Gpr.Rdx]));

        // A scan of zero leaves the destination as it was; a count of zero is the width.
        bench[Gpr.Rax] = 0;
        bench[Gpr.Rcx] = 42;
        bench.Complete(BenchMode.User64, Bytes("F3480FBCC8"));
        Assert.Equal(leadingOfHighest == 0 ? 64ul : 42, bench[Gpr.Rcx]);
    }

    [Theory]
    [InlineData("0F0DC0", "Skylake"), InlineData("0F01FC", "Zen2"), InlineData("F00F20C0", "Zen2")]
    public void What_one_maker_has_is_an_invalid_opcode_of_the_other(string code, string only)
    {
        foreach (CpuModel model in (ReadOnlySpan<CpuModel>)[Cpus.Zen2, Cpus.Skylake])
        {
            var bench = new MachineBench(model);
            bench[Gpr.Rax] = BenchLayout.KernelData;
            Assert.Equal(model.Name == only ? null : Vector.InvalidOpcode, bench.Try(BenchMode.Kernel64, Bytes(code)).Exception?.Vector);
        }
    }

    [Theory, InlineData("Zen2", Vector.InvalidOpcode), InlineData("Skylake", Vector.PageFault)]
    public void UD0_has_a_ModRM_byte_on_Intel_only(string model, Vector atTheEndOfItsPage)
    {
        // SDM vol. 2B, UD; APM vol. 3, UD0.
        var bench = new MachineBench(Cpus.Find(model));
        bench.Place(BenchMode.Kernel64);
        bench.WriteBytes(BenchLayout.KernelCode + 0xFFE, 0x0F, 0xFF);
        bench.Unmap(BenchLayout.KernelCode + 0x1000);
        bench.Cpu.Registers.Rip = BenchLayout.KernelCode + 0xFFE;
        Assert.Equal(atTheEndOfItsPage, bench.Go().Exception?.Vector);
    }

    [Theory, InlineData(BenchMode.Kernel64), InlineData(BenchMode.Kernel32)]
    public void LOCK_MOV_CR0_is_MOV_CR8_on_Amd(BenchMode mode)
    {
        // APM vol. 3, MOV CRn.
        var bench = new MachineBench(Cpus.Zen2);
        bench[Gpr.Rbx] = 5;
        bench.Complete(mode, Bytes("F00F22C3 F00F20C1"));
        Assert.Equal(5ul, bench[Gpr.Rcx]);
    }

    /// <summary>SDM vol. 2A, 2.1.1 and LOCK.</summary>
    [Theory]
    [InlineData("F00103", null), InlineData("F001C3", Vector.InvalidOpcode), InlineData("F00303", Vector.InvalidOpcode), InlineData("F08703", null)]
    [InlineData("F00FAB03", null), InlineData("F00FA303", Vector.InvalidOpcode), InlineData("F0833B00", Vector.InvalidOpcode), InlineData("F0F71B", null)]
    [InlineData("F00FC70B", null), InlineData("F090", Vector.InvalidOpcode), InlineData("F08903", Vector.InvalidOpcode), InlineData("F0FF33", Vector.InvalidOpcode)]
    public void LOCK_is_legal_before_a_memory_destination_of_the_listed_instructions(string code, Vector? expected) => Assert.Equal(expected, Outcome(code));

    /// <summary>SDM vol. 2A, 2.1.1, 2.2.1 and 3.1.1.1: what is ignored, what wins and what is refused.</summary>
    [Theory]
    [InlineData("48668BC1", 0x1111_1111_1111_2222ul)] // REX before a legacy prefix is ignored
    [InlineData("66488BC1", 0x2222_2222_2222_2222ul)] // REX.W beats 66
    [InlineData("3E8BC1", 0x2222_2222ul)] // an unused segment override
    [InlineData("F28BC1", 0x2222_2222ul)] // REPNE before what is no string instruction
    [InlineData("F38BC1", 0x2222_2222ul)]
    [InlineData("63C1", 0x2222_2222ul)] // MOVSXD without REX.W
    [InlineData("66660FB7C1", 0x1111_1111_1111_2222ul)]
    [InlineData("F2F30FB8C1", 8ul)] // the last of F2 and F3 counts: POPCNT
    [InlineData("66F30FB8C1", 0x1111_1111_1111_0004ul)]
    [InlineData("660FC8", 0x1111_1111_1111_0000ul)]
    public void Prefixes_choose_what_is_done(string code, ulong expected)
    {
        var bench = new MachineBench();
        (bench[Gpr.Rax], bench[Gpr.Rcx]) = (0x1111_1111_1111_1111, 0x2222_2222_2222_2222);
        bench.Complete(BenchMode.User64, Bytes(code));
        Assert.Equal(expected, bench[Gpr.Rax]);
    }

    [Theory]
    [InlineData("90", 1ul, 2ul), InlineData("F390", 1ul, 2ul), InlineData("4190", 2ul, 1ul), InlineData("F34190", 2ul, 1ul), InlineData("4890", 1ul, 2ul)]
    public void With_REX_B_opcode_90_exchanges_R8_and_is_neither_NOP_nor_PAUSE(string code, ulong rax, ulong r8)
    {
        var bench = new MachineBench();
        (bench[Gpr.Rax], bench[Gpr.R8]) = (1, 2);
        bench.Complete(BenchMode.User64, Bytes(code));
        Assert.Equal((rax, r8), (bench[Gpr.Rax], bench[Gpr.R8]));
    }

    private static Vector? Outcome(string code)
    {
        var bench = new MachineBench();
        bench[Gpr.Rbx] = BenchLayout.UserData;
        return bench.Try(BenchMode.User64, Bytes(code)).Exception?.Vector;
    }

    private static byte[] Bytes(string code) => Convert.FromHexString(code.Replace(" ", "", StringComparison.Ordinal));
}
