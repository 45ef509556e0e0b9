using System.Collections.Immutable;
using System.Numerics;
using System.Text.Json;

namespace SyscallExplorer.Machine;

/// <summary>Reads the <c>pipeline</c> object of a file of figures.</summary>
internal sealed class PipelineReader(string origin, Func<JsonFields, Confidence> confidenceOf)
{
    private const int MostPorts = 32;

    public PipelineGeometry Read(JsonElement element)
    {
        var fields = new JsonFields(
            origin,
            "pipeline",
            element,
            [
                "issueWidth", "retireWidth", "reorderBuffer", "ports", "loads", "storeAddress", "storeData", "loadLatency", "storeForward", "mispredict",
                "l1i", "l1d", "l2", "l3", "memory", "source", "confidence",
            ]);
        var ports = ReadPorts(fields);
        return new PipelineGeometry(
            fields.Count("issueWidth"),
            fields.Count("retireWidth"),
            fields.Count("reorderBuffer"),
            ports,
            Set(fields, "loads", ports, mayBeNone: false),
            Set(fields, "storeAddress", ports, mayBeNone: true),
            Set(fields, "storeData", ports, mayBeNone: false),
            fields.Count("loadLatency"),
            fields.Count("storeForward"),
            fields.Count("mispredict"),
            Level(fields, "l1i", hasLatency: false),
            Level(fields, "l1d", hasLatency: false),
            Level(fields, "l2", hasLatency: true),
            Level(fields, "l3", hasLatency: true),
            fields.Count("memory"),
            fields.Text("source"),
            confidenceOf(fields));
    }

    private static ImmutableArray<string> ReadPorts(JsonFields fields)
    {
        var element = fields.Element("ports");
        var names = element.ValueKind == JsonValueKind.Array
            ? element.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.String ? item.GetString()! : "").ToImmutableArray()
            : [];
        var isGood = names.Length is > 0 and <= MostPorts && names.Distinct().Count() == names.Length
            && names.All(name => name.Length > 0 && name.All(char.IsAsciiLetterOrDigit));
        return isGood ? names : throw fields.Wrong("ports", $"it must be a list of 1 to {MostPorts} names of letters and digits, each once");
    }

    private static uint Set(JsonFields fields, string name, ImmutableArray<string> ports, bool mayBeNone)
    {
        if (mayBeNone && fields.Element(name) is { ValueKind: JsonValueKind.String } value && value.GetString() == "")
            return 0;
        var set = PortNotation.SetOf(fields.Text(name), ports, out var fault);
        return fault is null ? set : throw fields.Wrong(name, fault);
    }

    private CacheLevelGeometry Level(JsonFields fields, string name, bool hasLatency)
    {
        if (!fields.Has(name))
            return CacheLevelGeometry.None;
        string[] names = hasLatency ? ["kib", "ways", "latency"] : ["kib", "ways"];
        var level = new JsonFields(origin, $"pipeline, {name}", fields.Element(name), names);
        if (level.Number("kib") == 0)
            return CacheLevelGeometry.None;
        var (kib, ways) = (level.Count("kib"), level.Count("ways"));
        if (kib * 16 % ways != 0)
            throw level.Wrong("ways", $"it must divide the {kib * 16} lines of 64 bytes");
        return new CacheLevelGeometry(kib, ways, hasLatency ? level.Count("latency") : 0);
    }
}
