using System.Text.Json;

namespace SyscallExplorer.Machine;

/// <summary>The fields of one JSON object in a file of timing figures. Each is read as what it must be, or the fault is said in a sentence.</summary>
internal sealed class JsonFields
{
    private const decimal Largest = 1_000_000_000m;

    private readonly string _origin;
    private readonly string _place;
    private readonly Dictionary<string, JsonElement> _values = new(StringComparer.Ordinal);

    /// <summary>Takes an object's fields.</summary>
    /// <exception cref="TimingDataException">It is no object, or has a field of another name or one twice.</exception>
    public JsonFields(string origin, string place, JsonElement element, string[] names)
    {
        _origin = origin;
        _place = place;
        if (element.ValueKind != JsonValueKind.Object)
            throw new TimingDataException($"{origin}: {place} must be a JSON object with {string.Join(", ", names)}.");
        foreach (var property in element.EnumerateObject())
        {
            if (!names.Contains(property.Name))
                throw Wrong(property.Name, $"there is no such field.{Suggestion.Question(property.Name, names)} The fields are {string.Join(", ", names)}");
            if (!_values.TryAdd(property.Name, property.Value))
                throw Wrong(property.Name, "the field is there twice; keep one of the two");
        }
    }

    /// <summary>The sentence about a field, as an exception.</summary>
    public TimingDataException Wrong(string field, string sentence) => new($"{_origin}: {_place}, '{field}': {sentence}.");

    /// <summary>The field's value, which must be there.</summary>
    public JsonElement Element(string field) => _values.TryGetValue(field, out var value) ? value : throw Wrong(field, "the field is missing, and it must be there");

    /// <summary>Whether the field is there.</summary>
    public bool Has(string field) => _values.ContainsKey(field);

    /// <summary>A text that is not blank.</summary>
    public string Text(string field) =>
        Element(field) is { ValueKind: JsonValueKind.String } value && !string.IsNullOrWhiteSpace(value.GetString())
            ? value.GetString()!
            : throw Wrong(field, "it must be a text that is not blank");

    /// <summary>A text that need not be there.</summary>
    public string? OptionalText(string field) => _values.ContainsKey(field) ? Text(field) : null;

    /// <summary>A number, exactly as it is written.</summary>
    public decimal Number(string field) =>
        Element(field) is { ValueKind: JsonValueKind.Number } value && value.TryGetDecimal(out var number) && Math.Abs(number) <= Largest
            ? number
            : throw Wrong(field, $"it must be a number, of at most {Largest}");

    /// <summary>A whole number above zero.</summary>
    public int Count(string field) =>
        Element(field) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var number) && number > 0
            ? number
            : throw Wrong(field, "it must be a whole number above zero");

    /// <summary>A whole number from zero on.</summary>
    public int CountOrNone(string field) =>
        Element(field) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var number) && number >= 0
            ? number
            : throw Wrong(field, "it must be a whole number from zero on");

    /// <summary>True or false.</summary>
    public bool Flag(string field) => Element(field).ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(field, "it must be true or false"),
    };
}
