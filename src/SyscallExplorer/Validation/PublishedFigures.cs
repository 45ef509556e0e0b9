using System.Globalization;
using Microsoft.VisualBasic.FileIO;

namespace SyscallExplorer;

/// <summary>Reads <c>data/published</c>.</summary>
public static class PublishedFigures
{
    private static readonly Lazy<IReadOnlyList<PublishedFigure>> _all = new(() => [.. Rows("paths").Select(Path), .. Rows("instructions").Select(Instruction)]);

    /// <summary>All of them, in the files' order.</summary>
    public static IReadOnlyList<PublishedFigure> All => _all.Value;

    private static PublishedPath Path(Row row)
    {
        double value = row.Number("value");

        // Ticks of the time-stamp counter are turned into time, and time into cycles of the core.
        (double low, double high) = row["unit"] switch
        {
            "ns" => (value * row.Number("clock_low"), value * row.Number("clock_high")),
            "ticks" => (value / row.Number("tick_ghz") * row.Number("clock_low"), value / row.Number("tick_ghz") * row.Number("clock_high")),
            _ => (value, value),
        };
        return new PublishedPath(
            row["id"], row["category"], row["family"], row["cpu"], row["part"], row["use"] == "fit", row.Source, row["url"], low, high,
            row["kernel"], row["generation"], row["command_line"], row["way"], row["call"]);
    }

    private static PublishedInstruction Instruction(Row row) => new(
        row["id"], row["category"], row["family"], row["cpu"], row["part"], row["use"] == "fit", row.Source, row["url"], row.Number("low"), row.Number("high"), row["code"]);

    private static IEnumerable<Row> Rows(string file)
    {
        using Stream stream = typeof(PublishedFigures).Assembly.GetManifestResourceStream($"published/{file}.csv")!;
        using var parser = new TextFieldParser(stream) { TextFieldType = FieldType.Delimited, Delimiters = [","] };
        string[] names = parser.ReadFields()!;
        var rows = new List<Row>();
        while (parser.ReadFields() is { } fields)
            rows.Add(new Row(names.Zip(fields).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal)));
        return rows;
    }

    private sealed record Row(Dictionary<string, string> Fields)
    {
        public string this[string name] => Fields[name];

        public string Source => this["year"] is { Length: > 0 } year && year != "n/a" ? $"{this["source"]} ({year})" : this["source"];

        public double Number(string name) => double.Parse(this[name], CultureInfo.InvariantCulture);
    }
}
