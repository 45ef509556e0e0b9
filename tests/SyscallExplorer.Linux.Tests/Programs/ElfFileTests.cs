namespace SyscallExplorer.Linux.Tests;

/// <summary>What a file must be to be a program, and the sentence for each way of not being one.</summary>
public sealed class ElfFileTests
{
    private const int Half = 2, Word = 4;

    public static TheoryData<int, int, int, int, string> Spoilt() => new()
    {
        // Bitness, offset, size, value, what the sentence says.
        { 64, 0, 1, 0x50, "begins with 50 45 4C 46" },
        { 64, 4, 1, 3, "offset 4h: it has class 3; 1 is 32-bit and 2 is 64-bit" },
        { 64, 5, 1, 2, "has data encoding 2" },
        { 64, 6, 1, 0, "has ELF version 0" },
        { 64, 16, Half, 1, "has type 1 (an object file that was not linked)" },
        { 64, 16, Half, 4, "has type 4 (a core dump)" },
        { 64, 18, Half, 183, "is 64-bit for machine 183; 64-bit x86 is 62" },
        { 32, 18, Half, 62, "is 32-bit for machine 62; 32-bit x86 is 3" },
        { 64, 54, Half, 32, "has program headers of 32 bytes; those of a 64-bit file have 56" },
        { 32, 42, Half, 56, "has program headers of 56 bytes; those of a 32-bit file have 32" },
        { 64, 56, Half, 0, "has 0 program headers" },
        { 32, 28, Word, 0x10_0000, "has its program headers from 100000h" },
        { 64, 24, Word, 0x10, "starts at 10h, where it has nothing; its segments: 400000h to" },
        { 64, 64, Word, ElfImage.PtInterp, "asks for a dynamic linker (PT_INTERP)" },
        { 32, 52 + 4, Word, 0x10, "must be the same within a page" },
        { 64, 64 + 32, Word, 0x10_0000, "in the file and only" },
        { 64, 64 + 56 + 8, Word, 0x10_0000, "it was cut off or is damaged" },
        { 64, 64 + 16 + 4, Word, 0x8000, "leaves the address space" },
        { 32, 52 + 20, Word, -1, "leaves the address space" },
        { 64, 64 + 56 + 16, Word, 0x40_0000, "segments must ascend and must not overlap" },
    };

    [Theory]
    [MemberData(nameof(Spoilt))]
    public void A_file_that_is_no_program_is_refused_with_a_sentence_that_says_where(int bitness, int offset, int size, int value, string sentence)
    {
        byte[] bytes = ElfImage.Program(a => a.nop(), bitness).ToBytes();
        if (size == 1)
            bytes[offset] = (byte)value;
        else if (size == Half)
            ElfImage.Put16(bytes, offset, value);
        else
            ElfImage.Put32(bytes, offset, value);
        ElfFormatException error = Assert.Throws<ElfFormatException>(() => ElfFile.Parse(bytes, "a.out"));
        Assert.StartsWith("a.out, offset ", error.Message, StringComparison.Ordinal);
        Assert.Contains(sentence, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "begins with nothing")]
    [InlineData(3, "begins with 7F 45 4C")]
    [InlineData(20, "ends after 20 bytes")]
    [InlineData(60, "ends after 60 bytes, within the ELF header of 64")]
    [InlineData(100, "has its program headers from 40h")]
    [InlineData(0x1000, "it was cut off or is damaged")]
    public void A_file_that_was_cut_off_is_refused(int length, string sentence)
    {
        byte[] bytes = ElfImage.Program(a => a.nop()).ToBytes()[..length];
        Assert.Contains(sentence, Assert.Throws<ElfFormatException>(() => ElfFile.Parse(bytes)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_without_a_segment_to_load_is_refused()
    {
        byte[] bytes = ElfImage.Program(a => a.nop()).WithoutHeaders().Header(ElfImage.PtGnuStack, 6, 0, 0, 0, 0).ToBytes();
        Assert.Contains("no PT_LOAD segment", Assert.Throws<ElfFormatException>(() => ElfFile.Parse(bytes)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(64)]
    [InlineData(32)]
    public void Random_damage_ends_in_a_program_or_in_a_sentence(int bitness)
    {
        byte[] good = ElfImage.Program(a => a.nop(), bitness).ToBytes();
        var random = new Random(bitness);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = (byte[])good.Clone();
            for (int change = random.Next(1, 5); change > 0; change--)
                bytes[random.Next(0, 64 + 3 * 56)] = (byte)random.Next();
            try
            {
                var program = new ElfProgram(ElfFile.Parse(bytes), "/a");
                if (i % 200 == 0)
                    Guest.Boot().Load(program);
            }
            catch (ElfFormatException)
            {
            }
            catch (InvalidOperationException error)
            {
                Assert.Contains("no room for the program", error.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void Strings_that_the_kernel_would_refuse_are_refused()
    {
        ElfFile file = ElfFile.Parse(ElfImage.Program(a => a.nop()).ToBytes());
        Assert.Contains("131072", Assert.Throws<ArgumentException>(() => new ElfProgram(file, "/a", [new string('x', 131_072)])).Message, StringComparison.Ordinal);
        Assert.Contains("a quarter of the stack",
            Assert.Throws<ArgumentException>(() => new ElfProgram(file, "/a", [.. Enumerable.Repeat(new string('x', 100_000), 21)])).Message, StringComparison.Ordinal);
        Assert.Contains("zero within", Assert.Throws<ArgumentException>(() => new ElfProgram(file, "/a", ["a\0b"])).Message, StringComparison.Ordinal);
    }
}
