using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>
/// An image of the vDSO: a shared object that the kernel maps into every program, with which a program reads the time without entering the
/// kernel, and by which 32-bit programs enter it. The kit makes its own; one of a real kernel can stand in its place.
/// </summary>
public sealed class Vdso
{
    private const string ThisHost = "[vdso] of this computer";
    private readonly byte[] _bytes;

    internal Vdso(VdsoAbi abi, string release, VvarLayout data, byte[] bytes, IReadOnlyList<VdsoSymbol> symbols, IReadOnlyList<CodeAlternative> alternatives, ulong landingPad)
    {
        (Abi, Release, Data, _bytes, Symbols, Alternatives, LandingPad) = (abi, release, data, bytes, symbols, alternatives, landingPad);
    }

    /// <summary>Whose programs it is for.</summary>
    public VdsoAbi Abi { get; }

    /// <summary>The kernel that it belongs to, such as 5.13.</summary>
    public string Release { get; }

    /// <summary>What it exports.</summary>
    public IReadOnlyList<VdsoSymbol> Symbols { get; }

    /// <summary>What boot may replace in it; addresses are offsets in the image. Where two stand at one place the later wins.</summary>
    public IReadOnlyList<CodeAlternative> Alternatives { get; }

    /// <summary>Offset of the place where a fast 32-bit call goes on; 0 in other images.</summary>
    public ulong LandingPad { get; }

    /// <summary>The image before boot: an ELF file in whole pages.</summary>
    public IReadOnlyList<byte> Bytes => _bytes;

    /// <summary>Whether a real kernel's build made it, and not the kit.</summary>
    public bool IsForeign { get; internal init; }

    internal VvarLayout Data { get; }

    internal ReadOnlySpan<byte> Span => _bytes;

    internal int Pages => _bytes.Length / (int)KernelLayout.PageSize;

    /// <summary>The image that the kit makes for a kernel.</summary>
    /// <param name="kernel">Which kernel.</param>
    /// <param name="abi">Whose programs.</param>
    /// <exception cref="ArgumentException">The kit makes no vDSO for that kernel.</exception>
    public static Vdso Of(KernelGeneration kernel, VdsoAbi abi) => Of(VdsoGeneration.Of(kernel.Release), abi);

    /// <summary>The image of a kernel as its boot patches it for a processor.</summary>
    /// <param name="kernel">Which kernel.</param>
    /// <param name="abi">Whose programs.</param>
    /// <param name="cpu">Which processor.</param>
    /// <returns>The bytes.</returns>
    /// <exception cref="ArgumentException">The kit makes no vDSO for that kernel.</exception>
    public static byte[] Patched(KernelGeneration kernel, VdsoAbi abi, CpuModel cpu)
    {
        IReadOnlySet<KernelFeature> features = KernelOptions.None.FeaturesFor(cpu);
        return Of(VdsoGeneration.Of(kernel.Release), abi, features).For(features);
    }

    /// <summary>An image of a real kernel, from a file such as vdso64.so of its modules.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The image, which <see cref="LinuxMachine.Boot"/> takes in the place of the kit's own.</returns>
    /// <exception cref="ElfFormatException">It is no vDSO of x86, or of a kernel whose data page the kit does not know.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Vdso FromFile(string path) => VdsoReader.Read(path, File.ReadAllBytes(path));

    /// <summary>The image that the kernel of this computer has mapped into this process. Linux on x86-64 only.</summary>
    /// <exception cref="PlatformNotSupportedException">This process has none.</exception>
    /// <exception cref="ElfFormatException">It is of a kernel whose data page the kit does not know.</exception>
    public static Vdso OfThisHost() => VdsoReader.Read(ThisHost, HostVdso.Read());

    /// <summary>What the image exports that the kernel of this computer has mapped into this process, also where the kit does not know its data page. Linux on x86-64 only.</summary>
    /// <exception cref="PlatformNotSupportedException">This process has none.</exception>
    /// <exception cref="ElfFormatException">It cannot be read.</exception>
    public static IReadOnlyList<VdsoSymbol> SymbolsOfThisHost() => VdsoReader.ReadSymbols(ThisHost, HostVdso.Read());

    /// <summary>Where a symbol stands.</summary>
    /// <param name="name">Its name, such as __vdso_clock_gettime.</param>
    /// <returns>Its offset in the image, in bytes.</returns>
    /// <exception cref="ArgumentException">The image has no such symbol; the message names the nearest.</exception>
    public ulong OffsetOf(string name) => Find(name)
        ?? throw new ArgumentException($"The vDSO of Linux {Release} for {Abi} programs has no symbol '{name}'.{Suggestion.Question(name, Symbols.Select(symbol => symbol.Name))}", nameof(name));

    /// <inheritdoc/>
    public override string ToString() => $"vDSO of Linux {Release} for {Abi} programs";

    /// <summary>The image of a generation for a boot: where there are several, SYSCALL goes before SYSENTER, and that before <c>int $0x80</c>.</summary>
    internal static Vdso Of(VdsoGeneration generation, VdsoAbi abi, IReadOnlySet<KernelFeature>? features = null) => VdsoImages.Of(
        generation, abi, new KernelFeature?[] { KernelFeature.Syscall32, KernelFeature.Sysenter32 }.FirstOrDefault(entry => features?.Contains(entry!.Value) == true));

    internal ulong? Find(string name) => Symbols.FirstOrDefault(symbol => symbol.Name == name)?.Offset;

    /// <summary>The bytes with the alternatives of some features.</summary>
    internal byte[] For(IReadOnlySet<KernelFeature> features)
    {
        byte[] patched = [.. _bytes];
        foreach (CodeAlternative alternative in Alternatives.Where(alternative => features.Contains(alternative.Feature)))
            alternative.Replacement.CopyTo(patched, (int)alternative.Address);
        return patched;
    }
}
