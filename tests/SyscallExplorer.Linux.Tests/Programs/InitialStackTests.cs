using System.Buffers.Binary;
using System.Text;

namespace SyscallExplorer.Linux.Tests;

/// <summary>The first bytes on a stack, without a machine. ElfExecutionTests looks at them from within a program.</summary>
public sealed class InitialStackTests
{
    private static ReadOnlyMemory<byte> Bytes(string text) => Encoding.Latin1.GetBytes(text);

    private static readonly StartStrings s_strings = new(Bytes("./tool"), [Bytes("tool"), Bytes(""), Bytes("\u00FF\u0001")], [Bytes("A=b")]);

    private static StartOfProcess Start(int bitness, StartStrings? strings = null, bool random = false, ulong seed = 1) => new()
    {
        Bitness = bitness,
        Layout = AddressSpaceLayout.Of(new AddressSpaceRequest
        {
            Bitness = bitness,
            RandomizeVaSpace = random ? 2 : 0,
            Random = new ExecRandomness(seed, 0),
        }),
        Strings = strings ?? s_strings,
        Identity = new StartIdentity(1, 2, 3, 4, IsSecure: true),
        RandomBytes = new ExecRandomness(seed, 0).AtRandom(),
        HardwareCapabilities = 0x178B_FBFF,
        HardwareCapabilities2 = 2,
        ProgramHeaders = 0x5655_5034,
        ProgramHeaderSize = 32,
        ProgramHeaderCount = 11,
        EntryPoint = 0x5655_60C0,
        InterpreterBase = 0xF7FC_9000,
    };

    private static ulong Word(InitialStack stack, int bitness, int index) => bitness == 64
        ? BinaryPrimitives.ReadUInt64LittleEndian(stack.Content[(index * 8)..])
        : BinaryPrimitives.ReadUInt32LittleEndian(stack.Content[(index * 4)..]);

    private static string Text(InitialStack stack, ulong from, ulong to) =>
        Encoding.Latin1.GetString(stack.Content[(int)(from - stack.Pointer)..(int)(to - stack.Pointer)]);

    private static List<(ulong Key, ulong Value)> Vector(InitialStack stack, int bitness)
    {
        int at = 1 + (int)Word(stack, bitness, 0) + 1;
        while (Word(stack, bitness, at++) != 0)
        {
        }

        var vector = new List<(ulong, ulong)>();
        for (; ; at += 2)
        {
            vector.Add((Word(stack, bitness, at), Word(stack, bitness, at + 1)));
            if (vector[^1].Item1 == 0)
                return vector;
        }
    }

    [Theory]
    [InlineData(64, 0x7FFF_FFFF_F000)]
    [InlineData(32, 0xFFFF_E000)]
    public void Strings_stand_below_an_empty_word_in_the_order_arguments_environment_name(int bitness, ulong top)
    {
        InitialStack stack = InitialStack.Build(Start(bitness));
        Assert.Equal(top, stack.Pointer + (ulong)stack.Content.Length);
        Assert.Equal("tool\0\0\u00FF\u0001\0", Text(stack, stack.Arguments.Start, stack.Arguments.End));
        Assert.Equal("A=b\0", Text(stack, stack.Environment.Start, stack.Environment.End));
        Assert.Equal("./tool\0", Text(stack, stack.Environment.End, top - 8));
        Assert.Equal(stack.Arguments.Start, InitialStack.StringsStart(Start(bitness).Layout, s_strings));
        Assert.Equal([3ul, stack.Arguments.Start, stack.Arguments.Start + 5, stack.Arguments.Start + 6, 0ul, stack.Environment.Start, 0ul],
            Enumerable.Range(0, 7).Select(i => Word(stack, bitness, i)));
    }

    [Theory]
    [InlineData(64)]
    [InlineData(32)]
    public void The_vector_has_Linux_order_and_what_there_is_not_is_left_out(int bitness)
    {
        ulong[] usual = [16, 6, 17, 3, 4, 5, 7, 8, 9, 11, 12, 13, 14, 23, 25, 26, 31, 15, 0];
        Assert.Equal(usual, Vector(InitialStack.Build(Start(bitness)), bitness).Select(entry => entry.Key));
        StartOfProcess whole = Start(bitness) with { Vdso = 0xF7FC_7000, KernelVsyscall = 0xF7FC_75E0, ExecutableDescriptor = 5 };
        List<(ulong Key, ulong Value)> vector = Vector(InitialStack.Build(whole), bitness);
        Assert.Equal([32, 33, .. usual[..^1], 2, 0], vector.Select(entry => entry.Key));
        Dictionary<ulong, ulong> values = vector.ToDictionary(entry => entry.Key, entry => entry.Value);
        Assert.Equal([0xF7FC_75E0ul, 0xF7FC_7000ul, 5ul, 0xF7FC_9000ul, 0x5655_60C0ul, 0x5655_5034ul],
            new[] { values[32], values[33], values[2], values[7], values[9], values[3] });
        Assert.Equal([1ul, 2ul, 3ul, 4ul, 1ul], new[] { values[11], values[12], values[13], values[14], values[23] });
    }

    [Fact]
    public void The_platform_and_the_random_bytes_stand_where_real_Linux_has_them()
    {
        // As a program named ./m32pie with this name alone in argv and an empty environment has found them on the host, and its 64-bit twin.
        var narrow = new StartStrings(Bytes("./m32pie"), [Bytes("./m32pie")], []);
        InitialStack stack = InitialStack.Build(Start(32, narrow));
        Dictionary<ulong, ulong> vector = Vector(stack, 32).ToDictionary(entry => entry.Key, entry => entry.Value);
        Assert.Equal([0xFFFF_DFEFul, 0xFFFF_DFDBul, 0xFFFF_DFCBul, 0xFFFF_DFE6ul], new[] { vector[31], vector[15], vector[25], Word(stack, 32, 1) });
        var wide = new StartStrings(Bytes("./m64static"), [Bytes("./m64static")], []);
        stack = InitialStack.Build(Start(64, wide));
        vector = Vector(stack, 64).ToDictionary(entry => entry.Key, entry => entry.Value);
        Assert.Equal([0x7FFF_FFFF_EFECul, 0x7FFF_FFFF_EFD9ul, 0x7FFF_FFFF_EFC9ul, 0x7FFF_FFFF_EFE0ul],
            new[] { vector[31], vector[15], vector[25], Word(stack, 64, 1) });
    }

    [Theory]
    [InlineData(64)]
    [InlineData(32)]
    public void The_stack_pointer_is_aligned_and_random_below_the_strings(int bitness)
    {
        var gaps = new HashSet<ulong>();
        for (ulong seed = 0; seed < 100; seed++)
        {
            InitialStack stack = InitialStack.Build(Start(bitness, random: true, seed: seed));
            Assert.Equal(0ul, stack.Pointer % 16);
            Assert.InRange(stack.Arguments.Start - stack.Pointer, 200ul, 8192ul + 600);
            gaps.Add(stack.Arguments.Start - stack.Pointer);
        }

        Assert.True(gaps.Count > 60);
        Assert.Equal(InitialStack.Build(Start(bitness, random: true)).Content.ToArray(), InitialStack.Build(Start(bitness, random: true)).Content.ToArray());
    }

    [Theory]
    [InlineData(64)]
    [InlineData(32)]
    public void The_vector_can_be_had_as_proc_shows_it(int bitness)
    {
        InitialStack stack = InitialStack.Build(Start(bitness));
        int at = (1 + 3 + 1 + 1 + 1) * bitness / 8;
        Assert.Equal(19 * 2 * bitness / 8, stack.AuxiliaryBytes.Length);
        Assert.Equal(stack.Content.Slice(at, stack.AuxiliaryBytes.Length).ToArray(), stack.AuxiliaryBytes);
    }

    [Fact]
    public void A_program_may_have_no_arguments()
    {
        InitialStack stack = InitialStack.Build(Start(64, new StartStrings(Bytes("/a"), [], [])));
        Assert.Equal([0ul, 0ul, 0ul, 16ul], Enumerable.Range(0, 4).Select(i => Word(stack, 64, i)));
        Assert.Equal(stack.Arguments.Start, stack.Arguments.End);
    }

    [Theory]
    [InlineData(131_071, true)]
    [InlineData(131_072, false)]
    public void A_string_has_at_most_32_pages_with_its_zero(int length, bool fits)
    {
        var strings = new StartStrings(Bytes("/a"), [new byte[length]], []);
        Assert.Equal(fits, strings.Refusal(8 << 20) is null);
        Assert.True(fits || strings.Refusal(8 << 20)!.Contains("131073 bytes; the kernel takes at most 131072", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(8ul << 20, 2ul << 20)]
    [InlineData(1ul << 30, 6ul << 20)]
    [InlineData(ulong.MaxValue, 6ul << 20)]
    [InlineData(100ul << 10, 128ul << 10)]
    public void Strings_and_pointers_take_at_most_a_quarter_of_the_stack_within_bounds(ulong limit, ulong space)
    {
        Assert.Equal(space, StartStrings.SpaceWithin(limit));
        const int length = 1000;
        int count = (int)space / (length + 1 + 8);
        StartStrings Strings(int more) => new(Bytes("/a"), [.. Enumerable.Repeat(Bytes(new string('x', length)), count - 1 + more)], []);
        Assert.Null(Strings(0).Refusal(limit));
        Assert.Contains("a quarter of the stack", Strings(2).Refusal(limit)!, StringComparison.Ordinal);
    }
}
