using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace SyscallExplorer.Notebooks;

/// <summary>A value taken apart into rows and columns.</summary>
/// <param name="Columns">The heads; none for a list of single values.</param>
/// <param name="Rows">The values, a row of them for each element.</param>
/// <param name="Note">What is not shown, or null.</param>
internal sealed record Table(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<object?>> Rows, string? Note)
{
    private const int MaximumRows = 1000;
    private const int MaximumDepth = 4;

    /// <returns>The table, or null when the value is a single word or has no parts to show.</returns>
    internal static Table? Of(object? value, int depth)
    {
        if (value is null || Scalar.Is(value) || depth > MaximumDepth)
            return null;
        if (value is Exception e)
            return new Table(["type", "message"], [[e.GetType().FullName, e.Message]], null);
        if (value is IDictionary dictionary)
            return OfDictionary(dictionary);
        if (value is IEnumerable sequence)
            return OfSequence(sequence);
        Part[] parts = PartsOf(value.GetType());
        return parts.Length == 0 ? null : new Table([.. parts.Select(p => p.Name)], [[.. parts.Select(p => p.Read(value))]], null);
    }

    internal static List<object?> First(IEnumerable sequence, int maximum, out bool more)
    {
        var first = new List<object?>();
        more = false;
        foreach (object? item in sequence)
        {
            if (first.Count == maximum)
            {
                more = true;
                break;
            }
            first.Add(item);
        }
        return first;
    }

    private static Table OfDictionary(IDictionary dictionary)
    {
        var rows = new List<IReadOnlyList<object?>>();
        foreach (DictionaryEntry entry in dictionary)
        {
            if (rows.Count == MaximumRows)
                break;
            rows.Add([entry.Key, entry.Value]);
        }
        return new Table(["key", "value"], rows, Rest(dictionary.Count - rows.Count));
    }

    private static Table OfSequence(IEnumerable sequence)
    {
        List<object?> items = First(sequence, MaximumRows, out bool more);
        string? note = !more ? null : sequence is ICollection c ? Rest(c.Count - items.Count) : "more follow";
        Type? common = items.All(i => i is not null && !Scalar.Is(i) && i is not IEnumerable) ? items.Select(i => i!.GetType()).Distinct().Take(2).ToArray() is [var one] ? one : null : null;
        Part[] parts = common is null ? [] : PartsOf(common);
        return parts.Length == 0
            ? new Table([], [.. items.Select(i => new[] { i })], note)
            : new Table([.. parts.Select(p => p.Name)], [.. items.Select(i => parts.Select(p => p.Read(i!)).ToArray())], note);
    }

    private static string? Rest(int count) => count > 0 ? $"{count} more" : null;

    private static Part[] PartsOf(Type type)
    {
        if (typeof(ITuple).IsAssignableFrom(type) || type.IsPrimitive)
            return [.. type.GetFields(BindingFlags.Instance | BindingFlags.Public).Select(f => new Part(f.Name, f.GetValue))];
        IEnumerable<Part> properties = type.GetProperties(BindingFlags.Instance | BindingFlags.Public)
            .Where(p => p.GetMethod is { IsPublic: true } && p.GetIndexParameters().Length == 0 && !p.PropertyType.IsByRef && !p.PropertyType.IsByRefLike && !p.PropertyType.IsPointer)
            .Select(p => new Part(p.Name, o => p.GetValue(o, BindingFlags.DoNotWrapExceptions, null, null, null)));
        IEnumerable<Part> fields = type.GetFields(BindingFlags.Instance | BindingFlags.Public)
            .Where(f => !f.FieldType.IsByRefLike && !f.FieldType.IsPointer).Select(f => new Part(f.Name, f.GetValue));
        return [.. properties.Concat(fields)];
    }

    private sealed record Part(string Name, Func<object, object?> Get)
    {
        /// <summary>A getter that throws spoils its own cell of the table, not the whole.</summary>
        internal object? Read(object target)
        {
            try
            {
                return Get(target);
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                return $"({e.GetType().Name}: {e.Message})";
            }
        }
    }
}
