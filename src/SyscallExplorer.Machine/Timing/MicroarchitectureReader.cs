using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Numerics;
using System.Text.Json;

namespace SyscallExplorer.Machine;

/// <summary>Reads a file of timing figures and checks it, so that whatever is wrong is said in a sentence.</summary>
internal sealed class MicroarchitectureReader(string origin)
{
    private static readonly string[] _vendors = ["Intel", "AMD"];

    private static readonly (string Name, Confidence Value)[] _confidences =
        [("published", Confidence.Published), ("fitted", Confidence.Fitted), ("assumed", Confidence.Assumed)];

    /// <summary>Reads the text.</summary>
    /// <exception cref="TimingDataException">It is malformed.</exception>
    public MicroarchitectureData Read(string json)
    {
        using var document = Parse(json);
        var root = Fields("the file", document.RootElement, "name", "vendor", "part", "nominalGigahertz", "tscRatio", "tlb", "branchPredictor", "pipeline", "base", "figures");
        var inherited = root.OptionalText("base") is { } name ? Microarchitecture.BaseOf(name, origin) : null;
        var pipeline = ReadPipeline(root, inherited);
        var vendor = root.Text("vendor");
        if (!_vendors.Contains(vendor))
            throw root.Wrong("vendor", $"'{vendor}' is no known vendor; it must be {string.Join(" or ", _vendors)}");

        var clock = Fields("nominalGigahertz", root.Element("nominalGigahertz"), "value", "source");
        var gigahertz = clock.Number("value");
        if (gigahertz <= 0)
            throw clock.Wrong("value", "it must be a clock in GHz above zero");

        var ratio = Fields("tscRatio", root.Element("tscRatio"), "numerator", "denominator", "source");
        return new MicroarchitectureData(
            root.Text("name"),
            vendor,
            root.Text("part"),
            (double)gigahertz,
            clock.Text("source"),
            LowestTerms(ratio.Count("numerator"), ratio.Count("denominator")),
            ratio.Text("source"),
            ReadTlb(root.Element("tlb")),
            ReadPredictor(root.Element("branchPredictor")),
            pipeline,
            ReadFigures(root.Element("figures"), pipeline, inherited),
            root.OptionalText("base"));
    }

    private JsonDocument Parse(string json)
    {
        try
        {
            return JsonDocument.Parse(json);
        }
        catch (JsonException e)
        {
            throw new TimingDataException($"{origin}: this is not JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}. A file of timing figures is one JSON object.", e);
        }
    }

    private PipelineGeometry ReadPipeline(JsonFields root, Microarchitecture? inherited)
    {
        if (inherited is null || root.Has("pipeline"))
            return new PipelineReader(origin, ReadConfidence).Read(root.Element("pipeline"));
        var source = $"assumed to be as on {inherited.Name}: {inherited.Pipeline.Source}";
        return inherited.Pipeline with { Confidence = Confidence.Assumed, Source = source };
    }

    private TlbGeometry ReadTlb(JsonElement element)
    {
        var tlb = Fields(
            "tlb",
            element,
            "l1InstructionEntries",
            "l1InstructionWays",
            "l1Instruction2MEntries",
            "l1DataEntries",
            "l1DataWays",
            "l1Data2MEntries",
            "l2Entries",
            "l2Ways",
            "l2Holds2M",
            "source",
            "confidence");
        return new TlbGeometry(
            tlb.Count("l1InstructionEntries"),
            Ways(tlb, "l1InstructionWays", "l1InstructionEntries"),
            tlb.Count("l1Instruction2MEntries"),
            tlb.Count("l1DataEntries"),
            Ways(tlb, "l1DataWays", "l1DataEntries"),
            tlb.Count("l1Data2MEntries"),
            tlb.Count("l2Entries"),
            Ways(tlb, "l2Ways", "l2Entries"),
            tlb.Flag("l2Holds2M"),
            tlb.Text("source"),
            ReadConfidence(tlb));
    }

    private static int Ways(JsonFields tlb, string ways, string entries)
    {
        var count = tlb.Count(ways);
        return tlb.Count(entries) % count == 0 ? count : throw tlb.Wrong(ways, $"it must divide {entries}, which is {tlb.Count(entries)}");
    }

    private BranchPredictorGeometry ReadPredictor(JsonElement element)
    {
        var predictor = Fields("branchPredictor", element, "conditionalCounters", "targetEntries", "returnStackEntries", "taken", "source", "confidence");
        return new BranchPredictorGeometry(
            PowerOfTwo(predictor, "conditionalCounters"),
            PowerOfTwo(predictor, "targetEntries"),
            predictor.Count("returnStackEntries"),
            ReadTaken(predictor.Element("taken")),
            predictor.Text("source"),
            ReadConfidence(predictor));
    }

    private TakenBranchGeometry ReadTaken(JsonElement element)
    {
        var taken = Fields("branchPredictor, taken", element, "jump", "indirect", "call", "return", "unknown", "ahead", "source", "confidence");
        return new TakenBranchGeometry(
            taken.Count("jump"),
            taken.Count("indirect"),
            taken.Count("call"),
            taken.Count("return"),
            taken.CountOrNone("unknown"),
            taken.CountOrNone("ahead"),
            taken.Text("source"),
            ReadConfidence(taken));
    }

    private static int PowerOfTwo(JsonFields fields, string name)
    {
        var value = fields.Count(name);
        return BitOperations.IsPow2(value) ? value : throw fields.Wrong(name, $"it must be a power of two, not {value}");
    }

    /// <summary>
    /// A figure of another core as one of this: an assumption, whatever it was there, that may be off by a factor of two beyond its own interval.
    /// </summary>
    private static Figure Assume(Figure figure, string other, PortTranslation ports) => figure with
    {
        Timing = figure.Timing is { } timing ? ports.Translate(timing) : null,
        Low = figure.Low / 2,
        High = figure.High * 2,
        Confidence = Confidence.Assumed,
        Source = $"assumed to be as on {other}: {figure.Source}",
    };

    private ImmutableArray<Figure> ReadFigures(JsonElement element, PipelineGeometry pipeline, Microarchitecture? inherited)
    {
        if (element.ValueKind != JsonValueKind.Array)
            throw new TimingDataException($"{origin}: 'figures' must be an array of figures.");
        var figures = ImmutableArray.CreateBuilder<Figure>(element.GetArrayLength());
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in element.EnumerateArray())
        {
            var figure = ReadFigure(item, figures.Count, pipeline);
            if (!seen.Add(figure.Key))
                throw new TimingDataException($"{origin}: the figure '{figure.Key}' is there twice. Keep one of the two.");
            if (figures.Count > 0 && string.CompareOrdinal(figures[^1].Key, figure.Key) > 0)
                throw new TimingDataException($"{origin}: the figure '{figure.Key}' stands after '{figures[^1].Key}'. Figures are sorted by key, in ordinal order.");
            figures.Add(figure);
        }

        if (inherited is not null)
        {
            var ports = new PortTranslation(inherited.Pipeline, pipeline);
            var optional = FigureKeys.OptionalEvents.Select(FigureKeys.Of).ToArray();
            var own = seen.ToFrozenSet(StringComparer.Ordinal);

            // What another core does in a certain case says nothing beside a figure that is this one's own.
            bool Fits(Figure figure) => !optional.Contains(figure.Key) && (RefinedFigures.Refines(figure.Key) is not { } plain || !own.Contains(plain));
            foreach (var figure in inherited.Figures.Where(figure => Fits(figure) && seen.Add(figure.Key)))
                figures.Add(Assume(figure, inherited.Name, ports));
        }

        figures.Sort((a, b) => string.CompareOrdinal(a.Key, b.Key));
        for (var i = 0; i < figures.Count; i++)
            figures[i] = figures[i] with { Index = i };

        var missing = FigureKeys.Required.Concat(Enum.GetValues<TimingEvent>().Except(FigureKeys.OptionalEvents).Select(FigureKeys.Of))
            .FirstOrDefault(key => !seen.Contains(key));
        return missing is null
            ? figures.ToImmutable()
            : throw new TimingDataException($"{origin}: there is no figure '{missing}'. Every file must have one, so that every instruction and event has a cost.");
    }

    private Figure ReadFigure(JsonElement element, int index, PipelineGeometry pipeline)
    {
        var key = element.ValueKind == JsonValueKind.Object && element.TryGetProperty("key", out var name) && name.ValueKind == JsonValueKind.String
            ? name.GetString()!
            : throw new TimingDataException($"{origin}: figure number {index + 1} has no 'key'. It must be a text that says what the figure is the cost of.");
        var fields = Fields($"the figure '{key}'", element, "key", "cycles", "low", "high", "uops", "latency", "ports", "unit", "confidence", "source", "note");
        if (FigureVocabulary.Fault(key) is { } fault)
            throw new TimingDataException($"{origin}: the figure '{key}' can never be used. {fault}");
        var unit = fields.Text("unit");
        if (unit != "cycles")
            throw fields.Wrong("unit", $"it must be 'cycles', the clock cycles of the core, not '{unit}'");
        var (cycles, low, high) = (fields.Number("cycles"), fields.Number("low"), fields.Number("high"));
        if (low < 0)
            throw fields.Wrong("low", $"a cost cannot be negative, and this is {Text(low)}");
        if (low > high)
            throw fields.Wrong("low", $"it is {Text(low)}, above 'high', which is {Text(high)}; the interval must run from low to high");
        if (cycles < low || cycles > high)
            throw fields.Wrong("cycles", $"{Text(cycles)} must lie in the interval from {Text(low)} to {Text(high)}");
        return new Figure(index, key, Units(cycles), Units(low), Units(high), ReadConfidence(fields), fields.Text("source"), fields.OptionalText("note"))
        {
            Timing = ReadTiming(fields, pipeline),
        };
    }

    private static InstructionTiming? ReadTiming(JsonFields fields, PipelineGeometry pipeline)
    {
        string[] names = ["uops", "latency", "ports"];
        if (!names.Any(fields.Has))
            return null;
        var uops = fields.Number("uops");
        if (uops is < 0 or > 1000 || uops != decimal.Truncate(uops))
            throw fields.Wrong("uops", "it must be a whole number from 0 to 1000");
        var latency = fields.Number("latency");
        if (latency is < 0 or > 100_000 || latency != decimal.Truncate(latency))
            throw fields.Wrong("latency", "it must be a whole number of cycles from 0 to 100000");
        var ports = fields.Element("ports");
        if (ports.ValueKind != JsonValueKind.String)
            throw fields.Wrong("ports", "it must be a text such as 'p0|p1 + p2|p3', empty when the instruction needs no port");
        var uses = PortNotation.Read(ports.GetString()!, pipeline.Ports, out var fault);
        return fault is null ? new InstructionTiming((int)uops, (int)latency, uses) : throw fields.Wrong("ports", fault);
    }

    private static Confidence ReadConfidence(JsonFields fields)
    {
        var text = fields.Text("confidence");
        foreach (var (name, value) in _confidences)
        {
            if (name == text)
                return value;
        }

        throw fields.Wrong("confidence", $"'{text}' is none of {string.Join(", ", _confidences.Select(c => c.Name))}");
    }

    private JsonFields Fields(string place, JsonElement element, params string[] names) => new(origin, place, element, names);

    private static long Units(decimal cycles) => (long)decimal.Round(cycles * Figure.UnitsPerCycle, MidpointRounding.AwayFromZero);

    private static string Text(decimal value) => value.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static (long Numerator, long Denominator) LowestTerms(long numerator, long denominator)
    {
        var divisor = (long)BigInteger.GreatestCommonDivisor(numerator, denominator);
        return (numerator / divisor, denominator / divisor);
    }
}
