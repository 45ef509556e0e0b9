using Iced.Intel;
using Xunit;

namespace SyscallExplorer.Machine.Tests;

public sealed class FigureLookupTests
{
    [Theory]
    [InlineData("4801C8", "add r,r")]
    [InlineData("480301", "add r,m")]
    [InlineData("480101", "add m,r")]
    [InlineData("4883C008", "add r,i")]
    [InlineData("48830008", "add m,i")]
    [InlineData("31C0", "xor r,r same")]
    [InlineData("31C8", "xor r,r")]
    [InlineData("660FEFC0", "pxor x,x same")]
    [InlineData("48F7F1", "div r64")]
    [InlineData("F7F1", "div r32")]
    [InlineData("D3E0", "shl r,cl")]
    [InlineData("C1E004", "shl r,i")]
    [InlineData("88C8", "mov r,r")]
    [InlineData("E800000000", "call rel")]
    [InlineData("FFD0", "call r")]
    [InlineData("FF10", "call m")]
    [InlineData("FF18", "call mfar")]
    [InlineData("48FF28", "jmp mfar")]
    [InlineData("7400", "jcc rel")]
    [InlineData("0F94C0", "setcc r")]
    [InlineData("0F97C0", "seta r")]
    [InlineData("480F44C1", "cmovcc r,r")]
    [InlineData("480F47C1", "cmova r,r")]
    [InlineData("C3", "ret")]
    [InlineData("C20800", "ret i")]
    [InlineData("50", "push r")]
    [InlineData("FF30", "push m")]
    [InlineData("6A01", "push i")]
    [InlineData("0FA0", "push s")]
    [InlineData("8ED8", "mov s,r")]
    [InlineData("0F22D8", "mov cr3,r")]
    [InlineData("0F20D8", "mov r,cr3")]
    [InlineData("0F22E0", "mov cr4,r")]
    [InlineData("0F23C0", "mov dr,r")]
    [InlineData("48AB", "stos")]
    [InlineData("F348AB", "rep stos")]
    [InlineData("F2AE", "rep scas")]
    [InlineData("A5", "movs")]
    [InlineData("F20F1000", "movsd x,m")]
    [InlineData("F0480901", "lock")]
    [InlineData("480901", "or m,r")]
    [InlineData("0F1F440000", "nop m")]
    [InlineData("F390", "pause")]
    [InlineData("0F05", "syscall")]
    [InlineData("480F07", "sysretq")]
    [InlineData("48CF", "iretq")]
    [InlineData("0F08", "other privileged")]
    public void An_instruction_takes_its_most_specific_figure(string bytes, string key) =>
        Assert.Equal(key, Microarchitecture.Load("Skylake").FigureOf(Decode(bytes)).Key);

    public static TheoryData<string, string> SpecificOnEvery
    {
        get
        {
            string[] bytes =
            [
                // SYSCALL SYSRETQ SYSRETD INT INT3 IRETQ IRETD SWAPGS RDMSR WRMSR
                "0F05", "480F07", "0F07", "CD80", "CC", "48CF", "CF", "0F01F8", "0F32", "0F30",
                // MOV to and from CR0 CR2 CR3 CR4, INVLPG, fences, CPUID, RDTSC, RDTSCP
                "0F22C0", "0F22D0", "0F22D8", "0F22E0", "0F20C0", "0F20D0", "0F20D8", "0F20E0", "0F0138", "0FAEE8", "0FAEF0", "0FAEF8", "0FA2", "0F31", "0F01F9",
                // STI CLI CLD STD PUSHF POPF HLT VERW VERR LAR LSL LTR LLDT STR SLDT
                "FB", "FA", "FC", "FD", "9C", "9D", "F4", "0F00E8", "0F00E0", "0F02C0", "0F03C0", "0F00D8", "0F00D0", "0F00C8", "0F00C0",
                // LGDT LIDT SGDT SIDT RETF RDFSBASE WRGSBASE XGETBV VMCALL UD2
                "0F0110", "0F0118", "0F0100", "0F0108", "CB", "F3480FAEC0", "F3480FAED8", "0F01D0", "0F01C1", "0F0B",
                // MOV POP of a segment, LEA IMUL MUL IDIV BSR POPCNT XCHG XADD CMPXCHG BSWAP LEAVE CDQE CQO MOVZX MOVSXD BT SHLD
                "8EC0", "8CD8", "0FA1", "488D4108", "480FAFC1", "48F7E1", "48F7F9", "480FBDC1", "F3480FB8C1", "4887C8", "480FC1C8", "480FB1C8", "480FC8", "C9",
                "4898", "4899", "0FB6C1", "4863C1", "480FA3C8", "480FA4C804",
            ];
            var data = new TheoryData<string, string>();
            foreach (var name in Microarchitecture.Names)
            {
                foreach (var code in bytes)
                    data.Add(name, code);
            }

            return data;
        }
    }

    [Theory, MemberData(nameof(SpecificOnEvery))]
    public void What_kernels_and_compilers_use_never_takes_a_default(string name, string bytes) =>
        Assert.False(Microarchitecture.Load(name).FigureOf(Decode(bytes)).Key.StartsWith("other", StringComparison.Ordinal));

    [Theory]
    [InlineData("0F34", "sysenter")]
    [InlineData("0F35", "sysexit")]
    [InlineData("480F35", "sysexitq")]
    [InlineData("660F388201", "invpcid")]
    public void Instructions_that_Amd_lacks_have_figures_on_Skylake(string bytes, string key) =>
        Assert.Equal(key, Microarchitecture.Load("Skylake").FigureOf(Decode(bytes)).Key);

    [Fact]
    public void A_figure_for_an_exact_code_goes_before_all_others()
    {
        var file = TimingFile.Small();
        file["figures"]!.AsArray().Insert(1, TimingFile.Figure("code:Add_r64_rm64"));

        var cpu = TimingFile.Parse(file);

        Assert.Equal("code:Add_r64_rm64", cpu.FigureOf(Decode("480301")).Key);
        Assert.Equal("add r,m", cpu.FigureOf(Decode("0301")).Key);
    }

    [Fact]
    public void An_instruction_without_a_figure_takes_the_default() =>
        Assert.Equal("other", TimingFile.Parse(TimingFile.Small()).FigureOf(Decode("4801C8")).Key);

    private static Instruction Decode(string bytes)
    {
        var decoder = Decoder.Create(64, Convert.FromHexString(bytes));
        var instruction = decoder.Decode();
        Assert.False(instruction.IsInvalid, $"{bytes} is no instruction");
        Assert.Equal(bytes.Length / 2, instruction.Length);
        return instruction;
    }
}
