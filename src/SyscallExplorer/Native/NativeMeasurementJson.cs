using System.Text.Json;
using System.Text.Json.Serialization;

namespace SyscallExplorer;

/// <summary>A measurement as a file, so that one machine's figures can be looked at on another.</summary>
public sealed partial record NativeMeasurement
{
    private const string CurrentFormat = "sysx-native-1";
    private static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter(allowIntegerValues: false) },
    };

    /// <summary>The file's format, the same in every measurement.</summary>
    [JsonInclude]
    [JsonPropertyOrder(-1)]
    internal string Format { get; init; } = CurrentFormat;

    /// <summary>The measurement as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, s_json);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <param name="text">The JSON.</param>
    /// <exception cref="FormatException">It is no measurement; the message says where and what would be right.</exception>
    public static NativeMeasurement FromJson(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        NativeMeasurement? measurement;
        try
        {
            measurement = JsonSerializer.Deserialize<NativeMeasurement>(text, s_json);
        }
        catch (JsonException error)
        {
            string place = error.LineNumber is { } line ? $" at line {line + 1}" : "";
            throw new FormatException($"This is no native measurement{place}: {error.Message.Split(" Path:")[0]} NativeMeasurement.ToJson writes one.", error);
        }

        if (measurement is null)
            throw new FormatException("This is no native measurement, but null: NativeMeasurement.ToJson writes one.");
        if (NativeCheck.Problem(measurement, CurrentFormat) is { } problem)
            throw new FormatException($"This is no native measurement: {problem}.");
        return measurement;
    }
}
