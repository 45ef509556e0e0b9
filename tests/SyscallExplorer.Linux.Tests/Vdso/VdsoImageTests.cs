using System.Buffers.Binary;
using System.Text;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux.Tests;

/// <summary>The images as files: what a dynamic linker, a debugger and boot find in them.</summary>
public sealed class VdsoImageTests
{
    public static TheoryData<string, VdsoAbi> Images()
    {
        var data = new TheoryData<string, VdsoAbi>();
        foreach (VdsoGeneration generation in VdsoGeneration.All.Where(generation => !generation.HasThreeStubs))
        {
            foreach (VdsoAbi abi in Enum.GetValues<VdsoAbi>())
                data.Add(generation.Release, abi);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void An_image_reads_back_as_it_was_made(string release, VdsoAbi abi)
    {
        Vdso image = Make(release, abi);
        Vdso read = VdsoReader.Read("image", [.. image.Bytes]);
        Assert.Equal((abi, release), (read.Abi, read.Release));
        Assert.Equal(image.Symbols.OrderBy(symbol => symbol.Name), read.Symbols.OrderBy(symbol => symbol.Name));
        Assert.Equal(image.LandingPad, read.LandingPad);
        Assert.True(read.Data.HasFieldsOf(image.Data));
        Assert.Equal(image.Data.Pages, read.Data.Pages);
    }

    [Theory]
    [InlineData("4.4", VdsoAbi.X64, "clock_gettime getcpu gettimeofday time __vdso_clock_gettime __vdso_getcpu __vdso_gettimeofday __vdso_time")]
    [InlineData("4.4", VdsoAbi.I386, "__kernel_rt_sigreturn __kernel_sigreturn __kernel_vsyscall __vdso_clock_gettime __vdso_gettimeofday __vdso_time")]
    [InlineData("5.13", VdsoAbi.X32, "__vdso_clock_getres __vdso_clock_gettime __vdso_getcpu __vdso_gettimeofday __vdso_time")]
    [InlineData("5.13", VdsoAbi.I386, "__kernel_rt_sigreturn __kernel_sigreturn __kernel_vsyscall __vdso_clock_getres __vdso_clock_gettime "
        + "__vdso_clock_gettime64 __vdso_gettimeofday __vdso_time")]
    [InlineData("6.8", VdsoAbi.I386, "__kernel_rt_sigreturn __kernel_sigreturn __kernel_vsyscall __vdso_clock_getres __vdso_clock_gettime "
        + "__vdso_clock_gettime64 __vdso_getcpu __vdso_gettimeofday __vdso_time")]
    public void A_generation_exports_what_its_kernel_exported(string release, VdsoAbi abi, string names)
    {
        Vdso image = Make(release, abi);
        Assert.Equal(names.Split(' ').Order(), image.Symbols.Select(symbol => symbol.Name).Order());
        Assert.All(image.Symbols, symbol => Assert.Equal(symbol.Name.StartsWith("__kernel", StringComparison.Ordinal) ? "LINUX_2.5" : "LINUX_2.6", symbol.Version));
        Assert.All(image.Symbols, symbol => Assert.Equal(!symbol.Name.StartsWith('_'), symbol.IsWeak));
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void Both_hash_tables_lead_to_every_symbol_and_to_no_other(string release, VdsoAbi abi)
    {
        var elf = new RawElf([.. Make(release, abi).Bytes]);
        foreach (VdsoSymbol symbol in Make(release, abi).Symbols)
        {
            Assert.Equal(symbol.Offset, elf.FindByHash(symbol.Name));
            Assert.Equal(symbol.Offset, elf.FindByGnuHash(symbol.Name));
        }

        Assert.Null(elf.FindByHash("__vdso_nothing"));
        Assert.Null(elf.FindByGnuHash("__vdso_nothing"));
    }

    [Fact]
    public void The_stub_the_pad_and_the_trampolines_have_the_bytes_that_debuggers_know()
    {
        Vdso image = Vdso.Of(Kernels.Linux_5_13, VdsoAbi.I386);
        Assert.Equal("51 52 55 90 90 90 90 CD 80 5D 5A 59 C3", Bytes(image.Bytes, image.OffsetOf("__kernel_vsyscall"), 13));
        Assert.Equal(image.OffsetOf("__kernel_vsyscall") + 9, image.LandingPad);
        Assert.Equal("58 B8 77 00 00 00 CD 80 90", Bytes(image.Bytes, image.OffsetOf("__kernel_sigreturn"), 9));
        Assert.Equal("B8 AD 00 00 00 CD 80 90", Bytes(image.Bytes, image.OffsetOf("__kernel_rt_sigreturn"), 8));
        Assert.Equal(image.OffsetOf("__kernel_vsyscall"), BinaryPrimitives.ReadUInt32LittleEndian([.. image.Bytes.Skip(24).Take(4)]));
    }

    [Theory]
    [InlineData("Skylake", "51 52 55 89 E5 0F 34 CD 80")]
    [InlineData("Zen2", "51 52 55 89 CD 0F 05 CD 80")]
    public void Boot_puts_the_fast_instruction_of_the_processor_into_the_stub(string cpu, string expected)
    {
        Vdso image = Vdso.Of(Kernels.Linux_5_13, VdsoAbi.I386);
        byte[] patched = Vdso.Patched(Kernels.Linux_5_13, VdsoAbi.I386, Cpus.Find(cpu));
        Assert.Equal(expected, Bytes(patched, image.OffsetOf("__kernel_vsyscall"), 9));
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void Alternatives_stand_where_they_say_and_change_nothing_else(string release, VdsoAbi abi)
    {
        Vdso image = Make(release, abi);
        Assert.NotEmpty(image.Alternatives);
        foreach (CodeAlternative alternative in image.Alternatives)
        {
            Assert.Equal(alternative.Original, image.Bytes.Skip((int)alternative.Address).Take(alternative.Original.Length));
            byte[] patched = image.For(new HashSet<KernelFeature> { alternative.Feature });
            Assert.Equal(alternative.Replacement, patched.Skip((int)alternative.Address).Take(alternative.Replacement.Length));
        }

        Assert.Equal(image.Bytes, image.For(new HashSet<KernelFeature>()));
        HashSet<int> mayChange = [.. image.Alternatives.SelectMany(alternative => Enumerable.Range((int)alternative.Address, alternative.Original.Length))];
        byte[] all = image.For(new HashSet<KernelFeature>(Enum.GetValues<KernelFeature>()));
        Assert.All(Enumerable.Range(0, all.Length).Where(i => all[i] != image.Bytes[i]), i => Assert.Contains(i, mayChange));
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void Every_function_has_an_entry_in_the_search_table_of_the_unwinder(string release, VdsoAbi abi)
    {
        Vdso image = Make(release, abi);
        var elf = new RawElf([.. image.Bytes]);
        IReadOnlyList<(ulong Start, ulong End, bool IsSignal)> entries = elf.UnwindEntries();
        Assert.Equal(entries.OrderBy(entry => entry.Start), entries);
        foreach (VdsoSymbol symbol in image.Symbols)
        {
            bool isTrampoline = symbol.Name.EndsWith("sigreturn", StringComparison.Ordinal);
            ulong start = symbol.Offset - (isTrampoline ? 1u : 0);
            Assert.Contains((start, symbol.Offset + (ulong)symbol.Size, isTrampoline), entries);
        }
    }

    [Fact]
    public void An_image_of_a_kernel_with_an_unknown_data_page_is_refused_in_a_sentence()
    {
        byte[] bytes = [.. Make("6.12", VdsoAbi.X64).Bytes];
        int note = bytes.AsSpan().IndexOf("Linux\0"u8) + 8;
        Assert.Equal((6 << 16) | (12 << 8), BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(note)));
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(note), (6 << 16) | (13 << 8));
        var error = Assert.Throws<ElfFormatException>(() => VdsoReader.Read("new.so", bytes));
        Assert.Contains("new.so", error.Message, StringComparison.Ordinal);
        Assert.Contains("Linux 6.13, newer than Linux 6.12", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_image_is_refused_in_a_sentence_wherever_it_is_damaged()
    {
        byte[] whole = [.. Make("5.13", VdsoAbi.I386).Bytes];
        var random = new Random(7);
        for (int i = 0; i < 3000; i++)
        {
            byte[] bytes = whole[..random.Next(whole.Length)];
            for (int flips = 0; flips < 4 && bytes.Length > 0; flips++)
                bytes[random.Next(Math.Min(bytes.Length, 0x550))] = (byte)random.Next(256);
            if (Record.Exception(() => VdsoReader.Read("damaged", bytes)) is { } error)
                Assert.IsType<ElfFormatException>(error);
        }
    }

    internal static Vdso Make(string release, VdsoAbi abi) => Vdso.Of(VdsoGeneration.Of(release), abi);

    private static string Bytes(IEnumerable<byte> image, ulong offset, int count) =>
        string.Join(' ', image.Skip((int)offset).Take(count).Select(value => value.ToString("X2")));

    /// <summary>An ELF file read by hand, from the System V ABI and without the kit's readers.</summary>
    private sealed class RawElf(byte[] bytes)
    {
        private readonly bool _is64 = bytes[4] == 2;

        public ulong? FindByHash(string name)
        {
            int table = (int)Dynamic(4);
            uint hash = 0;
            foreach (char c in name)
            {
                hash = (hash << 4) + c;
                uint g = hash & 0xF0000000;
                if (g != 0)
                    hash ^= g >> 24;
                hash &= ~g;
            }

            uint buckets = Int(table);
            for (uint i = Int(table + 8 + (int)(hash % buckets) * 4); i != 0; i = Int(table + 8 + (int)(buckets + i) * 4))
            {
                if (Name(i) == name)
                    return Value(i);
            }

            return null;
        }

        public ulong? FindByGnuHash(string name)
        {
            int table = (int)Dynamic(0x6FFFFEF5), word = _is64 ? 8 : 4;
            uint hash = 5381;
            foreach (char c in name)
                hash = hash * 33 + c;
            uint buckets = Int(table), first = Int(table + 4), bloomWords = Int(table + 8), shift = Int(table + 12);
            uint bits = (uint)word * 8;
            int bloomAt = table + 16 + (int)(hash / bits % bloomWords) * word;
            ulong bloom = _is64 ? BitConverter.ToUInt64(bytes, bloomAt) : Int(bloomAt);
            if ((bloom >> (int)(hash % bits) & bloom >> (int)((hash >> (int)shift) % bits) & 1) == 0)
                return null;
            int chains = table + 16 + (int)bloomWords * word + (int)buckets * 4;
            for (uint i = Int(table + 16 + (int)bloomWords * word + (int)(hash % buckets) * 4); i != 0; i++)
            {
                uint there = Int(chains + (int)(i - first) * 4);
                if ((there | 1) == (hash | 1) && Name(i) == name)
                    return Value(i);
                if ((there & 1) != 0)
                    break;
            }

            return null;
        }

        public IReadOnlyList<(ulong Start, ulong End, bool IsSignal)> UnwindEntries()
        {
            int header = (int)Segment(0x6474E550);
            Assert.Equal([1, 0x1B, 3, 0x3B], bytes[header..(header + 4)]);
            return [.. Enumerable.Range(0, (int)Int(header + 8)).Select(i =>
            {
                ulong start = (ulong)(header + (int)Int(header + 12 + i * 8));
                int entry = header + (int)Int(header + 16 + i * 8);
                int common = entry + 4 - (int)Int(entry + 4);
                string augmentation = Encoding.ASCII.GetString(bytes, common + 9, 3).TrimEnd('\0', '\u0001');
                Assert.Equal(start, (ulong)(entry + 8 + (int)Int(entry + 8)));
                return (start, start + Int(entry + 12), augmentation == "zRS");
            })];
        }

        private string Name(uint symbol)
        {
            int at = (int)Dynamic(5) + (int)Int((int)Dynamic(6) + (int)symbol * (_is64 ? 24 : 16));
            return Encoding.ASCII.GetString(bytes, at, Array.IndexOf(bytes, (byte)0, at) - at);
        }

        private ulong Value(uint symbol) =>
            _is64 ? BitConverter.ToUInt64(bytes, (int)Dynamic(6) + (int)symbol * 24 + 8) : Int((int)Dynamic(6) + (int)symbol * 16 + 4);

        private ulong Dynamic(ulong tag)
        {
            int word = _is64 ? 8 : 4;
            for (int at = (int)Segment(2); ; at += 2 * word)
            {
                ulong there = _is64 ? BitConverter.ToUInt64(bytes, at) : Int(at);
                Assert.NotEqual(0ul, there);
                if (there == tag)
                    return _is64 ? BitConverter.ToUInt64(bytes, at + word) : Int(at + word);
            }
        }

        private ulong Segment(uint type)
        {
            int size = _is64 ? 56 : 32;
            int table = _is64 ? 64 : 52;
            int at = Enumerable.Range(0, 4).Select(i => table + i * size).First(at => Int(at) == type);
            return Int(at + (_is64 ? 8 : 4));
        }

        private uint Int(int at) => BitConverter.ToUInt32(bytes, at);
    }
}
