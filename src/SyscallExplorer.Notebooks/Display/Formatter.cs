using System.Collections;
using System.Globalization;
using System.Net;

namespace SyscallExplorer.Notebooks;

/// <summary>Draws any value for a notebook.</summary>
internal static class Formatter
{
    private static readonly string[] s_rich = [MediaTypes.Html, MediaTypes.Plain];

    /// <summary>Draws a value in the media types asked for, or in those that suit it.</summary>
    internal static IReadOnlyList<MimeText> Format(object? value, IReadOnlyList<string> mediaTypes)
    {
        if (value is RawText raw)
            return [new MimeText(raw.MediaType, raw.Text)];
        if (value is not null && ConventionFormatters.Format(value, mediaTypes) is { } own)
            return own;
        if (value is not null && ChartFormatters.Html(value) is { } chart)
            return [new MimeText(MediaTypes.Html, chart)];
        if (mediaTypes.Count > 0)
            return [.. mediaTypes.Select(m => new MimeText(m, m == MediaTypes.Html ? Html(value) : m == MediaTypes.Plain ? Plain(value) : Scalar.Text(value)))];
        return value is null || Scalar.Is(value)
            ? [new MimeText(MediaTypes.Plain, Scalar.Text(value))]
            : [.. s_rich.Select(m => new MimeText(m, m == MediaTypes.Html ? Html(value) : Plain(value)))];
    }

    /// <summary>A value as HTML, for a place of its own or for a cell of a table.</summary>
    internal static string Html(object? value, int depth = 0)
    {
        if (value is RawText raw)
            return raw.MediaType == MediaTypes.Html ? raw.Text : $"<pre>{WebUtility.HtmlEncode(raw.Text)}</pre>";
        if (value is not null && ConventionFormatters.Format(value, [MediaTypes.Html]) is [var own])
            return own.Text;
        if (value is not null && ChartFormatters.Html(value) is { } chart)
            return chart;
        return Table.Of(value, depth) is { } table ? HtmlTable.Write(table, depth) : WebUtility.HtmlEncode(Scalar.Text(value));
    }

    /// <summary>A value as plain text, for a place of its own.</summary>
    internal static string Plain(object? value)
    {
        if (value is not null && ConventionFormatters.Format(value, [MediaTypes.Plain]) is [var own])
            return own.Text;
        return Table.Of(value, 0) is { } table ? TextTable.Write(table) : Scalar.Text(value);
    }

    /// <summary>A value in one line, for a cell of a text table.</summary>
    internal static string Line(object? value)
    {
        if (value is not null && ConventionFormatters.Format(value, [MediaTypes.Plain]) is [var own])
            return own.Text.ReplaceLineEndings(" ");
        if (value is not null && !Scalar.Is(value) && value is IEnumerable sequence)
            return $"[{string.Join(", ", Table.First(sequence, 20, out bool more).Select(Line))}{(more ? ", ..." : "")}]";
        return Scalar.Text(value).ReplaceLineEndings(" ");
    }
}

/// <summary>Values that are one word.</summary>
internal static class Scalar
{
    internal static bool Is(object value) =>
        value is string or IFormattable or bool or char or Type or Uri or Version or Delegate or Task or System.Reflection.MemberInfo
        || value.GetType().IsEnum;

    internal static bool IsNumber(object? value) =>
        value is sbyte or byte or short or ushort or int or uint or long or ulong or nint or nuint or float or double or decimal
            or Int128 or UInt128 or Half or System.Numerics.BigInteger;

    internal static string Text(object? value) => value switch
    {
        null => "null",
        string s => s,
        IFormattable f => f.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}
