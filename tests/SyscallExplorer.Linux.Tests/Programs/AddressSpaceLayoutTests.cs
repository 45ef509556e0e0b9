namespace SyscallExplorer.Linux.Tests;

/// <summary>
/// Where things stand in a new address space. The fixed addresses are what <c>setarch -R</c>, <c>-L</c> and <c>-3</c> show on real Linux for
/// programs that print their /proc/self/maps.
/// </summary>
public sealed class AddressSpaceLayoutTests
{
    private const ulong Unlimited = ulong.MaxValue, Megabyte = 1 << 20, Gigabyte = 1 << 30;

    private static AddressSpaceLayout Fixed(int bitness, Personality personality = Personality.None, ulong stackLimit = 8 * Megabyte) =>
        AddressSpaceLayout.Of(new AddressSpaceRequest { Bitness = bitness, Personality = personality | Personality.NoRandomization, StackLimit = stackLimit });

    private static AddressSpaceLayout Random(int bitness, ulong seed, long execution = 0, int randomize = 2) => AddressSpaceLayout.Of(
        new AddressSpaceRequest { Bitness = bitness, RandomizeVaSpace = randomize, Random = new ExecRandomness(seed, execution) });

    private static ElfFile Dynamic(int bitness) => ElfFile.Parse(ElfImage.DynamicProgram(a => a.nop(), bitness).ToBytes());

    private static ElfFile Static(int bitness, int type) => ElfFile.Parse(ElfImage.Program(a => a.nop(), bitness, type: type).ToBytes());

    [Fact]
    public void Without_randomisation_everything_stands_where_real_Linux_has_it()
    {
        AddressSpaceLayout wide = Fixed(64), narrow = Fixed(32);
        Assert.Equal([0x7FFF_FFFF_F000ul, 0xFFFF_E000ul], new[] { wide.StackTop, narrow.StackTop });
        Assert.Equal([0x7FFF_F7FF_F000ul, 0xF7FF_E000ul], new[] { wide.Mmap.Top, narrow.Mmap.Top });
        Assert.Equal(0x5555_5555_4000ul, wide.BiasOf(Dynamic(64)));
        Assert.Equal(0x5655_5000ul, narrow.BiasOf(Dynamic(32)));
        Assert.Equal([0x7FFF_FFFD_E000ul, 0xFFFD_D000ul], new[] { wide.StackStart(wide.StackTop - 0x200), narrow.StackStart(narrow.StackTop - 0x200) });
        Assert.Equal(0xF7FF_E000ul, wide.MmapFor(32).Top);
        Assert.False(wide.IsRandom);
    }

    [Fact]
    public void The_old_layout_has_mappings_from_a_third_of_the_address_space_upwards()
    {
        MmapRegion wide = Fixed(64, Personality.OldLayout).Mmap, narrow = Fixed(32, Personality.OldLayout).Mmap;
        Assert.Equal([0x2AAA_AAAA_B000ul, 0x5555_5000ul], new[] { wide.Bottom, narrow.Bottom });
        Assert.True(wide.IsUpward && narrow.IsUpward);
        Assert.False(Fixed(64).Mmap.IsUpward);
        Assert.Equal([0x7FFF_FFFF_F000ul, 0xFFFF_E000ul], new[] { wide.Limit, narrow.Limit });
    }

    [Fact]
    public void A_limit_of_3_GiB_moves_everything_of_a_32_bit_program()
    {
        AddressSpaceLayout layout = Fixed(32, Personality.LimitOf3GiB);
        Assert.Equal([0xC000_0000ul, 0xC000_0000ul, 0xB800_0000ul, 0x4100_0000ul],
            new[] { layout.TaskSize, layout.StackTop, layout.Mmap.Top, layout.BiasOf(Dynamic(32))!.Value });
        Assert.Equal(0x7FFF_FFFF_F000ul, Fixed(64, Personality.LimitOf3GiB).StackTop);
    }

    [Theory]
    [InlineData(64, 0, 0x7FFF_F7FF_F000)]
    [InlineData(64, 64 * Megabyte, 0x7FFF_F7FF_F000)]
    [InlineData(64, Gigabyte, 0x7FFF_BFEF_F000)]
    [InlineData(64, Unlimited, 0x1555_5555_6000)]
    [InlineData(32, Gigabyte, 0xBFEF_E000)]
    [InlineData(32, Unlimited, 0x2AAA_B000)]
    public void The_stacks_limit_and_a_guard_gap_stay_free_below_the_stack(int bitness, ulong limit, ulong top) =>
        Assert.Equal(top, Fixed(bitness, stackLimit: limit).Mmap.Top);

    [Fact]
    public void A_program_goes_where_its_largest_alignment_allows()
    {
        byte[] bytes = ElfImage.DynamicProgram(a => a.nop()).ToBytes();
        ElfImage.Put32(bytes, 64 + 48, 0x20_0000);
        Assert.Equal(0x5555_5540_0000ul, Fixed(64).BiasOf(ElfFile.Parse(bytes)));
        ElfImage.Put32(bytes, 64 + 48, 0x30_0000);
        Assert.Equal(0x5555_5555_4000ul, Fixed(64).BiasOf(ElfFile.Parse(bytes)));
    }

    [Theory]
    [InlineData(64)]
    [InlineData(32)]
    public void Without_an_interpreter_a_program_is_where_its_file_says_or_where_mmap_has_room(int bitness)
    {
        Assert.Equal(0ul, Fixed(bitness).BiasOf(Static(bitness, 2)));
        Assert.Null(Fixed(bitness).BiasOf(Static(bitness, 3)));
    }

    [Fact]
    public void The_heap_follows_the_image_or_when_random_up_to_32_MiB_above_it()
    {
        const ulong end = 0x5555_5556_0000;
        Assert.Equal(end, Fixed(64).BreakStart(Dynamic(64), end));
        Assert.Equal(end, Fixed(64).BreakStart(Static(64, 3), end));
        Assert.Equal(end, Random(64, 1, randomize: 1).BreakStart(Dynamic(64), end));
        ulong[] starts = [.. Enumerable.Range(0, 50).Select(seed => Random(64, (ulong)seed).BreakStart(Dynamic(64), end))];
        Assert.All(starts, start => Assert.InRange(start, end, end + 32 * Megabyte - 1));
        Assert.All(starts, start => Assert.Equal(0ul, start % KernelLayout.PageSize));
        Assert.True(starts.Distinct().Count() > 40 && starts.Max() - starts.Min() > 16 * Megabyte);
        Assert.InRange(Random(64, 1).BreakStart(Static(64, 3), end), 0x5555_5555_5000ul, 0x5555_5755_4FFFul);
        Assert.InRange(Random(32, 1).BreakStart(Static(32, 3), 0xF7FF_E000), 0x5655_5000ul, 0x5855_4FFFul);
    }

    [Theory]
    [InlineData(64, 22, 28)]
    [InlineData(32, 11, 8)]
    public void Randomness_has_as_many_bits_as_on_real_Linux(int bitness, int stackBits, int mmapBits)
    {
        AddressSpaceLayout still = Random(bitness, 0, randomize: 0);
        ulong stack = 0, mmap = 0, image = 0, pointer = 0;
        ulong mmapTop = Random(bitness, 0).Mmap.Top;
        for (ulong seed = 0; seed < 400; seed++)
        {
            AddressSpaceLayout layout = Random(bitness, seed);
            stack |= still.StackTop - layout.StackTop;
            image |= (layout.ImageBase - still.ImageBase) / KernelLayout.PageSize;
            mmap |= layout.Mmap.Top > mmapTop ? layout.Mmap.Top - mmapTop : mmapTop - layout.Mmap.Top;
            pointer |= 0x10_0000 - layout.AlignStackPointer(0x10_0000);
            Assert.Equal(0ul, layout.StackTop % KernelLayout.PageSize);
            Assert.Equal(0ul, layout.Mmap.Top % KernelLayout.PageSize);
            Assert.True(layout.StackTop - layout.Mmap.Top >= 128 * Megabyte - 8 * Megabyte);
        }

        Assert.Equal((1ul << mmapBits) - 1, image);
        Assert.InRange(ulong.Log2(stack) - 11, (ulong)stackBits, (ulong)stackBits + 1);
        Assert.InRange(ulong.Log2(mmap) - 11, (ulong)mmapBits - 1, (ulong)mmapBits);
        Assert.Equal(0x1FF0ul, pointer & 0x1FF0);
    }

    [Fact]
    public void Equal_seeds_give_equal_layouts_and_each_execve_another()
    {
        Assert.Equal(Random(64, 7).StackTop, Random(64, 7).StackTop);
        Assert.NotEqual(Random(64, 7).StackTop, Random(64, 8).StackTop);
        Assert.NotEqual(Random(64, 7).StackTop, Random(64, 7, execution: 1).StackTop);
        Assert.NotEqual(new ExecRandomness(7, 0).AtRandom(), new ExecRandomness(7, 1).AtRandom());
    }

    [Fact]
    public void With_a_random_stack_the_gap_has_room_for_the_furthest_one()
    {
        ulong lowest = Enumerable.Range(0, 200).Min(seed => Random(64, (ulong)seed).StackTop - Random(64, (ulong)seed).Mmap.Top);
        Assert.True(lowest >= 8 * Megabyte + AddressSpaceLayout.StackGuardGap - 4096);
    }

    [Fact]
    public void The_stack_starts_with_128_KiB_below_its_strings_as_far_as_its_limit_goes()
    {
        AddressSpaceLayout layout = Fixed(64, stackLimit: 64 << 10);
        Assert.Equal(layout.StackTop - (64 << 10), layout.StackStart(layout.StackTop - 100));
        Assert.Equal(layout.StackTop - (80 << 10), layout.StackStart(layout.StackTop - (80 << 10)));
        Assert.Equal(Fixed(64).StackTop - (128 << 10) - 0x2000, Fixed(64).StackStart(Fixed(64).StackTop - 0x1001));
    }

    [Fact]
    public void The_64_bit_vdso_wants_to_stand_above_the_stack_within_2_MiB()
    {
        const ulong size = 0x5000;
        Assert.Null(Fixed(64).VdsoHint(Fixed(64).StackTop - 100, size));
        Assert.Null(Random(32, 1).VdsoHint(Random(32, 1).StackTop - 100, size));
        for (ulong seed = 0; seed < 100; seed++)
        {
            AddressSpaceLayout layout = Random(64, seed);
            ulong hint = layout.VdsoHint(layout.StackTop - 100, size)!.Value;
            Assert.InRange(hint, layout.StackTop, layout.StackTop + 2 * Megabyte);
            Assert.Equal(0ul, hint % KernelLayout.PageSize);
        }
    }
}
