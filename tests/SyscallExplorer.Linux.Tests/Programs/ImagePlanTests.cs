namespace SyscallExplorer.Linux.Tests;

/// <summary>How images are mapped. The order of steps and the checks are those of Linux 5.13; what differs since is said where it is tested.</summary>
public sealed class ImagePlanTests
{
    private const ulong Page = KernelLayout.PageSize;
    private const int ReadExecute = 5, ReadWrite = 6;

    private static AddressSpaceLayout Layout(int bitness = 64, Personality personality = Personality.None) =>
        AddressSpaceLayout.Of(new AddressSpaceRequest { Bitness = bitness, Personality = personality | Personality.NoRandomization });

    private static ElfFile File(int type, params (int Flags, ulong Offset, ulong Address, ulong FileSize, ulong MemorySize)[] segments) =>
        File(type, 64, segments);

    private static ElfFile File(int type, int bitness, params (int Flags, ulong Offset, ulong Address, ulong FileSize, ulong MemorySize)[] segments)
    {
        ElfImage image = ElfImage.Program(a => a.nop(), bitness, type: type).WithoutHeaders();
        if (segments is [])
            image.Header(ElfImage.PtGnuStack, ReadWrite, 0, 0, 0, 0);
        foreach ((int flags, ulong offset, ulong address, ulong fileSize, ulong memorySize) in segments)
            image.Header(ElfImage.PtLoad, flags, offset, address, fileSize, memorySize);
        return ElfFile.Parse(image.ToBytes(), "a.out");
    }

    private static ElfFormatException Refusal(ElfFile file, ulong bias = 0) =>
        Assert.Throws<ElfFormatException>(() => ImagePlan.OfProgram(file, bias, Layout(file.Bitness)));

    [Fact]
    public void Pages_of_the_file_come_first_and_zeroes_fill_up_the_last_one_and_follow_it()
    {
        ImagePlan plan = ImagePlan.OfProgram(File(3, (ReadExecute, 0, 0, 0x1800, 0x1800), (ReadWrite, 0x2100, 0x4100, 0x20, 0x3000)), 0x10_0000, Layout());
        Assert.Equal(
        [
            new FilePages(0x10_0000, 0x10_2000, 0, true, false, true),
            new FilePages(0x10_4000, 0x10_5000, 0x2000, true, true, false),
            new ZeroPages(0x10_5000, 0x10_8000, false),
            new ZeroBytes(0x10_4120, 0x10_5000),
        ], plan.Steps.AsEnumerable());
        Assert.Equal(0x10_8000ul, plan.End);
        Assert.Equal(0x10_0040ul, plan.ProgramHeaders);
        Assert.Equal([0x10_0000ul, 0x10_1800ul, 0x10_4100ul, 0x10_4120ul], new[] { plan.StartCode, plan.EndCode, plan.StartData, plan.EndData });
        Assert.Equal(0x10_0000ul, plan.Bias);
    }

    [Fact]
    public void Zeroes_of_a_segment_come_before_the_next_segment_that_may_lie_in_them()
    {
        ImagePlan plan = ImagePlan.OfProgram(File(2, (ReadWrite, 0, 0x40_0000, 0x10, 0x4000), (ReadWrite, 0x1000, 0x40_2000, 0x10, 0x10)), 0, Layout());
        Assert.Equal(
        [
            new FilePages(0x40_0000, 0x40_1000, 0, true, true, false),
            new ZeroPages(0x40_1000, 0x40_4000, false),
            new ZeroBytes(0x40_0010, 0x40_1000),
            new FilePages(0x40_2000, 0x40_3000, 0x1000, true, true, false),
            new ZeroPages(0x40_3000, 0x40_4000, false),
            new ZeroBytes(0x40_2010, 0x40_3000),
        ], plan.Steps.AsEnumerable());
    }

    [Fact]
    public void A_segment_without_bytes_of_the_file_maps_a_page_of_it_when_it_begins_within_one()
    {
        Assert.Equal([new ZeroPages(0x40_0000, 0x40_2000, true)], ImagePlan.OfProgram(File(2, (7, 0, 0x40_0000, 0, 0x2000)), 0, Layout()).Steps.AsEnumerable());
        Assert.Equal(new FilePages(0x40_0000, 0x40_1000, 0x1000, true, true, false),
            ImagePlan.OfProgram(File(2, (ReadWrite, 0x1010, 0x40_0010, 0, 0x2000)), 0, Layout()).Steps[0]);
    }

    [Fact]
    public void A_program_without_segments_has_nothing_to_map()
    {
        ImagePlan plan = ImagePlan.OfProgram(File(3), 0, Layout());
        Assert.Empty(plan.Steps);
        Assert.Equal(0ul, plan.End);
    }

    [Fact]
    public void What_may_be_read_may_be_executed_under_that_personality()
    {
        ElfFile file = File(2, 32, (4, 0, 0x804_8000, 0x10, 0x10), (ReadWrite, 0x1000, 0x804_9000, 0x10, 0x3000));
        Assert.True(file.ImpliesReadableIsExecutable);
        ImagePlan plan = ImagePlan.OfProgram(file, 0, Layout(32, Personality.None.Under(file)));
        Assert.All(plan.Steps.OfType<FilePages>(), pages => Assert.True(pages.Executable));
        Assert.All(plan.Steps.OfType<ZeroPages>(), pages => Assert.True(pages.Executable));
        Assert.Equal(0x804_8000ul, plan.Steps[0].Start);
        Assert.Equal(ulong.MaxValue, plan.StartCode);
    }

    [Fact]
    public void A_64_bit_program_starts_without_that_personality_and_a_32_bit_one_keeps_it()
    {
        ElfFile wide = ElfFile.Parse(ElfImage.Program(a => a.nop(), 64, stackFlags: null).ToBytes());
        ElfFile narrow = ElfFile.Parse(ElfImage.Program(a => a.nop(), 32).ToBytes());
        const Personality before = Personality.ReadImpliesExecute | Personality.LimitOf3GiB;
        Assert.Equal(Personality.LimitOf3GiB, before.Under(wide));
        Assert.Equal(before, before.Under(narrow));
        Assert.Equal(Personality.None, Personality.None.Under(narrow));
    }

    public static TheoryData<ulong, ulong, ulong, ulong, int, string> Misplaced() => new()
    {
        // Offset, address, bytes in the file and in memory, the error, what the sentence says.
        { 0, 0x40_0000, 0x20, 0x10, Errno.EINVAL, "with 20h bytes in the file and only 10h in memory" },
        { 0x10, 0x40_0000, 0x20, 0x20, Errno.EINVAL, "must be the same within a page of 4 KiB" },
        { 0, 0x40_0010, 0x20, 0x20, Errno.EINVAL, "must be the same within a page of 4 KiB" },
        { 0, 0x1000, 0x20, 0x20, Errno.EPERM, "addresses begin at 10000h" },
        { 0, 0x7FFF_FFFF_F000, 0x20, 0x20, Errno.ENOMEM, "leaves the address space" },
        { 0, 0xFFFF_FFFF_FFFF_F000, 0x20, 0x20, Errno.ENOMEM, "leaves the address space" },
        { 0, 0x7FFF_FFFF_F000, 0, 0x20, Errno.EINVAL, "leaves the address space" },
        { 0, 0x40_0000, 0x20, 0x7FFF_FFFF_F000, Errno.EINVAL, "leaves the address space" },
        { 0, 0x40_0000, 0xFFFF_FFFF_FFFF_F000, 0xFFFF_FFFF_FFFF_F000, Errno.ENOMEM, "leaves the address space" },
        { 0x7FFF_FFFF_FFFF_F000, 0x40_0000, 0x20, 0x20, Errno.EOVERFLOW, "a file has at most" },
        { 0xFFFF_FFFF_FFFF_F000, 0x40_0000, 0x20, 0x20, Errno.EOVERFLOW, "a file has at most" },
    };

    [Theory]
    [MemberData(nameof(Misplaced))]
    public void A_segment_that_cannot_be_mapped_ends_the_process(ulong offset, ulong address, ulong fileSize, ulong memorySize, int errno, string sentence)
    {
        ElfFormatException error = Refusal(File(2, (ReadWrite, offset, address, fileSize, memorySize)));
        Assert.StartsWith("a.out, offset 40h: it ", error.Message, StringComparison.Ordinal);
        Assert.Contains(sentence, error.Message, StringComparison.Ordinal);
        Assert.Equal((errno, true), (error.Errno, error.EndsProcess));
    }

    [Fact]
    public void Zeroes_in_a_page_that_cannot_be_written_end_the_process_unless_another_segment_follows()
    {
        // Linux 6.8 and later let the first one pass.
        Assert.Equal(Errno.EFAULT, Refusal(File(2, (ReadExecute, 0, 0x40_0000, 0x10, 0x20))).Errno);
        Assert.Contains("needs PF_W", Refusal(File(2, (ReadExecute, 0, 0x40_0000, 0x10, 0x20))).Message, StringComparison.Ordinal);
        Assert.Contains("cut off", Refusal(File(2, (ReadWrite, 0x8000, 0x40_0000, 0x10, 0x20))).Message, StringComparison.Ordinal);
        Assert.Equal(3, ImagePlan.OfProgram(File(2, (ReadExecute, 0, 0x40_0000, 0x10, 0x20), (ReadWrite, 0, 0x40_1000, 0x10, 0x10)), 0, Layout()).Steps.Length);
    }

    [Fact]
    public void An_entry_point_may_be_anywhere_in_the_address_space_and_nowhere_else()
    {
        byte[] bytes = ElfImage.Program(a => a.nop()).ToBytes();
        ElfImage.Put32(bytes, 24, 0x10);
        Assert.Equal(0x10ul, ImagePlan.OfProgram(ElfFile.Parse(bytes), 0, Layout()).EntryPoint);
        ElfImage.Put32(bytes, 28, 0x8000);
        Assert.Contains("would start at 800000000010h", Refusal(ElfFile.Parse(bytes)).Message, StringComparison.Ordinal);

        // A program with an interpreter is entered by that, which finds the address in AT_ENTRY.
        bytes = ElfImage.DynamicProgram(a => a.nop(), type: 2).ToBytes();
        ElfImage.Put32(bytes, 28, 0x8000);
        Assert.Equal(0x8000_0040_1000ul, ImagePlan.OfProgram(ElfFile.Parse(bytes), 0, Layout()).EntryPoint);
    }

    [Fact]
    public void An_interpreter_goes_where_mmap_puts_it_and_its_last_page_is_filled_up_first()
    {
        ElfFile file = File(3, (ReadExecute, 0, 0, 0x1800, 0x1800), (ReadWrite, 0x2100, 0x4100, 0x20, 0x3000));
        Assert.Equal(0x8000ul, ImagePlan.MappingSize(file));
        Assert.Null(ImagePlan.InterpreterBias(file, 0, out ulong hint));
        Assert.Equal(0ul, hint);
        ulong bias = ImagePlan.BiasAt(file, 0x7FFF_F7FF_7000);
        ImagePlan plan = ImagePlan.OfInterpreter(file, bias, Layout());
        Assert.Equal([typeof(FilePages), typeof(FilePages), typeof(ZeroBytes), typeof(ZeroPages)], plan.Steps.Select(step => step.GetType()));
        Assert.Equal(new ZeroBytes(bias + 0x4120, bias + 0x5000), plan.Steps[2]);
        Assert.Equal(new ZeroPages(bias + 0x5000, bias + 0x8000, false), plan.Steps[3]);
    }

    [Fact]
    public void An_interpreter_with_an_address_of_its_own_gets_it_when_the_program_is_where_its_file_says()
    {
        ElfFile prelinked = File(3, (ReadWrite, 0, 0x4100_0000, 0x1000, 0x1000));
        Assert.Null(ImagePlan.InterpreterBias(prelinked, 0, out ulong hint));
        Assert.Equal(0x4100_0000ul, hint);
        Assert.Null(ImagePlan.InterpreterBias(prelinked, 0x5555_5555_4000, out hint));
        Assert.Equal(0ul, hint);
        Assert.Equal(0ul, ImagePlan.InterpreterBias(File(2, (ReadWrite, 0, 0x4100_0000, 0x1000, 0x1000)), 0x5555_5555_4000, out _));
    }

    [Fact]
    public void An_interpreter_that_turns_out_to_be_none_ends_the_process()
    {
        byte[] bytes = ElfImage.Program(a => a.nop(), type: 3).ToBytes();
        ElfImage.Put16(bytes, 16, 1);
        FileContent content = FileContent.Of(bytes);
        ElfFile unlinked = ElfFile.ParseInterpreter(content.Read, content.Length, "ld.so", 64);
        Assert.Equal((Errno.EPERM, true), Outcome(() => ImagePlan.OfInterpreter(unlinked, 0x10_0000, Layout())));
        Assert.Equal((Errno.EINVAL, true), Outcome(() => ImagePlan.OfInterpreter(File(3), 0x10_0000, Layout())));
        Assert.Equal((Errno.ENOMEM, true),
            Outcome(() => ImagePlan.OfInterpreter(File(3, (ReadWrite, 0, 0, 0x20, 0x10)), 0x10_0000, Layout())));
        Assert.Equal((Errno.EFAULT, true),
            Outcome(() => ImagePlan.OfInterpreter(File(3, (ReadExecute, 0, 0, 0x20, 0x20)), 0x10_0000, Layout())));
    }

    [Fact]
    public void A_size_that_makes_no_sense_is_more_than_mmap_has_room_for()
    {
        ElfFile file = File(3, (ReadWrite, 0, 0x4000, 0x1000, 0x1000), (ReadWrite, 0, 0, 0x1000, 0x1000));
        Assert.Equal(unchecked((ulong)-0x3000L), ImagePlan.MappingSize(file));
        Assert.Contains("has no room", ImagePlan.NoRoom(file).Message, StringComparison.Ordinal);
        Assert.Equal(0ul, ImagePlan.MappingSize(file) % Page);
    }

    private static (int Errno, bool EndsProcess) Outcome(Action plan)
    {
        ElfFormatException error = Assert.Throws<ElfFormatException>(plan);
        return (error.Errno, error.EndsProcess);
    }
}
