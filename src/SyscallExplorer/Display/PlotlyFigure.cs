using System.Text.Json.Nodes;

namespace SyscallExplorer;

/// <summary>
/// A figure as plain data by the JSON schema of Plotly: what <c>Plotly.newPlot</c>, Plotly.NET and Plotly for Python read. Traces and layout may
/// be changed before the figure is shown.
/// </summary>
/// <param name="Data">The traces.</param>
/// <param name="Layout">The layout.</param>
/// <param name="Description">What the figure shows, in words, for those who do not see it.</param>
[TypeFormatterSource(typeof(ResultFormatterSource), PreferredMimeTypes = ["text/html", "text/plain"])]
public sealed record PlotlyFigure(JsonArray Data, JsonObject Layout, string Description)
{
    /// <summary>The figure as one JSON object with <c>data</c> and <c>layout</c>; equal figures give equal texts. It is safe inside a script element.</summary>
    public string ToJson() => $"{{\"data\":{Data.ToJsonString()},\"layout\":{Layout.ToJsonString()}}}";

    /// <summary>The figure as a piece of HTML. It draws with the page's plotly.js, and loads one from the network where there is none.</summary>
    public string ToHtml() => FigureHtml.Write(this);

    /// <summary>The description.</summary>
    public override string ToString() => Description;
}
