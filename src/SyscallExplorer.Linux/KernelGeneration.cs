using System.Security.Cryptography;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>One version of the kernel for one kind of processor.</summary>
public sealed class KernelGeneration
{
    private readonly KernelDesign? _design;
    private readonly Lazy<KernelImage> _image;
    private readonly Lazy<string> _hash;

    internal KernelGeneration(KernelDesign design, long releaseTime)
        : this(design.Traits, releaseTime, () => KernelImage.Build(design)) => _design = design;

    internal KernelGeneration(I386Design design, long releaseTime)
        : this(design.Traits, releaseTime, () => KernelImage.Build(design)) => I386Design = design;

    private KernelGeneration(KernelTraits traits, long releaseTime, Func<KernelImage> build)
    {
        Traits = traits;
        Release = traits.Version.ToString();
        Name = $"Linux_{Release.Replace('.', '_')}{(Is32Bit ? "_i386" : "")}";
        ReleaseTime = releaseTime;
        _image = new Lazy<KernelImage>(build);
        _hash = new Lazy<string>(HashImage);
    }

    /// <summary>The name by which notebooks ask for it, such as Linux_5_13.</summary>
    public string Name { get; }

    /// <summary>The version, such as 5.13.</summary>
    public string Release { get; }

    /// <summary>System calls of 64-bit programs.</summary>
    public SyscallTable Table64 => Traits.Tables.Table64;

    /// <summary>System calls of 32-bit programs.</summary>
    public SyscallTable Table32 => Traits.Tables.Table32;

    /// <summary>SHA-256 of its guest code before boot, in hexadecimal.</summary>
    public string ImageHash => _hash.Value;

    internal KernelImage Image => _image.Value;

    /// <summary>The design of a 64-bit kernel.</summary>
    internal KernelDesign Design => _design ?? throw new InvalidOperationException($"{this} is a 32-bit kernel.");

    /// <summary>The design of a 32-bit kernel, or null.</summary>
    internal I386Design? I386Design { get; }

    internal KernelTraits Traits { get; }

    /// <summary>Whether it is a 32-bit kernel, which runs in protected mode and has no 64-bit programs.</summary>
    public bool Is32Bit => Traits.Architecture.IsNative32;

    /// <summary>64 or 32.</summary>
    internal int Bitness => Is32Bit ? 32 : 64;

    /// <summary>What a system call's entry does for those who look at calls, and in which order.</summary>
    internal EntryWorkOrder EntryWork => I386Design?.EntryWork ?? Design.EntryWork;

    /// <summary>Seconds since 1970 at which the guest's wall clock starts.</summary>
    internal long ReleaseTime { get; }

    /// <inheritdoc/>
    public override string ToString() => Is32Bit ? $"Linux {Release} (i386)" : $"Linux {Release}";

    /// <summary>The function that a row leads to, which for 32-bit callers may be one of its own.</summary>
    internal static string FunctionOf(SyscallEntry entry, bool compat) => compat && entry.CompatEntry.Length > 0 ? entry.CompatEntry : entry.Entry;

    /// <summary>The kit's handler of a row, or null where the kit has none.</summary>
    internal SyscallHandler? HandlerOf(SyscallEntry entry, bool compat) => SyscallTables.HandlerOf(entry, compat ? SyscallAbi.Ia32 : SyscallAbi.Wide);

    private string HashImage()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (AssembledSection section in Image.Sections)
            hash.AppendData(section.Bytes);
        return Convert.ToHexString(hash.GetHashAndReset()).ToLowerInvariant();
    }
}

/// <summary>The kernels that the kit has.</summary>
public static class Kernels
{
    /// <summary>Linux 2.6.39 on x86-64, released on 2011-05-19: assembly throughout, a vsyscall page that runs, SYSEXIT for 32-bit programs.</summary>
    public static KernelGeneration Linux_2_6_39 { get; } = new(KernelDesigns.Linux_2_6_39, 1_305_777_906);

    /// <summary>Linux 4.4 on x86-64, released on 2016-01-10: a fast path in assembly, SYSRET where it happens to suit.</summary>
    public static KernelGeneration Linux_4_4 { get; } = new(KernelDesigns.Linux_4_4, 1_452_466_884);

    /// <summary>Linux 4.19 on x86-64, released on 2018-10-22: SYSCALL by a trampoline in the CPU's entry area.</summary>
    public static KernelGeneration Linux_4_19 { get; } = new(KernelDesigns.Linux_4_19, 1_540_213_677);

    /// <summary>Linux 4.20 on x86-64, released on 2018-12-23: KPTI, the entry stack, retpolines, calls that take the registers.</summary>
    public static KernelGeneration Linux_4_20 { get; } = new(KernelDesigns.Linux_4_20, 1_545_606_931);

    /// <summary>Linux 5.13 on x86-64, released on 2021-06-27: generic entry code, KPTI, retpolines.</summary>
    public static KernelGeneration Linux_5_13 { get; } = new(KernelDesigns.Linux_5_13, 1_624_832_471);

    /// <summary>Linux 6.1 on x86-64, released on 2022-12-11: IBRS or untrained returns at each entry, return thunks.</summary>
    public static KernelGeneration Linux_6_1 { get; } = new(KernelDesigns.Linux_6_1, 1_670_796_978);

    /// <summary>Linux 6.8 on x86-64, released on 2024-03-10: int 0x80 as an exception, VERW as the last step.</summary>
    public static KernelGeneration Linux_6_8 { get; } = new(KernelDesigns.Linux_6_8, 1_710_103_089);

    /// <summary>Linux 6.12 on x86-64, released on 2024-11-17: dispatch by comparisons, the branch history cleared at each entry.</summary>
    public static KernelGeneration Linux_6_12 { get; } = new(KernelDesigns.Linux_6_12, 1_731_881_848);

    /// <summary>All of them, the oldest first.</summary>
    public static IReadOnlyList<KernelGeneration> All { get; } = [Linux_2_6_39, Linux_4_4, Linux_4_19, Linux_4_20, Linux_5_13, Linux_6_1, Linux_6_8, Linux_6_12];

    /// <summary>Linux 2.6.39 on i386, released on 2011-05-19: system calls from the first instruction to the last in assembly.</summary>
    public static KernelGeneration Linux_2_6_39_i386 { get; } = new(I386Designs.Linux_2_6_39, 1_305_777_968);

    /// <summary>Linux 4.4 on i386, released on 2016-01-10: C behind a short entry.</summary>
    public static KernelGeneration Linux_4_4_i386 { get; } = new(I386Designs.Linux_4_4, 1_452_466_884);

    /// <summary>Linux 4.20 on i386, released on 2018-12-23: page-table isolation with PAE, the entry stack, retpolines.</summary>
    public static KernelGeneration Linux_4_20_i386 { get; } = new(I386Designs.Linux_4_20, 1_545_606_931);

    /// <summary>Linux 5.10 on i386, released on 2020-12-13: generic entry code, handlers that take the registers.</summary>
    public static KernelGeneration Linux_5_10_i386 { get; } = new(I386Designs.Linux_5_10, 1_607_899_264);

    /// <summary>The 32-bit kernels, the oldest first. They run on every processor; those after Linux 3.7 need a 486.</summary>
    public static IReadOnlyList<KernelGeneration> I386 { get; } = [Linux_2_6_39_i386, Linux_4_4_i386, Linux_4_20_i386, Linux_5_10_i386];

    /// <summary>The kernel of a name or version: Linux_5_13, 5.13 and linux-5.13 are the same.</summary>
    /// <exception cref="ArgumentException">No kernel has that name; the message names the nearest and all.</exception>
    public static KernelGeneration Find(string name)
    {
        string version = name.Trim().ToUpperInvariant().Replace("LINUX", "", StringComparison.Ordinal).Trim('-', '_', ' ').Replace('_', '.').Replace('-', '.');
        return All.Concat(I386).FirstOrDefault(kernel => version == kernel.Release + (kernel.Is32Bit ? ".I386" : ""))
            ?? throw new ArgumentException(Suggestion.Sentence("No kernel is named", name, "Known kernels", All.Concat(I386).Select(kernel => kernel.Name)), nameof(name));
    }
}
