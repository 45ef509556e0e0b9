using System.Text.Json.Nodes;

namespace SyscallExplorer;

/// <summary>What all figures have in common: colours that suit a light and a dark page, axes, arrays.</summary>
internal static class FigureParts
{
    public const string Transparent = "rgba(0,0,0,0)";
    public const string Ink = "#78828e";
    public const string Grid = "rgba(128,128,128,0.25)";

    /// <summary>The layout of stacked horizontal bars, the first one on top.</summary>
    public static JsonObject BarLayout(string title, string values, string bars, string series, int height) => new()
    {
        ["title"] = new JsonObject { ["text"] = Plain(title), ["x"] = 0, ["xanchor"] = "left", ["font"] = new JsonObject { ["size"] = 16 } },
        ["barmode"] = "stack",
        ["height"] = height,
        ["paper_bgcolor"] = Transparent,
        ["plot_bgcolor"] = Transparent,
        ["font"] = new JsonObject { ["color"] = Ink },
        ["xaxis"] = new JsonObject
        {
            ["title"] = new JsonObject { ["text"] = values },
            ["rangemode"] = "tozero",
            ["gridcolor"] = Grid,
            ["zerolinecolor"] = Grid,
            ["automargin"] = true,
        },
        ["yaxis"] = new JsonObject
        {
            ["title"] = new JsonObject { ["text"] = bars, ["standoff"] = 18 },
            ["autorange"] = "reversed",
            ["automargin"] = true,
        },
        ["legend"] = new JsonObject { ["title"] = new JsonObject { ["text"] = series }, ["traceorder"] = "normal" },
        ["margin"] = new JsonObject { ["t"] = 60, ["r"] = 20 },
    };

    /// <summary>One series of horizontal bars.</summary>
    public static JsonObject BarTrace(string name, string colour, JsonArray values, JsonArray labels) => new()
    {
        ["type"] = "bar",
        ["orientation"] = "h",
        ["name"] = name,
        ["x"] = values,
        ["y"] = labels,
        ["marker"] = new JsonObject { ["color"] = colour },
    };

    /// <summary>A layout whose title has a second line with the program and what it ran on, beside which the buttons of the figure have room.</summary>
    public static JsonObject ProgramLayout(string what, string program, LabInputs inputs, string values, string bars, string series, int height)
    {
        const int longest = 90;
        string shown = program.Length > longest ? program[..longest] + "..." : program;
        JsonObject layout = BarLayout(what, values, bars, series, height);
        layout["title"]!["text"] = $"{Plain(what)}<br><sub>{Plain(shown)} on {Plain(InputsLine.Of(inputs))}</sub>";
        layout["margin"] = new JsonObject { ["t"] = 80, ["r"] = 20 };
        return layout;
    }

    public static JsonArray Numbers(IEnumerable<double> values) => [.. values.Select(value => JsonValue.Create(value))];

    public static JsonArray Strings(IEnumerable<string> values) => [.. values.Select(value => JsonValue.Create(value))];

    /// <summary>Plotly reads a few tags in texts.</summary>
    public static string Plain(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal);
}
