using System.Text;

namespace SyscallExplorer.Notebooks;

/// <summary>Something that came out of a cell.</summary>
public abstract record CellOutput;

/// <summary>Text written to a console stream.</summary>
public sealed record TextOutput : CellOutput
{
    private readonly StringBuilder _text;

    internal TextOutput(string stream, string text)
    {
        Stream = stream;
        _text = new StringBuilder(text);
    }

    /// <summary><c>stdout</c> or <c>stderr</c>.</summary>
    public string Stream { get; }

    /// <summary>The text.</summary>
    public string Text => _text.ToString();

    internal void Append(string text) => _text.Append(text);
}

/// <summary>A value that was shown.</summary>
/// <param name="Bundle">The value in one or more media types.</param>
/// <param name="IsResult">Whether it is the value of the cell's last expression.</param>
public sealed record ValueOutput(IReadOnlyList<MimeText> Bundle, bool IsResult) : CellOutput
{
    /// <returns>The value in a media type, or null.</returns>
    /// <param name="mediaType">The media type.</param>
    public string? In(string mediaType) => Bundle.FirstOrDefault(b => b.MediaType == mediaType)?.Text;
}

/// <summary>The failure of the cell.</summary>
/// <param name="Name">The kind of failure.</param>
/// <param name="Value">What happened.</param>
/// <param name="Traceback">The lines to show.</param>
public sealed record ErrorOutput(string Name, string Value, IReadOnlyList<string> Traceback) : CellOutput;
