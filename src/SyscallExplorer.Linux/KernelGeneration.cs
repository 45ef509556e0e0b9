using System.Security.Cryptography;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>One version of the kernel for one kind of processor.</summary>
public sealed class KernelGeneration
{
    private readonly Lazy<KernelImage> _image;
    private readonly Lazy<SyscallTable> _table64;
    private readonly Lazy<SyscallTable> _table32;
    private readonly Lazy<string> _hash;

    internal KernelGeneration(string name, string release, long releaseTime, Func<KernelImage> image)
    {
        Name = name;
        Release = release;
        ReleaseTime = releaseTime;
        _image = new Lazy<KernelImage>(image);
        _table64 = new Lazy<SyscallTable>(() => SyscallTable.Load($"linux-{release}", "x86_64"));
        _table32 = new Lazy<SyscallTable>(() => SyscallTable.Load($"linux-{release}", "i386"));
        _hash = new Lazy<string>(HashImage);
    }

    /// <summary>The name by which notebooks ask for it, such as Linux_5_13.</summary>
    public string Name { get; }

    /// <summary>The version, such as 5.13.</summary>
    public string Release { get; }

    /// <summary>System calls of 64-bit programs.</summary>
    public SyscallTable Table64 => _table64.Value;

    /// <summary>System calls of 32-bit programs.</summary>
    public SyscallTable Table32 => _table32.Value;

    /// <summary>SHA-256 of its guest code before boot, in hexadecimal.</summary>
    public string ImageHash => _hash.Value;

    internal KernelImage Image => _image.Value;

    /// <summary>What a system call's entry does for those who look at calls, and in which order.</summary>
    internal EntryWorkOrder EntryWork { get; init; } = EntryWorkOrder.Linux_5_13;

    /// <summary>Seconds since 1970 at which the guest's wall clock starts.</summary>
    internal long ReleaseTime { get; }

    /// <inheritdoc/>
    public override string ToString() => $"Linux {Release}";

    /// <summary>The function that a row leads to, which for 32-bit callers may be one of its own.</summary>
    internal static string FunctionOf(SyscallEntry entry, bool compat) => compat && entry.CompatEntry.Length > 0 ? entry.CompatEntry : entry.Entry;

    /// <summary>The kit's handler of a row, or null where the kit has none.</summary>
    internal SyscallHandler? HandlerOf(SyscallEntry entry, bool compat)
    {
        string own = FunctionOf(entry, compat);
        return HandlerTable.Linux_5_13.FirstOrDefault(handler => (compat ? handler.Entry32 : handler.Entry64) is { } name
            && (name == own || (compat && $"compat_{name}" == own)));
    }

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
    /// <summary>Linux 5.13 on x86-64, released on 2021-06-27: generic entry code, KPTI, retpolines.</summary>
    public static KernelGeneration Linux_5_13 { get; } = new("Linux_5_13", "5.13", 1_624_832_471, () => KernelImage.Linux_5_13);

    /// <summary>All of them.</summary>
    public static IReadOnlyList<KernelGeneration> All { get; } = [Linux_5_13];

    /// <summary>The kernel of a name or version: Linux_5_13, 5.13 and linux-5.13 are the same.</summary>
    /// <exception cref="ArgumentException">No kernel has that name; the message names the nearest and all.</exception>
    public static KernelGeneration Find(string name)
    {
        string version = name.Trim().ToUpperInvariant().Replace("LINUX", "", StringComparison.Ordinal).Trim('-', '_', ' ').Replace('_', '.');
        return All.FirstOrDefault(kernel => kernel.Release == version)
            ?? throw new ArgumentException(Suggestion.Sentence("No kernel is named", name, "Known kernels", All.Select(kernel => kernel.Name)), nameof(name));
    }
}
