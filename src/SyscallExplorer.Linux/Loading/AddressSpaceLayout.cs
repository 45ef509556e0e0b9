namespace SyscallExplorer.Linux;

/// <summary>What decides about the layout of a new address space.</summary>
internal sealed record AddressSpaceRequest
{
    /// <summary>32 or 64.</summary>
    public required int Bitness { get; init; }

    /// <summary>The personality under the new program.</summary>
    public Personality Personality { get; init; }

    /// <summary>kernel.randomize_va_space: 0 for nothing, 1 for all but the heap, 2 for the heap too. norandmaps makes it 0.</summary>
    public int RandomizeVaSpace { get; init; } = 2;

    /// <summary>The soft limit of the stack's size, in bytes.</summary>
    public ulong StackLimit { get; init; } = UserSpace.StackSize;

    /// <summary>The first address that no 32-bit program may use.</summary>
    public ulong Limit32 { get; init; } = UserSpace.Limit32;

    /// <summary>Where the random bits come from.</summary>
    public ExecRandomness Random { get; init; }
}

/// <summary>Where mmap looks for room.</summary>
/// <param name="Top">Where a search downwards begins.</param>
/// <param name="Bottom">Where a search upwards begins: the only one in the old layout, else the second when the first finds nothing.</param>
/// <param name="Limit">Address behind the last.</param>
/// <param name="IsUpward">Whether there is only the search upwards.</param>
internal sealed record MmapRegion(ulong Top, ulong Bottom, ulong Limit, bool IsUpward);

/// <summary>
/// Where things stand in a new address space: a third, two thirds, the gap below the stack, and the random bits of each, as Linux 5.13 on
/// x86-64 has them. Without randomisation it is what <c>setarch -R</c> shows. proc(5), personality(2), setarch(8), and observation.
/// </summary>
internal sealed record AddressSpaceLayout
{
    /// <summary>What stays free between the stack and whatever lies below it: stack_guard_gap of 256 pages.</summary>
    public const ulong StackGuardGap = 256 * KernelLayout.PageSize;

    /// <summary>How far the stack of a new program reaches below its strings, as far as the limit allows.</summary>
    public const ulong StackReserve = 128 << 10;

    private const ulong PageMask = KernelLayout.PageSize - 1;
    private const ulong SmallestGap = 128 << 20;
    private const ulong HeapRange = 32 << 20;
    private const ulong StackPointerRange = 8192;
    private const ulong StackAlignment = 16;
    private const ulong LargePageMask = KernelLayout.LargePageSize - 1;
    private const ulong AboveThird32 = 16 << 20;

    private readonly AddressSpaceRequest _request;

    private AddressSpaceLayout(AddressSpaceRequest request)
    {
        _request = request;
        TaskSize = request.Bitness == 64 ? TaskSize64 : TaskSize32;
        ulong pages = Draw(SeededBytes.StackTop) & StackRandomPages(request.Bitness);
        StackTop = KernelLayout.PageUp(AlignStack(TaskSize - pages * KernelLayout.PageSize, SeededBytes.StackPage));
        const int bits64 = 28, bits32 = 8;
        Mmap64 = RegionOf(TaskSize64, 64, Draw(SeededBytes.Mmap64) & ((1ul << bits64) - 1));
        Mmap32 = RegionOf(TaskSize32, 32, Draw(SeededBytes.Mmap32) & ((1ul << bits32) - 1));
        ulong shift = Draw(SeededBytes.LoadBias) & ((1ul << (request.Bitness == 64 ? bits64 : bits32)) - 1);
        ImageBase = UnrandomizedImageBase + shift * KernelLayout.PageSize;
    }

    /// <summary>32 or 64.</summary>
    public int Bitness => _request.Bitness;

    /// <summary>Address behind the last that a program may use.</summary>
    public ulong TaskSize { get; }

    /// <summary>Address behind the stack.</summary>
    public ulong StackTop { get; }

    /// <summary>Where mmap searches, for calls by the way of the program's own width.</summary>
    public MmapRegion Mmap => MmapFor(Bitness);

    /// <summary>Where a position-independent program with an interpreter goes, before its alignment is looked at.</summary>
    public ulong ImageBase { get; }

    /// <summary>Whether anything is random.</summary>
    public bool IsRandom => _request.RandomizeVaSpace != 0 && !_request.Personality.HasFlag(Personality.NoRandomization);

    /// <summary>READ_IMPLIES_EXEC: mappings that may be read, the heap and the zeroes behind a segment may be executed too.</summary>
    public bool ReadImpliesExecute => _request.Personality.HasFlag(Personality.ReadImpliesExecute);

    /// <summary>Whether the kernel maps a page at address 0 for the program.</summary>
    public bool MapsPageZero => _request.Personality.HasFlag(Personality.MapPageZero);

    private static ulong TaskSize64 => KernelLayout.UserAddressLimit;

    private ulong TaskSize32 => _request.Personality.HasFlag(Personality.LimitOf3GiB) ? 0xC000_0000 : _request.Limit32;

    private MmapRegion Mmap64 { get; }

    private MmapRegion Mmap32 { get; }

    private ulong UnrandomizedImageBase => Bitness == 64 ? TaskSize64 / 3 * 2 : KernelLayout.PageUp(TaskSize32 / 3) + AboveThird32;

    /// <summary>Lays out an address space.</summary>
    public static AddressSpaceLayout Of(AddressSpaceRequest request) => new(request);

    /// <summary>Where mmap searches for a system call of a width, which a program may choose for each call.</summary>
    public MmapRegion MmapFor(int bitness) => bitness == 64 ? Mmap64 : Mmap32;

    /// <summary>
    /// What is added to the addresses of a program, or null when mmap decides: for a position-independent program without interpreter,
    /// which is a dynamic linker that was started by hand, or a static PIE.
    /// </summary>
    public ulong? BiasOf(ElfFile program)
    {
        if (!program.IsPositionIndependent || program.Segments.Count == 0)
            return 0;
        if (program.Interpreter is null)
            return null;
        ulong start = LargestAlignment(program) is { } alignment ? ImageBase & ~(alignment - 1) : ImageBase;
        return (start - program.Segments[0].Address) & ~PageMask;
    }

    /// <summary>Where the heap begins.</summary>
    /// <param name="program">The program.</param>
    /// <param name="imageEnd">The end of its image, in whole pages.</param>
    public ulong BreakStart(ElfFile program, ulong imageEnd)
    {
        if (!IsRandom || _request.RandomizeVaSpace < 2)
            return imageEnd;

        // A program that mmap has placed has no room above itself, so that its heap goes where other programs' images are.
        ulong start = program is { IsPositionIndependent: true, Interpreter: null } ? UnrandomizedImageBase : imageEnd;
        return KernelLayout.PageUp(start) + Draw(SeededBytes.Break) % (HeapRange / KernelLayout.PageSize) * KernelLayout.PageSize;
    }

    /// <summary>The stack pointer below the strings: up to 8 KiB lower, and aligned.</summary>
    public ulong AlignStackPointer(ulong pointer) => AlignStack(pointer, SeededBytes.StackPointer);

    /// <summary>
    /// Where the 64-bit vDSO would like to stand: above the stack, as far as its last level of page tables reaches. mmap decides when this
    /// is null or not free, and for a 32-bit program always.
    /// </summary>
    /// <param name="stringsStart">Address of the lowest string on the stack.</param>
    /// <param name="size">Bytes of the vDSO with its data pages.</param>
    public ulong? VdsoHint(ulong stringsStart, ulong size)
    {
        if (Bitness == 32)
            return null;
        ulong start = KernelLayout.PageUp(stringsStart);
        ulong end = Math.Min((start + LargePageMask) & ~LargePageMask, TaskSize);
        ulong pages = end > start + size ? (end - start - size) / KernelLayout.PageSize : 0;
        ulong hint = start + Draw(SeededBytes.Vdso) % (pages + 1) * KernelLayout.PageSize;
        return hint <= TaskSize - size ? hint : null;
    }

    /// <summary>The first address of the stack's area when a program starts: what its strings need and a reserve.</summary>
    public ulong StackStart(ulong stringsStart)
    {
        ulong used = StackTop - (stringsStart & ~PageMask);
        ulong limit = _request.StackLimit & ~PageMask;
        return StackTop - Math.Max(used, Math.Min(limit, used + StackReserve));
    }

    /// <summary>Random words when there are any.</summary>
    private ulong Draw(int stream) => IsRandom ? _request.Random.Word(stream) : 0;

    private ulong AlignStack(ulong address, int stream) => (address - Draw(stream) % StackPointerRange) & ~(StackAlignment - 1);

    /// <summary>By how many pages the stack's end can be moved down, as a mask: 16 GiB, or 8 MiB in a 32-bit program.</summary>
    private static ulong StackRandomPages(int bitness) => bitness == 64 ? 0x3F_FFFFul : 0x7FF;

    private MmapRegion RegionOf(ulong taskSize, int bitness, ulong randomPages)
    {
        ulong random = randomPages * KernelLayout.PageSize;
        ulong largestGap = taskSize / 6 * 5;
        ulong pad = StackGuardGap + (IsRandom ? StackRandomPages(bitness) * KernelLayout.PageSize : 0);
        ulong gap = _request.StackLimit > ulong.MaxValue - pad ? largestGap : _request.StackLimit + pad;
        ulong top = KernelLayout.PageUp(taskSize - Math.Clamp(gap, SmallestGap, largestGap) - random);
        ulong bottom = KernelLayout.PageUp(taskSize / 3) + random;
        bool upward = _request.Personality.HasFlag(Personality.OldLayout);
        return new MmapRegion(upward ? bottom : top, bottom, taskSize, upward);
    }

    /// <summary>The largest p_align that is a power of two, in whole pages; others are passed over.</summary>
    private static ulong? LargestAlignment(ElfFile program)
    {
        ulong[] alignments = [.. program.Segments.Select(segment => segment.Alignment).Where(ulong.IsPow2)];
        return alignments is [] ? null : KernelLayout.PageUp(alignments.Max());
    }
}
