#pragma warning disable IDE0130 // The namespace is what the real library is known by.
namespace XPlot.Plotly;

/// <summary>Stands for the chart of XPlot.</summary>
public sealed class PlotlyChart
{
    public string GetInlineHtml() => "<div>chart</div>";
}
