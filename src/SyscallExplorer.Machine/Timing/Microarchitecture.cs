using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>
/// The timing of one microarchitecture: what each instruction and each event costs, the sizes of its TLBs and of its branch predictor,
/// and how fast its time-stamp counter runs. All of it is read from <c>data/microarchitectures</c>. Immutable.
/// </summary>
public sealed partial class Microarchitecture
{
    private const string ResourcePrefix = "microarchitectures/";

    /// <summary>Each is read when it is first asked for: a reader of one need not wait for all.</summary>
    private static readonly FrozenDictionary<string, Lazy<Microarchitecture>> _embedded = ResourceNames().ToFrozenDictionary(
        resource => resource, resource => new Lazy<Microarchitecture>(() => Parse(Text(resource), resource)), StringComparer.Ordinal);

    private static readonly Lazy<ImmutableArray<string>> _names = new(() => [.. _embedded.Values.Select(m => m.Value.Name).Order(StringComparer.Ordinal)]);

    private readonly FrozenDictionary<string, Figure> _byKey;
    private readonly ImmutableArray<Figure?> _byEvent;

    internal Microarchitecture(MicroarchitectureData data, string dataHash)
    {
        Name = data.Name;
        Vendor = data.Vendor;
        Part = data.Part;
        NominalGigahertz = data.NominalGigahertz;
        NominalGigahertzSource = data.NominalGigahertzSource;
        TscRatio = data.TscRatio;
        TscRatioSource = data.TscRatioSource;
        Tlb = data.Tlb;
        Predictor = data.Predictor;
        Pipeline = data.Pipeline;
        Figures = data.Figures;
        Base = data.Base;
        DataHash = dataHash;
        _byKey = data.Figures.ToFrozenDictionary(figure => figure.Key, StringComparer.Ordinal);
        _byEvent = [.. Enum.GetValues<TimingEvent>().Select(e => FigureIn(_byKey, e))];
        RefinedFigures = new RefinedFigures(this);
    }

    /// <summary>The names of the microarchitectures that come with the package, in alphabetical order.</summary>
    public static IReadOnlyList<string> Names => _names.Value;

    /// <summary>The microarchitecture's name, such as <c>Skylake</c>.</summary>
    public string Name { get; }

    /// <summary>The vendor: <c>Intel</c> or <c>AMD</c>.</summary>
    public string Vendor { get; }

    /// <summary>The part that stands for the microarchitecture.</summary>
    public string Part { get; }

    /// <summary>The clock at which the part is modelled, in GHz.</summary>
    public double NominalGigahertz { get; }

    /// <summary>Where <see cref="NominalGigahertz"/> is published.</summary>
    public string NominalGigahertzSource { get; }

    /// <summary>Ticks of the time-stamp counter for each core cycle, as a fraction in lowest terms.</summary>
    public (long Numerator, long Denominator) TscRatio { get; }

    /// <summary>What <see cref="TscRatio"/> rests on.</summary>
    public string TscRatioSource { get; }

    /// <summary>The sizes of the TLBs.</summary>
    public TlbGeometry Tlb { get; }

    /// <summary>The sizes of the branch predictor.</summary>
    public BranchPredictorGeometry Predictor { get; }

    /// <summary>What the Pipeline depth knows of the core.</summary>
    public PipelineGeometry Pipeline { get; }

    /// <summary>The name of the microarchitecture that it takes figures over from, or null.</summary>
    public string? Base { get; }

    /// <summary>All figures, by key; a figure's <see cref="Figure.Index"/> is its place here.</summary>
    public IReadOnlyList<Figure> Figures { get; }

    /// <summary>
    /// The SHA-256 of the file that the figures came from, followed by the file that it takes over the others from, if there is one; in lower-case
    /// hexadecimal digits.
    /// </summary>
    public string DataHash { get; }

    /// <summary>Gives a microarchitecture that comes with the package.</summary>
    /// <param name="name">One of <see cref="Names"/>; upper and lower case are the same.</param>
    /// <returns>The microarchitecture; the same object each time, as it never changes.</returns>
    /// <exception cref="ArgumentException">None has that name. The message proposes the nearest and lists all.</exception>
    public static Microarchitecture Load(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _embedded.TryGetValue(ResourceOf(name), out var found)
            ? found.Value
            : throw new ArgumentException(
                $"No microarchitecture is named '{name}'.{Suggestion.Question(name, Names)} Known microarchitectures: {string.Join(", ", Names)}.");
    }

    /// <summary>Reads a microarchitecture from the text of a file, as <c>docs/timing-data.md</c> describes it.</summary>
    /// <param name="json">The text.</param>
    /// <param name="origin">The file's name, for messages.</param>
    /// <returns>The microarchitecture.</returns>
    /// <exception cref="TimingDataException">The text is malformed. The message names the file, the key and what would be right.</exception>
    public static Microarchitecture Parse(string json, string origin)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(origin);
        var data = new MicroarchitectureReader(origin).Read(json);
        var text = data.Base is { } name ? json + Text(ResourceOf(name, origin)) : json;
        var hash = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text))).ToLowerInvariant();
        return new Microarchitecture(data, hash);
    }

    /// <summary>
    /// The figure of an instruction, by the first key of its chain that has one: its exact code, its special form, its mnemonic and operands,
    /// its class, the default of its operands. Meant to be called once for each decoded instruction, not for each executed one.
    /// </summary>
    /// <param name="instruction">A decoded instruction.</param>
    /// <returns>The figure; there always is one.</returns>
    public Figure FigureOf(in Instruction instruction)
    {
        foreach (var key in FigureKeys.Of(instruction))
        {
            if (_byKey.TryGetValue(key, out var figure))
                return figure;
        }

        throw new InvalidOperationException($"{Name} has no figure 'other'.");
    }

    /// <summary>The figure of an event.</summary>
    /// <param name="e">The event.</param>
    /// <returns>The figure; null for an event that costs nothing of its own here, which only <see cref="TimingEvent.CpuidFeatureLeaf"/> can be.</returns>
    public Figure? FigureOf(TimingEvent e) => _byEvent[(int)e];

    /// <summary>Figures by what an instruction does.</summary>
    internal RefinedFigures RefinedFigures { get; }

    /// <summary>The figure of an instruction that does a certain thing, or null where the file makes no difference.</summary>
    internal Figure? Refined(string key) => _byKey.GetValueOrDefault(key);

    private static Figure? FigureIn(FrozenDictionary<string, Figure> figures, TimingEvent e) =>
        figures.GetValueOrDefault(FigureKeys.Of(e)) ?? (e == TimingEvent.FredDelivery ? figures[FigureKeys.Of(TimingEvent.ExceptionDelivery)] : null);

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>What <see cref="Load"/> will give for a name, when somebody asks; the same object for the same name.</summary>
    internal static Lazy<Microarchitecture> Deferred(string name) =>
        _embedded.GetValueOrDefault(ResourceOf(name)) ?? new Lazy<Microarchitecture>(() => Load(name));

    /// <summary>What a file names as its base, which must be a whole file itself.</summary>
    /// <exception cref="TimingDataException">There is none of that name, or it has a base too.</exception>
    internal static Microarchitecture BaseOf(string name, string origin)
    {
        var found = _embedded[ResourceOf(name, origin)].Value;
        return found.Base is null
            ? found
            : throw new TimingDataException($"{origin}: 'base' names '{name}', which has a base itself. A base must have all its figures in its own file.");
    }

    private static string ResourceOf(string name) => $"{ResourcePrefix}{name.ToLowerInvariant()}.json";

    private static string ResourceOf(string name, string origin) =>
        ResourceNames().FirstOrDefault(candidate => candidate == ResourceOf(name))
        ?? throw new TimingDataException($"{origin}: 'base' names '{name}', of which there are no figures.");

    private static IEnumerable<string> ResourceNames() =>
        typeof(Microarchitecture).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(ResourcePrefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);

    private static string Text(string resource)
    {
        using var stream = typeof(Microarchitecture).Assembly.GetManifestResourceStream(resource)!;
        using var reader = new StreamReader(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        return reader.ReadToEnd();
    }
}
