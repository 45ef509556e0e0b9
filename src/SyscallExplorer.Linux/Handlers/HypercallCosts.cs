using System.Reflection;
using System.Security.Cryptography;
using System.Text.Json;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>What the work of each hypercall would cost if it were guest code: figures from <c>data/hypercalls</c>.</summary>
public sealed class HypercallCosts
{
    private readonly Dictionary<string, Figure> _figures;

    private HypercallCosts(Dictionary<string, Figure> figures, string hash)
    {
        _figures = figures;
        DataHash = hash;
    }

    /// <summary>SHA-256 of the data, in hexadecimal.</summary>
    public string DataHash { get; }

    /// <summary>All figures; their keys are names of handlers.</summary>
    public IReadOnlyCollection<Figure> Figures => _figures.Values;

    /// <summary>The figure of a handler.</summary>
    public Figure this[string name] => _figures[name];

    /// <summary>Reads the figures that the library carries.</summary>
    public static HypercallCosts Load(string kernel)
    {
        string resource = $"hypercalls/{kernel}.json";
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(resource)
            ?? throw new InvalidOperationException($"The library carries no figures {resource}.");
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        return Parse(memory.ToArray(), resource);
    }

    internal static HypercallCosts Parse(byte[] json, string origin)
    {
        const long clocksPerCycle = 256;
        using JsonDocument document = JsonDocument.Parse(json);
        var figures = new Dictionary<string, Figure>();
        foreach (JsonElement element in document.RootElement.GetProperty("figures").EnumerateArray())
        {
            string key = element.GetProperty("key").GetString() ?? "";
            string source = element.GetProperty("source").GetString() ?? "";
            long cycles = element.GetProperty("cycles").GetInt64();
            long low = element.GetProperty("low").GetInt64();
            long high = element.GetProperty("high").GetInt64();
            if (source.Length == 0 || low < 0 || low > cycles || cycles > high)
                throw new FormatException($"{origin}, figure '{key}': it needs a source, and 0 <= low <= cycles <= high.");
            if (!Enum.TryParse(element.GetProperty("confidence").GetString(), ignoreCase: true, out Confidence confidence))
                throw new FormatException($"{origin}, figure '{key}': the confidence is published, fitted or assumed.");
            string? note = element.TryGetProperty("note", out JsonElement text) ? text.GetString() : null;
            if (!figures.TryAdd(key, new Figure(figures.Count, key, cycles * clocksPerCycle, low * clocksPerCycle, high * clocksPerCycle, confidence, source, note)))
                throw new FormatException($"{origin}: the figure '{key}' stands there twice.");
        }

        return new HypercallCosts(figures, Convert.ToHexString(SHA256.HashData(json)).ToLowerInvariant());
    }
}
