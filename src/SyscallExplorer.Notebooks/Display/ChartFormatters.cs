using System.Reflection;

namespace SyscallExplorer.Notebooks;

/// <summary>
/// The charts of Plotly.NET and XPlot, known by name: their own notebook packages need the kernel of .NET Interactive.
/// </summary>
internal static class ChartFormatters
{
    internal static string? Html(object value) => Draw(value) is { } html ? StableIds.Put(html) : null;

    private static string? Draw(object value)
    {
        for (Type? type = value.GetType(); type is not null; type = type.BaseType)
            switch (type.FullName)
            {
                case "Plotly.NET.GenericChart" or "Plotly.NET.GenericChart+GenericChart":
                    return PlotlyNet(type, value);
                case "XPlot.Plotly.PlotlyChart":
                    return type.GetMethod("GetInlineHtml", Type.EmptyTypes)?.Invoke(value, null) as string;
            }
        return null;
    }

    private static string? PlotlyNet(Type type, object value)
    {
        Type? module = type.Assembly.GetType("Plotly.NET.GenericChartModule") ?? type.DeclaringType ?? type;
        MethodInfo? html = module.GetMethod("toChartHTML", BindingFlags.Public | BindingFlags.Static);
        return html?.Invoke(null, [value]) as string;
    }
}
