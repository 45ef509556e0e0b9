namespace SyscallExplorer.Notebooks;

/// <summary>What a cell can call without naming anything: <c>display(x)</c>, <c>x.Display()</c>, <c>HTML("...")</c>.</summary>
public static class NotebookDisplay
{
    /// <summary>Where shown values go. A process runs one notebook, and cells can only reach statics.</summary>
    internal static IDisplaySink? Sink { get; set; }

    /// <summary>Shows a value under the cell.</summary>
    /// <param name="value">The value; null shows as the word null.</param>
    /// <param name="mimeTypes">The media types to show it in; none means those that suit the value.</param>
    /// <returns>A handle that can show another value in the same place.</returns>
    public static DisplayedValue display(object? value, params string[] mimeTypes)
    {
        var shown = new DisplayedValue(mimeTypes);
        shown.Show(value);
        return shown;
    }

    /// <summary>Shows a value under the cell.</summary>
    /// <param name="value">The value; null shows as the word null.</param>
    /// <param name="mimeTypes">The media types to show it in; none means those that suit the value.</param>
    /// <returns>A handle that can show another value in the same place.</returns>
    public static DisplayedValue Display(this object? value, params string[] mimeTypes) => display(value, mimeTypes);

    /// <summary>Shows a text as what it is: <c>"# Title".DisplayAs("text/markdown")</c>.</summary>
    /// <param name="text">The text, already in that media type.</param>
    /// <param name="mimeType">The media type.</param>
    /// <returns>A handle that can show another text in the same place.</returns>
    public static DisplayedValue DisplayAs(this string text, string mimeType)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(mimeType);
        var shown = new DisplayedValue([]);
        shown.Show(new RawText(mimeType, text));
        return shown;
    }

    /// <summary>A text that is shown as HTML, not quoted.</summary>
    /// <param name="content">The HTML.</param>
    /// <returns>A value to display.</returns>
    public static object HTML(string content) => new RawText(MediaTypes.Html, content);
}

/// <summary>A text that already is in a media type.</summary>
internal sealed record RawText(string MediaType, string Text)
{
    public override string ToString() => Text;
}

/// <summary>Takes what a cell shows.</summary>
internal interface IDisplaySink
{
    /// <summary>Shows a value; with an identifier that was seen before, in the place of the earlier one.</summary>
    void Show(object? value, IReadOnlyList<string> mediaTypes, string displayId, bool isUpdate);
}
