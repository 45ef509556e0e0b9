using System.Security.Cryptography;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>The images that a machine has for its programs; null where the command line switched one off.</summary>
/// <param name="Wide">Of 64-bit programs.</param>
/// <param name="Narrow">Of 32-bit programs.</param>
internal sealed record VdsoSet(Vdso? Wide, Vdso? Narrow)
{
    /// <summary>Frames of the data page and of the images.</summary>
    public const ulong DataPhysical = 0x0320_0000, WidePhysical = 0x0321_0000, NarrowPhysical = 0x0322_0000, X32Physical = 0x0324_0000;

    /// <summary>Of x32 programs, where the kernel runs them.</summary>
    public Vdso? X32 { get; init; }

    /// <summary>Pages that an image may have.</summary>
    public const int MaxPages = 16;

    /// <summary>The images of a boot.</summary>
    /// <exception cref="ArgumentException">One reads another data page than the kernel writes, or two are for the same programs.</exception>
    public static VdsoSet Of(KernelGeneration kernel, KernelOptions options, IReadOnlySet<KernelFeature> features, IReadOnlyList<Vdso> given)
    {
        foreach (Vdso image in given)
            Check(kernel, image, given);
        return new(Choose(VdsoAbi.X64, options.HasVdso && !kernel.Is32Bit), Choose(VdsoAbi.I386, options.HasVdso32))
        {
            X32 = Choose(VdsoAbi.X32, options.HasVdso && kernel.Traits.X32NrSyscalls > 0),
        };

        Vdso? Choose(VdsoAbi abi, bool isWanted) =>
            isWanted ? given.FirstOrDefault(image => image.Abi == abi) ?? Vdso.Of(VdsoGeneration.Of(kernel.Release), abi, features) : null;
    }

    private static void Check(KernelGeneration kernel, Vdso image, IReadOnlyList<Vdso> given)
    {
        VvarLayout own = VdsoGeneration.Of(kernel.Release).Data;
        if (!image.Data.HasFieldsOf(own))
            throw new ArgumentException($"The {image} reads another data page than {kernel} writes: boot a kernel of its own version.", nameof(image));
        if (kernel.Is32Bit && image.Abi != VdsoAbi.I386)
            throw new ArgumentException($"The {image} would serve nobody: {kernel} has 32-bit programs only.", nameof(image));
        if (image.Abi == VdsoAbi.X32 && kernel.Traits.X32NrSyscalls == 0)
            throw new ArgumentException($"The {image} would serve nobody: {kernel} runs no x32 programs.", nameof(image));
        if (given.Count(other => other.Abi == image.Abi) > 1)
            throw new ArgumentException($"Two images are for {image.Abi} programs; a machine has one.", nameof(image));
    }

    /// <summary>SHA-256 of all, in hexadecimal.</summary>
    public string Hash => Convert.ToHexString(SHA256.HashData([.. Wide?.Bytes ?? [], .. Narrow?.Bytes ?? [], .. X32?.Bytes ?? []])).ToLowerInvariant();

    /// <summary>The image for programs of a width.</summary>
    public Vdso? For(int bitness) => bitness == 64 ? Wide : Narrow;

    private (Vdso? Image, ulong Physical) For(MemoryMap map) =>
        map.IsX32 ? (X32, X32Physical) : map.Bitness == 64 ? (Wide, WidePhysical) : (Narrow, NarrowPhysical);

    /// <summary>Puts the images into memory, patched for the processor, and the first values of the clocks.</summary>
    public void Write(PhysicalMemory ram, IReadOnlySet<KernelFeature> features, VvarLayout layout, ReadOnlySpan<byte> timekeeper)
    {
        if (Wide is not null)
            ram.Write(WidePhysical, Wide.For(features));
        if (Narrow is not null)
            ram.Write(NarrowPhysical, Narrow.For(features));
        if (X32 is not null)
            ram.Write(X32Physical, X32.For(features));
        byte[] page = new byte[KernelLayout.PageSize];
        VvarPage.WriteFirst(page, layout, timekeeper);
        ram.Write(DataPhysical, page);
    }

    /// <summary>Maps an image behind its data, and tells guest code where it is.</summary>
    /// <param name="ram">The machine's.</param>
    /// <param name="memory">Whose addresses.</param>
    /// <param name="start">Where the data begins, or null for where mmap looks; the size is asked for first.</param>
    /// <returns>Where the image begins, or null without one.</returns>
    public ulong? Map(PhysicalMemory ram, AddressSpace memory, Func<ulong, ulong?> start)
    {
        if (For(memory.Map) is not ({ } image, var physical))
            return null;
        ulong dataSize = (ulong)image.Data.Pages * KernelLayout.PageSize, size = (ulong)image.Pages * KernelLayout.PageSize;
        if (start(dataSize + size) is not { } data)
            return null;
        ulong text = data + dataSize;
        if (dataSize > 0)
            memory.Add(new VmArea(data, text, true, false, false, "[vvar]") { Backing = new KernelPages(DataPhysical, 1, IsImage: false), MayWrite = false });
        memory.Add(new VmArea(text, text + size, true, false, true, "[vdso]") { Backing = new KernelPages(physical, image.Pages, IsImage: true) });
        Tell(ram, memory.Map.Frame, text);
        return text;
    }

    /// <summary>The image of an address space stands elsewhere: what guest code knows follows.</summary>
    public void Tell(PhysicalMemory ram, ulong frame, ulong text)
    {
        ram.WriteUInt64(frame + TaskLayout.MmVdso, text);
        ram.WriteUInt64(frame + TaskLayout.MmLandingPad, text + (Narrow?.LandingPad ?? 0));
    }

    /// <summary>Where handlers of 32-bit programs return to; nowhere without an image, and then the frame has the code.</summary>
    public SignalTrampolines Trampolines(ulong text) => text == 0 || Narrow is null ? default
        : new SignalTrampolines(text + Narrow.OffsetOf(KernelEntryStubs.Sigreturn), text + Narrow.OffsetOf(KernelEntryStubs.RtSigreturn));
}
