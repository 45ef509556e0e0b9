using System.Collections.Frozen;

namespace SyscallExplorer.Linux;

/// <summary>Names of values of which an argument is exactly one.</summary>
internal sealed class ValueNames
{
    private readonly string _unknown;
    private readonly FrozenDictionary<ulong, string> _names;

    private ValueNames(string unknown, IEnumerable<(string Name, ulong Value)> values)
    {
        _unknown = unknown;
        _names = values.ToFrozenDictionary(value => value.Value, value => value.Name);
    }

    /// <summary>Names with their values; <paramref name="unknown"/> is such as <c>SEEK_???</c>.</summary>
    public static ValueNames Of(string unknown, params (string Name, ulong Value)[] values) => new(unknown, values);

    /// <summary>Names of successive values; an empty name is a hole.</summary>
    public static ValueNames From(ulong first, string unknown, params string[] names) =>
        new(unknown, names.Select((name, index) => (name, first + (ulong)index)).Where(value => value.name.Length > 0));

    /// <summary>The same and more.</summary>
    public ValueNames With(params (string Name, ulong Value)[] more) => new(_unknown, _names.Select(value => (value.Value, value.Key)).Concat(more));

    /// <summary>The name of a value, or null.</summary>
    public string? Find(ulong value) => _names.GetValueOrDefault(value);

    /// <summary>Such as <c>SEEK_SET</c>, or <c>0x9 /* SEEK_??? */</c>.</summary>
    public string Format(ulong value) => Find(value) ?? $"{Hexadecimal(value)} /* {_unknown} */";

    private static string Hexadecimal(ulong value) => value == 0 ? "0" : $"0x{value:x}";
}
