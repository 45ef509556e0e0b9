namespace SyscallExplorer.Linux.Tests;

/// <summary>What a file must be to be a program, and the sentence for each way of not being one.</summary>
public sealed class ElfFileTests
{
    private const int Half = 2, Word = 4;

    public static TheoryData<int, int, int, int, string> Spoilt() => new()
    {
        // Bitness, offset, size, value, what the sentence says.
        { 64, 0, 1, 0x50, "begins with 50 45 4C 46" },
        { 64, 16, Half, 1, "has type 1 (an object file that was not linked)" },
        { 64, 16, Half, 4, "has type 4 (a core dump)" },
        { 64, 18, Half, 183, "is for machine 183 (AArch64); x86-64 is 62 and 32-bit x86 is 3" },
        { 64, 54, Half, 32, "has program headers of 32 bytes; those of a 64-bit file have 56" },
        { 32, 42, Half, 56, "has program headers of 56 bytes; those of a 32-bit file have 32" },
        { 64, 56, Half, 0, "has 0 program headers" },
        { 64, 56, Half, 1171, "has 1171 program headers; a program has 1 to 1170" },
        { 32, 28, Word, 0x10_0000, "has its program headers from 100000h" },
    };

    [Theory]
    [MemberData(nameof(Spoilt))]
    public void A_file_that_is_no_program_is_refused_with_a_sentence_that_says_where(int bitness, int offset, int size, int value, string sentence)
    {
        byte[] bytes = Changed(ElfImage.Program(a => a.nop(), bitness).ToBytes(), offset, size, value);
        ElfFormatException error = Assert.Throws<ElfFormatException>(() => ElfFile.Parse(bytes, "a.out"));
        Assert.StartsWith("a.out, offset ", error.Message, StringComparison.Ordinal);
        Assert.Contains(sentence, error.Message, StringComparison.Ordinal);
        Assert.Equal((Errno.ENOEXEC, false), (error.Errno, error.EndsProcess));
    }

    [Fact]
    public void A_big_endian_program_is_told_so()
    {
        byte[] bytes = Changed(Changed(ElfImage.Program(a => a.nop()).ToBytes(), 5, 1, 2), 18, Half, 0x0800);
        Assert.Contains("is for machine 2048, and big-endian", Refusal(bytes).Message, StringComparison.Ordinal);
    }

    public static TheoryData<int, int, int, int> Overlooked() => new()
    {
        { 64, 4, 1, 3 }, { 64, 4, 1, 1 }, { 64, 5, 1, 2 }, { 64, 6, 1, 0 }, { 64, 20, Word, 9 }, { 64, 40, Word, -1 }, { 64, 58, Half, -1 },
        { 32, 18, Half, 6 }, { 64, 24, Word, 0x10 },
    };

    [Theory]
    [MemberData(nameof(Overlooked))]
    public void What_the_kernel_does_not_look_at_does_not_matter(int bitness, int offset, int size, int value) =>
        Assert.Equal(bitness, ElfFile.Parse(Changed(ElfImage.Program(a => a.nop(), bitness).ToBytes(), offset, size, value)).Bitness);

    [Theory]
    [InlineData(0, "begins with nothing")]
    [InlineData(3, "begins with 7F 45 4C")]
    [InlineData(16, "ends after 16 bytes, within the ELF header of 52")]
    [InlineData(20, "ends after 20 bytes, within the ELF header of 64")]
    [InlineData(56, "ends after 56 bytes, within the ELF header of 64")]
    [InlineData(100, "has its program headers from 40h")]
    public void A_file_that_was_cut_off_is_refused(int length, string sentence) =>
        Assert.Contains(sentence, Refusal(ElfImage.Program(a => a.nop()).ToBytes()[..length]).Message, StringComparison.Ordinal);

    [Fact]
    public void What_the_kernel_starts_and_cannot_end_well_is_remarked_on()
    {
        byte[] good = ElfImage.Program(a => a.nop()).ToBytes();
        Assert.Empty(ElfFile.Parse(good).Remarks);
        Assert.Contains(ElfFile.Parse(good[..0x1000], "a.out").Remarks, text => text.StartsWith("a.out, offset 78h: ", StringComparison.Ordinal)
            && text.Contains("20h bytes at 3000h, but only 1000h bytes in all: it was cut off", StringComparison.Ordinal));
        Assert.Contains("a.out, offset 18h: it starts at 10h, where it has no code; its segments: 400000h to",
            Assert.Single(ElfFile.Parse(Changed(good, 24, Word, 0x10), "a.out").Remarks), StringComparison.Ordinal);
        Assert.Contains("mapped over the earlier one",
            Assert.Single(ElfFile.Parse(Changed(good, 64 + 56 + 16, Word, 0x40_0000)).Remarks), StringComparison.Ordinal);
        byte[] empty = ElfImage.Program(a => a.nop()).WithoutHeaders().Header(ElfImage.PtGnuStack, 6, 0, 0, 0, 0).ToBytes();
        Assert.Contains("no PT_LOAD segment", Assert.Single(ElfFile.Parse(empty).Remarks), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(64, 2)]
    [InlineData(64, 3)]
    [InlineData(32, 2)]
    [InlineData(32, 3)]
    public void A_dynamic_program_names_its_interpreter(int bitness, int type)
    {
        ElfFile file = ElfFile.Parse(ElfImage.DynamicProgram(a => a.nop(), bitness, "/lib/l\u00E4.so", type).ToBytes(), "a.out");
        Assert.Equal("/lib/l\u00E4.so", file.Interpreter);
        Assert.Equal(type == 3, file.IsPositionIndependent);
        Assert.Equal([0x3000ul, 0x3010ul, 0x40ul], new[] { file.Dynamic?.Offset, file.ThreadLocalStorage?.Offset, file.ThreadLocalStorage?.MemorySize });
        Assert.Equal(2, file.Segments.Count);
        Assert.Equal(7, file.ProgramHeaders.Count);
        Assert.Equal(0x1000ul, file.Segments[0].Alignment);
        Assert.Null(ElfFile.Parse(ElfImage.Program(a => a.nop(), bitness).ToBytes()).Interpreter);
    }

    [Fact]
    public void The_first_interpreter_counts_and_its_name_ends_with_its_first_zero()
    {
        ElfImage image = ElfImage.DynamicProgram(a => a.nop(), interpreter: "/lib/ld\0\0.so");
        Assert.Equal("/lib/ld", ElfFile.Parse(image.Header(ElfImage.PtInterp, 4, 0, 0, 5000, 5000).ToBytes()).Interpreter);
    }

    [Theory]
    [InlineData(0x800, 1, "in 1 bytes; a name has 2 to 4096", Errno.ENOEXEC)]
    [InlineData(0x800, 4097, "in 4097 bytes", Errno.ENOEXEC)]
    [InlineData(0, 5, "without a zero at the end", Errno.ENOEXEC)]
    [InlineData(0x3000, 0x100, "only 3020h bytes: it was cut off", Errno.EIO)]
    public void A_name_of_an_interpreter_that_is_none_is_refused(ulong offset, ulong size, string sentence, int errno)
    {
        byte[] bytes = ElfImage.Program(a => a.nop()).Header(ElfImage.PtInterp, 4, offset, 0, size, size).ToBytes();
        ElfFormatException error = Refusal(bytes);
        Assert.Contains(sentence, error.Message, StringComparison.Ordinal);
        Assert.Equal((errno, false), (error.Errno, error.EndsProcess));
    }

    [Fact]
    public void A_dynamic_program_without_its_interpreter_is_told_what_it_needs()
    {
        byte[] bytes = ElfImage.DynamicProgram(a => a.nop(), interpreter: "/lib64/ld-linux-x86-64.so.2").ToBytes();
        var error = Assert.Throws<ElfFormatException>(() => Guest.Boot().Load(new ElfProgram(ElfFile.Parse(bytes, "ls"), "/bin/ls")));
        Assert.StartsWith("ls: the program asks for the interpreter /lib64/ld-linux-x86-64.so.2, ", error.Message, StringComparison.Ordinal);
        Assert.Contains("--root FOLDER", error.Message, StringComparison.Ordinal);
        Assert.Equal(Errno.ENOENT, error.Errno);
    }

    [Fact]
    public void An_interpreter_that_is_none_is_a_corrupted_library()
    {
        byte[] good = ElfImage.Program(a => a.nop(), type: 3).ToBytes();
        Assert.Equal(64, Interpreter(good, 64).Bitness);
        Assert.Equal(Errno.ELIBBAD, Assert.Throws<ElfFormatException>(() => Interpreter(good, 32)).Errno);
        Assert.Equal(Errno.ELIBBAD, Assert.Throws<ElfFormatException>(() => Interpreter(Changed(good, 0, 1, 0), 64)).Errno);
        Assert.Equal(Errno.ELIBBAD, Assert.Throws<ElfFormatException>(() => Interpreter(Changed(good, 56, Half, 0), 64)).Errno);
        Assert.Equal(Errno.EIO, Assert.Throws<ElfFormatException>(() => Interpreter(good[..60], 64)).Errno);

        // Its type is looked at only when it is loaded.
        Assert.Equal(1, Interpreter(Changed(good, 16, Half, 1), 64).Type);
    }

    [Fact]
    public void A_file_can_be_read_where_it_lies()
    {
        FileContent content = FileContent.Of(ElfImage.DynamicProgram(a => a.nop()).ToBytes());
        ElfFile file = ElfFile.Parse(content.Read, content.Length, "a.out");
        Assert.Equal("/lib/ld.so", file.Interpreter);
        Assert.Equal(content.ToArray(), file.Bytes.ToArray());
        Assert.Equal(0, file.Read(ulong.MaxValue, new byte[1]));
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

    private static ElfFile Interpreter(byte[] bytes, int bitness)
    {
        FileContent content = FileContent.Of(bytes);
        return ElfFile.ParseInterpreter(content.Read, content.Length, "ld.so", bitness);
    }

    private static ElfFormatException Refusal(byte[] bytes) => Assert.Throws<ElfFormatException>(() => ElfFile.Parse(bytes));

    private static byte[] Changed(byte[] bytes, int offset, int size, int value)
    {
        byte[] changed = (byte[])bytes.Clone();
        if (size == 1)
            changed[offset] = (byte)value;
        else if (size == Half)
            ElfImage.Put16(changed, offset, value);
        else
            ElfImage.Put32(changed, offset, value);
        return changed;
    }
}
