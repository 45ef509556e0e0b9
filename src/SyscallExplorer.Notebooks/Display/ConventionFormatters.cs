using System.Collections;
using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;

namespace SyscallExplorer.Notebooks;

/// <summary>
/// The formatters that a type names by the convention of .NET Interactive: an attribute called
/// <c>TypeFormatterSourceAttribute</c>, found by its name, whose class makes objects with <c>MimeType</c> and
/// <c>Format(object, TextWriter)</c>.
/// </summary>
internal static class ConventionFormatters
{
    private static readonly ConcurrentDictionary<Type, TypeFormatters?> s_known = new();

    /// <returns>The value in the media types that its type prefers, or null when the type names no formatters.</returns>
    internal static List<MimeText>? Format(object value, IReadOnlyList<string> mediaTypes)
    {
        if (s_known.GetOrAdd(value.GetType(), Find) is not { } formatters)
            return null;
        var bundle = new List<MimeText>();
        foreach (string mediaType in mediaTypes.Count > 0 ? mediaTypes : formatters.PreferredMediaTypes)
            if (formatters.Format(value, mediaType) is { } text)
                bundle.Add(new MimeText(mediaType, text));
        return bundle.Count > 0 ? bundle : null;
    }

    private static TypeFormatters? Find(Type type)
    {
        for (Type? t = type; t is not null; t = t.BaseType)
            if (Source(t) is { } found)
                return found;
        return type.GetInterfaces().Select(Source).FirstOrDefault(f => f is not null);
    }

    private static TypeFormatters? Source(Type type)
    {
        object? attribute = type.GetCustomAttributes(inherit: false).FirstOrDefault(a => a.GetType().Name == "TypeFormatterSourceAttribute");
        if (attribute is null || Property(attribute, "FormatterSourceType") is not Type sourceType)
            return null;
        string[] preferred = Property(attribute, "PreferredMimeTypes") as string[] ?? [MediaTypes.Html];
        object source = Activator.CreateInstance(sourceType)
            ?? throw new InvalidOperationException($"The formatter source {sourceType} of {type} cannot be made.");
        MethodInfo create = sourceType.GetMethod("CreateTypeFormatters", Type.EmptyTypes)
            ?? throw new InvalidOperationException($"The formatter source {sourceType} of {type} has no method CreateTypeFormatters().");
        return new TypeFormatters(preferred, [.. ((IEnumerable)Call(create, source)!).Cast<object>()]);
    }

    private static object? Property(object target, string name) =>
        target.GetType().GetProperty(name, BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)?.GetValue(target);

    private static object? Call(MethodInfo method, object target, params object[] arguments) =>
        method.Invoke(target, BindingFlags.DoNotWrapExceptions, null, arguments, CultureInfo.InvariantCulture);

    private sealed record TypeFormatters(string[] PreferredMediaTypes, object[] Formatters)
    {
        internal string? Format(object value, string mediaType)
        {
            foreach (object formatter in Formatters)
            {
                if (Property(formatter, "MimeType") as string != mediaType || Property(formatter, "Type") is Type t && !t.IsInstanceOfType(value))
                    continue;
                MethodInfo? format = formatter.GetType().GetMethod("Format", [typeof(object), typeof(TextWriter)]);
                if (format is null)
                    continue;
                using var writer = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
                if (Call(format, formatter, value, writer) is not false)
                    return writer.ToString();
            }
            return null;
        }
    }
}
